"""Decoding processes: whatever becomes of one, every image gets its verdict."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest
from PIL import Image

from tests.unit.imaging.samples import (
    bomb,
    filled,
    photograph,
    request,
    running,
    slow,
    slow_and_small,
    verdict,
)
from thumbrun.decoding import protocol
from thumbrun.decoding.body import IN_MEMORY
from thumbrun.decoding.pool import DecoderPool, DecoderPoolError
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered
from thumbrun.outcomes import Reason

MEMORY = 256 << 20


def processes() -> list[psutil.Process]:
    """Return the decoding processes of this one: those below the fork server."""
    below = psutil.Process().children(recursive=True)
    return [process for process in below if process.ppid() != os.getpid()]


def asked_together(workers: DecoderPool, contents: list[bytes]) -> list[asyncio.Future[protocol.Verdict]]:
    """Ask for thumbnails of images that are handed over together; the slow one's is so large that it takes long."""
    large = request(width=12_000, height=12_000)
    assert max(map(len, contents)) <= IN_MEMORY
    return [
        asyncio.ensure_future(verdict(workers, content, large if content == slow_and_small() else request()))
        for content in contents
    ]


async def busy() -> psutil.Process:
    """Wait until a decoding process decodes, and return it."""
    before = {process.pid: sum(process.cpu_times()[:2]) for process in processes()}
    while True:
        for process in processes():
            if sum(process.cpu_times()[:2]) > before.get(process.pid, 0.0) + 0.05:
                return process
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("content", [photograph(), photograph(1000, noise=True)], ids=["in memory", "in a file"])
async def test_renders(content: bytes) -> None:
    """A thumbnail comes back with its size and its source's."""
    async with running() as workers:
        rendered = await verdict(workers, content, request())
    assert isinstance(rendered, Rendered)
    assert (100, 100, "jpeg") == (rendered.width, rendered.height, rendered.source_format)
    assert (100, 100) == Image.open(io.BytesIO(rendered.data)).size


async def test_many_at_once() -> None:
    """More images than processes wait for their turn, and each gets its own thumbnail."""
    sides = list(range(20, 60))
    async with running(2) as workers:
        rendered = await asyncio.gather(*(verdict(workers, photograph(side), request()) for side in sides))
    assert sides == [found.width for found in rendered if isinstance(found, Rendered)]


async def test_who_waits_longest_is_served_first() -> None:
    """No image waits while later ones are rendered one after the other."""
    order: list[str] = []

    async def lane(name: str, count: int) -> None:
        for _ in range(count):
            await verdict(workers, photograph(), request())
            order.append(name)

    async with running() as workers:
        await asyncio.gather(lane("first", 20), lane("second", 1), lane("third", 1))
    assert {"second", "third"} <= set(order[:4])


async def test_the_same_body_again() -> None:
    """A body that is rendered a second time, with more memory, is read from its start again."""
    async with running() as workers:
        body = filled(workers, photograph(1000, noise=True))
        wanted = await workers.render(body, request(memory=1))
        assert isinstance(wanted, NeedsMemory)
        rendered = await workers.render(body, request(memory=wanted.bytes))
        body.close()
    assert isinstance(rendered, Rendered)


async def test_small_ones_together_get_each_its_own_verdict() -> None:
    """Of images that are handed over together, one may be none, another want more memory, a third be in a file."""
    asked = [
        (photograph(40), request()),
        (b"no image", request()),
        (photograph(50), request(memory=1)),
        (photograph(60), request(max_pixels=10)),
        (photograph(500, noise=True), request(width=50, height=50)),
    ] * 4
    assert len(asked[4][0]) > IN_MEMORY
    async with running() as workers:
        found = await asyncio.gather(*(verdict(workers, content, wanted) for content, wanted in asked))
    assert [(40, 40), None, None, None, (50, 50)] * 4 == [
        (one.width, one.height) if isinstance(one, Rendered) else None for one in found
    ]
    assert {1} == {number % 5 for number, one in enumerate(found) if getattr(one, "reason", "") == Reason.UNREADABLE}
    assert {2} == {number % 5 for number, one in enumerate(found) if isinstance(one, NeedsMemory)}


async def test_a_death_of_one_of_several_is_that_ones() -> None:
    """Where a process dies of one of those that were handed over together, the others are rendered all the same."""
    contents = [photograph(40), photograph(50), slow_and_small(), photograph(60), photograph(70)]
    async with running() as workers:
        pending = asked_together(workers, contents)
        (await busy()).kill()
        await pending[0]  # nobody knew yet which it was, so that all are done again
        (await busy()).kill()
        found = await asyncio.gather(*pending)
    assert [40, 50, None, 60, 70] == [one.width if isinstance(one, Rendered) else None for one in found]
    assert Refused(Reason.CRASHED, "the decoding process died of SIGKILL") == found[2]


