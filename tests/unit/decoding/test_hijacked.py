"""A decoder that is taken over costs its own image, and never the task or another image."""

import asyncio
from pathlib import Path

import psutil
import pytest

from tests.unit.decoding import hijack
from tests.unit.decoding.hijack import FLOODS, PAYLOADS, evil
from tests.unit.decoding.test_confine import FILTERED
from tests.unit.imaging.gate import processes
from tests.unit.imaging.samples import photograph, request, running, verdict
from thumbrun.decoding import launcher
from thumbrun.imaging.request import Refused, Rendered
from thumbrun.outcomes import Reason
from thumbrun.storage.local.store import LocalStore


@pytest.fixture(autouse=True)
def _payloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let images of these tests take their decoders over."""
    monkeypatch.setattr(launcher, "_COMMAND", hijack.command())


@pytest.mark.quick(one_in=16)
@pytest.mark.parametrize("name", PAYLOADS)
async def test_what_is_no_answer_costs_its_image(name: str) -> None:
    """The task kills a process whose answer breaks a rule; its image has crashed, and the next ones are done."""
    asked = request(memory=1 << 30)
    async with running() as pool:
        before = processes()
        found = await verdict(pool, evil(photograph(), name), asked)
        assert isinstance(found, Refused)
        assert Reason.CRASHED is found.reason
        assert isinstance(await verdict(pool, photograph(), asked), Rendered)
        assert before != processes()


async def test_a_local_file_stays_as_it_is(tmp_path: Path) -> None:
    """A decoder that is taken over gets a local file itself, and can change nothing about it."""
    path = tmp_path / "a.jpg"
    path.write_bytes(evil(photograph(noise=True), "writes to files"))
    before, content = path.stat(), path.read_bytes()
    store = LocalStore(str(tmp_path))
    (entry,) = (await store.page("")).entries
    async with running() as pool:
        body = pool.body(entry.size)
        await store.read("a.jpg", body, generation=entry.generation)
        found = await pool.render(body, request())
        assert isinstance(found, Refused)
        assert Reason.CRASHED is found.reason
        assert not body.has_changed()
        body.close()
    after = path.stat()
    assert content == path.read_bytes()
    assert (before.st_mtime_ns, before.st_ctime_ns, before.st_mode) == (
        after.st_mtime_ns,
        after.st_ctime_ns,
        after.st_mode,
    )
    await store.close()


async def test_what_is_no_answer_costs_no_neighbour() -> None:
    """Images that were handed over together with one that takes the decoder over get their own thumbnails."""
    contents = [photograph(40), evil(photograph(45), "needs infinity"), photograph(50), photograph(60)]
    async with running() as pool:
        found = await asyncio.gather(*(verdict(pool, content, request()) for content in contents))
    assert [40, None, 50, 60] == [one.width if isinstance(one, Rendered) else None for one in found]


@pytest.mark.parametrize("name", FLOODS)
async def test_bytes_that_nobody_asked_for_end_the_process(name: str) -> None:
    """The task kills a process that goes on talking after its answer, and holds no more than a chunk of it."""
    async with running() as pool:
        (process,) = processes()
        (decoding,) = pool._processes
        assert isinstance(await verdict(pool, evil(photograph(), name), request()), Rendered)
        channel = decoding._channel
        await asyncio.to_thread(psutil.wait_procs, [process])
        assert channel is not None
        assert not channel.is_open
        assert len(channel._received) <= 1 << 17
        assert isinstance(await verdict(pool, photograph(), request()), Rendered)


@FILTERED
@pytest.mark.parametrize("filtered", [True, False])
async def test_the_pool_knows_whether_its_processes_are_confined(
    filtered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process tells when it starts whether the kernel took its filter."""
    if not filtered:
        monkeypatch.setattr(launcher, "_COMMAND", hijack.unconfined())
    async with running(2) as pool:
        assert filtered is pool.is_confined
