"""Tests whole tasks that are told to stop, in virtual time."""

import asyncio
import subprocess
import sys

import pytest

from tests.faults.deaths import Life, World
from tests.virtual import run
from thumbrun.errors import InterruptedRunError, SettingsError
from thumbrun.ledger.reader import SHARDS_A_PAGE
from thumbrun.storage.memory import MemoryStore
from thumbrun.task.runner import GRACE_SECONDS, WRITE_DOWN_SECONDS

IMAGES = 40
DECODERS = {"PIL", "pi_heif", "isal", "kornia_rs", "numpy"}
LOADED = f"import sys, thumbrun.cli, thumbrun.task.runner; sys.exit(bool({DECODERS} & set(sys.modules)))"


def test_a_task_loads_no_decoder() -> None:
    """A task loads no decoder, so it starts fast and saves memory; only decoding processes load them."""
    subprocess.run([sys.executable, "-c", LOADED], check=True)


class Silent(MemoryStore):
    """A store that can fall silent: from then on it answers no request."""

    silent = False

    async def _request(self) -> None:
        if self.silent:
            await asyncio.Event().wait()
        await super()._request()


async def stopped_after(opened: int) -> tuple[World, asyncio.Task[object]]:
    """Tell a task to stop once it has opened a number of images; return the world and the ended task."""
    world = World(1, in_flight=4)
    world.put({f"{number:03}.jpg": b"image %d" % number for number in range(IMAGES)})
    stop = asyncio.Event()
    running: asyncio.Task[object] = asyncio.ensure_future(world.runner(0, 0, Life()).run(stop))
    while len(world.opened[0, 0]) < opened:  # noqa: ASYNC110  (virtual time, which nothing else tells)
        await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait({running})
    return world, running


def test_what_is_cut_short_is_written_down() -> None:
    """A task that is stopped raises InterruptedRunError, and the ledger holds every image that it had begun."""

    async def scenario() -> None:
        world, running = await stopped_after(20)
        with pytest.raises(InterruptedRunError):
            running.result()
        outcomes = await world.outcomes()
        assert 20 <= len(outcomes) < IMAGES
        assert len(outcomes) == len(world.opened[0, 0])

    run(scenario())


def test_a_task_that_ends_within_its_grace_has_ended_well() -> None:
    """A task that is told to stop during its last images finishes them and the run."""

    async def scenario() -> None:
        world, running = await stopped_after(IMAGES)
        report = running.result()
        assert IMAGES == len(await world.outcomes())
        assert IMAGES == report.run.done  # type: ignore[attr-defined]

    run(scenario())


def test_a_task_hands_back_in_time_though_the_store_is_silent() -> None:
    """A stopped task ends within its grace and its time to write down, even if the store answers nothing any more."""

    async def scenario() -> None:
        store = Silent("b")
        world = World(1, in_flight=4, store=store)
        world.put({f"{number:03}.jpg": b"image %d" % number for number in range(IMAGES)})
        stop = asyncio.Event()
        running = asyncio.ensure_future(world.runner(0, 0, Life()).run(stop))
        while len(world.opened[0, 0]) < IMAGES // 2:  # noqa: ASYNC110  (virtual time, which nothing else tells)
            await asyncio.sleep(0.01)
        store.silent = True
        stop.set()
        told = asyncio.get_running_loop().time()
        await asyncio.wait({running})
        assert GRACE_SECONDS <= asyncio.get_running_loop().time() - told <= GRACE_SECONDS + WRITE_DOWN_SECONDS + 0.001
        with pytest.raises(InterruptedRunError):
            running.result()

    run(scenario())


async def ended(world: World) -> list[BaseException | None]:
    """Run two tasks to their ends, and return their errors."""
    world.put({"a.jpg": b"image"})
    runs = (world.runner(index, 0, Life()).run(asyncio.Event()) for index in range(2))
    found = await asyncio.gather(*runs, return_exceptions=True)
    return [one if isinstance(one, BaseException) else None for one in found]


@pytest.mark.parametrize("is_confined", [True, False])
def test_a_run_that_is_not_confined_warns_once(is_confined: bool) -> None:
    """One task of a run warns if the system confines no decoding process, and the run goes on."""

    async def scenario() -> None:
        world = World(1, tasks=2, is_confined=is_confined)
        assert [None, None] == await ended(world)
        assert ([] if is_confined else ["not-confined"]) == world.warnings
        assert 1 == len(await world.outcomes())

    run(scenario())


@pytest.mark.parametrize("is_confined", [True, False])
def test_a_run_can_require_confinement(is_confined: bool) -> None:
    """With require-sandbox no task works unconfined: each refuses as for wrong settings, and writes nothing."""

    async def scenario() -> None:
        world = World(1, tasks=2, is_confined=is_confined, environ={"THUMBRUN_REQUIRE_SANDBOX": "yes"})
        errors = await ended(world)
        if is_confined:
            assert [None, None] == errors
        else:
            assert [SettingsError, SettingsError] == [type(error) for error in errors]
            assert 2 == SettingsError.exit_code
            assert ["in/a.jpg"] == list(world.store.objects)

    run(scenario())


@pytest.mark.parametrize("shards", [40, 400])
def test_a_task_knows_how_far_the_run_is_if_it_listed_the_ledger(shards: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that ends first knows the outcomes so far where one page showed all; the one that ends last knows all."""
    monkeypatch.setattr("thumbrun.planning.shards.SHARDS_A_TASK", shards // 2)

    async def scenario() -> None:
        world = World(1, tasks=2)
        world.put({f"{number:03}.jpg": b"image %d" % number for number in range(shards)})
        first, second = [await world.runner(index, 0, Life()).run(asyncio.Event()) for index in range(2)]
        assert [shards] * 2 == [first.planned, second.planned]
        assert first.run is None
        assert (first.own if shards <= SHARDS_A_PAGE else None) == first.so_far
        assert (shards, None) == (second.run.items if second.run else 0, second.so_far)

    run(scenario())