@pytest.mark.alone
async def test_one_of_several_that_takes_too_long() -> None:
    """Only the image that takes too long alone is given up."""
    contents = [photograph(40), slow_and_small(), photograph(60)]
    async with running(limit=0.5) as workers:
        found = await asyncio.gather(*asked_together(workers, contents))
    assert [40, None, 60] == [one.width if isinstance(one, Rendered) else None for one in found]
    assert Refused(Reason.TIMEOUT, "decoding took longer than 0.5 s") == found[1]


@pytest.mark.alone
async def test_each_of_several_has_the_time_of_one() -> None:
    """Images that are handed over together may take longer together than one may: no process is killed for it."""
    content, large = bomb(8_000, bits=1, level=9), request(width=8_000, height=8_000)
    async with running(limit=1.0) as workers:
        before = processes()
        found = await asyncio.gather(*(verdict(workers, content, large) for _ in range(8)))  # some two seconds
        assert [Rendered] * 8 == [type(one) for one in found]
        assert before == processes()
        assert len(content) <= IN_MEMORY // 8


async def test_one_of_several_that_nobody_wants_any_more() -> None:
    """The process is killed, and the others that it had are rendered by the next."""
    contents = [photograph(40), slow_and_small(), photograph(60)]
    async with running() as workers:
        pending = asked_together(workers, contents)
        process = await busy()
        pending[1].cancel()
        found = await asyncio.gather(pending[0], pending[2])
        assert [Rendered] * 2 == [type(one) for one in found]
        assert pending[1].cancelled()
        assert process not in processes()


async def test_no_process_takes_the_others_share() -> None:
    """What waits is shared out: two slow images at once have a process each."""
    async with running(2) as workers:
        pending = asked_together(workers, [slow_and_small()] * 2)
        before = {process.pid: sum(process.cpu_times()[:2]) for process in processes()}
        await asyncio.gather(*pending)
        taken = [sum(process.cpu_times()[:2]) - before[process.pid] for process in processes()]
    assert sum(seconds > 0.1 for seconds in taken) == 2


@pytest.mark.parametrize("signal_", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
async def test_a_death_is_one_images(signal_: signal.Signals) -> None:
    """A process that dies of its image costs that image, and the next is rendered."""
    async with running() as workers:
        pending = asyncio.ensure_future(verdict(workers, slow(), request()))
        (await busy()).send_signal(signal_)
        found = await pending
        after = await verdict(workers, photograph(), request())
    assert Refused(Reason.CRASHED, f"the decoding process died of {signal_.name}") == found
    assert isinstance(after, Rendered)


async def test_a_death_costs_no_bystander() -> None:
    """What another process is decoding, and what waits, is rendered all the same."""
    async with running(2) as workers:
        doomed = asyncio.ensure_future(verdict(workers, slow(), request()))
        process = await busy()
        others = [asyncio.ensure_future(verdict(workers, photograph(side), request())) for side in range(20, 60)]
        process.kill()
        assert Reason.CRASHED == getattr(await doomed, "reason", None)
        assert all(isinstance(found, Rendered) for found in await asyncio.gather(*others))


async def test_a_death_between_two_images() -> None:
    """A process that dies while it has nothing to do costs no image."""
    async with running() as workers:
        (process,) = processes()
        process.kill()
        psutil.wait_procs([process], timeout=10)
        assert isinstance(await verdict(workers, photograph(), request()), Rendered)


async def test_sigterm_blames_no_image() -> None:
    """SIGTERM to all processes of the task ends one that decodes; the image is not to blame and is done again."""
    async with running() as workers:
        pending = asyncio.ensure_future(verdict(workers, slow(), request()))
        (await busy()).terminate()
        assert isinstance(await pending, Rendered)


async def test_the_fork_servers_death_blames_no_image() -> None:
    """A fork server that is gone is started again, and nothing is lost."""
    async with running() as workers:
        pending = asyncio.ensure_future(verdict(workers, slow(), request()))
        process = await busy()
        server = process.parent()
        assert server is not None
        server.kill()
        process.kill()
        assert isinstance(await pending, Rendered)
        assert isinstance(await verdict(workers, photograph(), request()), Rendered)


async def test_time_limit() -> None:
    """What takes too long is given up, and the process with it."""
    async with running(limit=0.2) as workers:
        found = await verdict(workers, slow(), request())
        after = await verdict(workers, photograph(), request())
    assert Refused(Reason.TIMEOUT, "decoding took longer than 0.2 s") == found
    assert isinstance(after, Rendered)


async def test_waiting_does_not_count() -> None:
    """The time limit runs from when a process takes an image up, not from when it is asked for."""
    async with running(limit=0.4) as workers:
        first = asyncio.ensure_future(verdict(workers, slow(), request()))
        second = asyncio.ensure_future(verdict(workers, photograph(), request()))
        assert Reason.TIMEOUT == getattr(await first, "reason", None)
        assert isinstance(await second, Rendered)


async def test_memory_limit() -> None:
    """A picture larger than the process may grow, allowed by its request, is out of memory; the process lives on."""
    async with running(memory=64 << 20) as workers:
        before = processes()
        found = await verdict(workers, slow(), request())
        assert isinstance(found, Refused)
        assert Reason.OUT_OF_MEMORY == found.reason
        assert found.detail.endswith("bytes, the process may have 67,108,864")
        assert isinstance(await verdict(workers, photograph(), request()), Rendered)
        assert before == processes()


async def test_declared_memory() -> None:
    """A header that declares more than the request allows says how much it takes; nothing is decoded."""
    async with running() as workers:
        found = await verdict(workers, slow(), request(memory=MEMORY))
    assert isinstance(found, NeedsMemory)
    assert 25_600**2 <= found.bytes < 2 * 25_600**2


async def test_cancelled() -> None:
    """Whoever no longer wants an image need not wait for it, and the next is rendered."""
    async with running() as workers:
        pending = asyncio.ensure_future(verdict(workers, slow(), request()))
        process = await busy()
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending
        assert isinstance(await verdict(workers, photograph(), request()), Rendered)
        assert process not in processes()


async def test_interrupt_is_the_tasks_own_affair() -> None:
    """Ctrl-C, which reaches every process of a terminal, leaves decoding processes alone."""
    async with running() as workers:
        before = processes()
        for process in before:
            process.send_signal(signal.SIGINT)
        assert isinstance(await verdict(workers, photograph(), request()), Rendered)
        assert before == processes()


async def test_closing_leaves_nothing() -> None:
    """After close there is no decoding process, and asking for one is an error."""
    async with running() as workers:
        pass
    assert [] == processes()
    await workers.close()
    with pytest.raises(DecoderPoolError):
        await verdict(workers, photograph(), request())


async def test_closing_in_the_middle() -> None:
    """Who waits for a thumbnail when the processes are stopped gets an error, not a verdict on the image."""
    async with running() as workers:
        pending = [asyncio.ensure_future(verdict(workers, slow(), request())) for _ in range(3)]
        await busy()
        await workers.close()
        found = await asyncio.gather(*pending, return_exceptions=True)
    assert [DecoderPoolError] * 3 == [type(one) for one in found]
    assert [] == processes()


async def test_memory_is_given_back() -> None:
    """After a giant a process is about as small as before."""
    async with running() as workers:
        await verdict(workers, photograph(), request())
        (process,) = processes()
        before = process.memory_info().rss
        assert isinstance(await verdict(workers, bomb(12_800), request()), Rendered)
        assert process.memory_info().rss < before + (24 << 20)


PARENT = """
import asyncio, sys
from tests.unit.imaging.samples import filled, request, slow
from thumbrun.decoding.pool import Workers

async def main():
    workers = Workers(2, timeout=60.0, memory=2 << 30)
    await workers.start()
    print("started", flush=True)
    await workers.render(filled(workers, slow()), request())

asyncio.run(main())
"""


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGTERM])
def test_they_die_with_the_task(signal_: signal.Signals) -> None:
    """However the task ends, its processes end, the one that decodes, the one that waits, and the fork server."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert b"started\n" == parent.stdout.readline()
        below = psutil.Process(parent.pid).children(recursive=True)
        assert 3 == len(below)  # fork server, two that decode
        parent.send_signal(signal_)
    _, alive = psutil.wait_procs(below, timeout=10)
    assert [] == alive


SCRIPT = """
import asyncio
from tests.unit.imaging.samples import filled, photograph, request
from thumbrun.decoding.pool import Workers

print("imported")

async def main():
    workers = Workers(1, timeout=60.0, memory=2 << 30)
    await workers.start()
    print(type(await workers.render(filled(workers, photograph()), request())).__name__)
    await workers.close()

if __name__ == "__main__":
    asyncio.run(main())
"""


def by_path(folder: str) -> list[str]:
    """Start the script as `python process.py` does."""
    return [f"{folder}/script.py"]


def by_module(folder: str) -> list[str]:
    """Start the script as `python -m` does."""
    del folder
    return ["-m", "script"]


@pytest.mark.parametrize("start", [by_path, by_module])
def test_the_main_script_runs_once(start: Callable[[str], list[str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """However the task was started, its processes do not import its main script."""
    folder = str(tmp_path_factory.mktemp("main"))
    with open(f"{folder}/script.py", "w") as file:  # noqa: PTH123
        file.write(SCRIPT)
    path = os.pathsep.join([os.getcwd(), folder])  # noqa: PTH109
    ended = subprocess.run(
        [sys.executable, *start(folder)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ("imported\nRendered\n", "") == (ended.stdout, ended.stderr)


@pytest.mark.alone
async def test_start_does_not_hold_up_the_loop() -> None:
    """While the processes start, everything else goes on."""
    longest = 0.0
    starting = asyncio.ensure_future(_started_and_closed())
    last = time.monotonic()
    while not starting.done():
        await asyncio.sleep(0)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    await starting
    assert longest < 0.1


async def _started_and_closed() -> None:
    async with running(2):
        pass
