"""The pool gives every image its verdict, whatever happens to a decoding process."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pillow_heif
import psutil
import pytest
from PIL import Image

from tests.unit.imaging import gate
from tests.unit.imaging.gate import StandingTime, gated, processes, stopped
from tests.unit.imaging.samples import (
    bomb,
    filled,
    photograph,
    request,
    running,
    slow,
    verdict,
)
from thumbrun.decoding import launcher, protocol
from thumbrun.decoding.body import IN_MEMORY
from thumbrun.decoding.pool import DecoderPool, DecoderPoolError
from thumbrun.decoding.tries import Countdown, Tries
from thumbrun.environment.machine import Machine
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Took
from thumbrun.outcomes import Reason
from thumbrun.settings.resolved import resolve
from thumbrun.task.admission import share

MEMORY = 256 << 20
TOO_LONG = "decoding took longer than --image-timeout / THUMBRUN_IMAGE_TIMEOUT"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="SECURITY.md: Linux only")


# A process stops at each of them until the test lets it go on; the pool can hand the small one over with others.
WAITING, WAITING_AND_SMALL = gated(photograph(1000, noise=True)), gated(photograph(45))


@pytest.fixture(autouse=True)
def gates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the processes of these tests stop at gated images."""
    monkeypatch.setattr(launcher, "_COMMAND", gate.command())


def asked_together(pool: DecoderPool, contents: list[bytes]) -> list[asyncio.Future[protocol.Verdict]]:
    """Ask for thumbnails of images that the pool hands over together."""
    assert max(map(len, contents)) <= IN_MEMORY
    return [asyncio.ensure_future(verdict(pool, content, request())) for content in contents]


@pytest.mark.parametrize("content", [photograph(), photograph(1000, noise=True)], ids=["in memory", "in a file"])
async def test_renders(content: bytes) -> None:
    """A rendered thumbnail has its own size and its source's format."""
    async with running() as pool:
        rendered = await verdict(pool, content, request())
    assert isinstance(rendered, Rendered)
    assert (100, 100, "jpeg") == (rendered.width, rendered.height, rendered.source_format)
    assert (100, 100) == Image.open(io.BytesIO(rendered.data)).size


async def test_many_at_once() -> None:
    """Each of more images than processes waits for its turn and gets its own thumbnail."""
    sides = list(range(20, 60))
    async with running(2) as pool:
        rendered = await asyncio.gather(*(verdict(pool, photograph(side), request()) for side in sides))
    assert sides == [found.width for found in rendered if isinstance(found, Rendered)]


async def test_who_waits_longest_is_served_first() -> None:
    """The pool renders the image that waits longest before later ones."""
    order: list[str] = []

    async def lane(name: str, count: int) -> None:
        for _ in range(count):
            await verdict(pool, photograph(), request())
            order.append(name)

    async with running() as pool:
        await asyncio.gather(lane("first", 20), lane("second", 1), lane("third", 1))
    assert {"second", "third"} <= set(order[:4])


async def test_the_same_body_again() -> None:
    """A process reads a body from its start again when it gets more memory."""
    async with running() as pool:
        body = filled(pool, photograph(1000, noise=True))
        wanted = await pool.render(body, request(memory=1))
        assert isinstance(wanted, NeedsMemory)
        rendered = await pool.render(body, request(memory=wanted.bytes))
        body.close()
    assert isinstance(rendered, Rendered)


async def test_small_ones_together_get_each_its_own_verdict() -> None:
    """Images that are handed over together get their own verdicts, whether broken, too large or in a file."""
    asked = [
        (photograph(40), request()),
        (b"no image", request()),
        (photograph(50), request(memory=1)),
        (photograph(60), request(max_pixels=10)),
        (photograph(500, noise=True), request(width=50, height=50)),
    ] * 4
    assert len(asked[4][0]) > IN_MEMORY
    async with running() as pool:
        found = await asyncio.gather(*(verdict(pool, content, wanted) for content, wanted in asked))
    assert [(40, 40), None, None, None, (50, 50)] * 4 == [
        (one.width, one.height) if isinstance(one, Rendered) else None for one in found
    ]
    assert {1} == {number % 5 for number, one in enumerate(found) if getattr(one, "reason", "") == Reason.UNREADABLE}
    assert {2} == {number % 5 for number, one in enumerate(found) if isinstance(one, NeedsMemory)}


async def test_a_death_of_one_of_several_is_that_ones() -> None:
    """The pool renders the other images if a process dies of one of several."""
    contents = [photograph(40), photograph(50), WAITING_AND_SMALL, photograph(60), photograph(70)]
    async with running() as pool:
        pending = asked_together(pool, contents)
        (process,) = await stopped()
        process.kill()
        await pending[0]  # nobody knew which image it was, so the pool retries all
        (process,) = await stopped()
        process.kill()
        found = await asyncio.gather(*pending)
    assert [40, 50, None, 60, 70] == [one.width if isinstance(one, Rendered) else None for one in found]
    assert Refused(Reason.CRASHED, "the decoding process was killed by SIGKILL") == found[2]


async def test_one_of_several_that_takes_too_long() -> None:
    """Only the image that takes too long alone gets a timeout."""
    contents = [photograph(40), WAITING_AND_SMALL, photograph(60)]
    async with running(limit=0.5) as pool:
        time_ = StandingTime()
        pending = asked_together(pool, contents)
        for _ in ("together", "alone"):
            (process,) = await stopped()
            time_.go_on(0.5)
            await ended(process)
        found = await asyncio.gather(*pending)
    assert [40, None, 60] == [one.width if isinstance(one, Rendered) else None for one in found]
    assert Refused(Reason.TIMEOUT, f"{TOO_LONG} (0.5 s)") == found[1]


async def test_each_of_several_has_the_time_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of several images has the full time limit, so the pool kills no process for their sum."""
    answered = asyncio.Semaphore(0)
    restart = Countdown.restart

    def restarted(limit: Countdown, seconds: float) -> None:
        restart(limit, seconds)
        answered.release()

    monkeypatch.setattr(Countdown, "restart", restarted)
    async with running(limit=1.0) as pool:
        time_ = StandingTime()
        before = processes()
        pending = asked_together(pool, [WAITING_AND_SMALL] * 8)
        for left in reversed(range(len(pending))):
            (decoding,) = await stopped()
            await asyncio.to_thread(time.sleep, 0.1)  # so long that its answer does not wait for the next one's
            time_.go_on(0.9)
            await asyncio.sleep(0)
            decoding.resume()
            if left:
                await answered.acquire()
        assert [Rendered] * 8 == [type(one) for one in await asyncio.gather(*pending)]
        assert before == processes()
        assert len(WAITING_AND_SMALL) <= IN_MEMORY // 8


async def test_one_of_several_that_nobody_wants_any_more() -> None:
    """The pool kills the process of a cancelled image, and the next process renders its other images."""
    contents = [photograph(40), WAITING_AND_SMALL, photograph(60)]
    async with running() as pool:
        pending = asked_together(pool, contents)
        (process,) = await stopped()
        pending[1].cancel()
        found = await asyncio.gather(pending[0], pending[2])
        assert [Rendered] * 2 == [type(one) for one in found]
        assert pending[1].cancelled()
        assert process not in processes()


async def test_no_process_takes_the_others_share() -> None:
    """The pool shares waiting images out, so that each of two processes gets one of two."""
    async with running(2) as pool:
        pending = asked_together(pool, [WAITING_AND_SMALL] * 2)
        for process in await stopped(2):
            process.resume()
        assert [Rendered] * 2 == [type(one) for one in await asyncio.gather(*pending)]


async def ended(process: psutil.Process) -> None:
    """Wait until a process is gone."""
    while process.is_running():
        await asyncio.to_thread(time.sleep, 0.005)


@pytest.mark.parametrize("signal_", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
async def test_a_death_is_one_images(signal_: signal.Signals) -> None:
    """A process that dies of its image costs only that image."""
    async with running() as pool:
        pending = asyncio.ensure_future(verdict(pool, WAITING, request()))
        (process,) = await stopped()
        process.send_signal(signal_)
        process.resume()
        found = await pending
        after = await verdict(pool, photograph(), request())
    assert Refused(Reason.CRASHED, f"the decoding process was killed by {signal_.name}") == found
    assert isinstance(after, Rendered)


async def test_a_death_costs_no_bystander() -> None:
    """The death of one process costs neither the image of another nor the images that wait."""
    async with running(2) as pool:
        doomed = asyncio.ensure_future(verdict(pool, WAITING, request()))
        (process,) = await stopped()
        beside = asyncio.ensure_future(verdict(pool, WAITING, request()))
        (other,) = set(await stopped(2)) - {process}
        others = [asyncio.ensure_future(verdict(pool, photograph(side), request())) for side in range(20, 60)]
        process.kill()
        assert Reason.CRASHED == getattr(await doomed, "reason", None)
        other.resume()
        assert all(isinstance(found, Rendered) for found in await asyncio.gather(beside, *others))


async def test_a_death_between_two_images() -> None:
    """A process that dies while it is idle costs no image."""
    async with running() as pool:
        (process,) = processes()
        process.kill()
        await ended(process)
        assert isinstance(await verdict(pool, photograph(), request()), Rendered)


async def test_sigterm_blames_no_image() -> None:
    """SIGTERM ends a process that decodes, and the pool retries its image without blame."""
    async with running() as pool:
        pending = asyncio.ensure_future(verdict(pool, WAITING, request()))
        (process,) = await stopped()
        process.terminate()
        process.resume()
        await ended(process)
        (process,) = await stopped()
        process.resume()
        assert isinstance(await pending, Rendered)


async def test_the_fork_servers_death_blames_no_image() -> None:
    """The pool starts a dead fork server again, and loses no image."""
    async with running() as pool:
        pending = asyncio.ensure_future(verdict(pool, WAITING, request()))
        (process,) = await stopped()
        server = process.parent()
        assert server is not None
        server.kill()
        process.kill()
        await ended(process)
        (process,) = await stopped()
        process.resume()
        assert isinstance(await pending, Rendered)
        assert isinstance(await verdict(pool, photograph(), request()), Rendered)


@pytest.mark.parametrize("steps", [[0.2], [1.0, 1.0, 0.5]], ids=["less than a tick", "more than two"])
async def test_time_limit(steps: list[float]) -> None:
    """The pool gives up an image that takes too long, and kills its process; the limit is checked every second."""
    async with running(limit=sum(steps)) as pool:
        time_ = StandingTime()
        pending = asyncio.ensure_future(verdict(pool, WAITING, request()))
        await stopped()
        for step in steps:
            assert not pending.done()
            time_.go_on(step)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        found = await pending
        after = await verdict(pool, photograph(), request())
    assert Refused(Reason.TIMEOUT, f"{TOO_LONG} ({sum(steps):g} s)") == found
    assert isinstance(after, Rendered)


async def test_waiting_does_not_count() -> None:
    """The time limit runs from the moment when a process accepts an image, not from the request."""
    async with running(limit=0.4) as pool:
        time_ = StandingTime()
        first = asyncio.ensure_future(verdict(pool, WAITING, request()))
        await stopped()
        second = asyncio.ensure_future(verdict(pool, photograph(), request()))
        await asyncio.sleep(0)
        time_.go_on(0.4)
        assert Reason.TIMEOUT == getattr(await first, "reason", None)
        assert isinstance(await second, Rendered)


async def test_memory_limit() -> None:
    """A picture larger than the process may grow is out of memory, and the process lives on."""
    async with running(memory=64 << 20) as pool:
        before = processes()
        found = await verdict(pool, slow(), request())
        assert isinstance(found, Refused)
        assert Reason.OUT_OF_MEMORY == found.reason
        assert found.detail.endswith("bytes of memory, but --memory / THUMBRUN_MEMORY allows 67,108,864")
        assert isinstance(await verdict(pool, photograph(), request()), Rendered)
        assert before == processes()


@LINUX
async def test_only_an_image_that_needs_it_gets_more_than_a_share() -> None:
    """A process may grow by its share; a larger image gets a process that may grow more, which then ends."""
    share, slack = 64 << 20, 160 << 20

    def may_take() -> int:
        (process,) = processes()
        hard: int = process.rlimit(psutil.RLIMIT_AS)[1]
        return hard - int(process.memory_info().vms)

    async with running(memory=2 << 30, share=share) as pool:
        assert share < may_take() < share + slack
        before = processes()
        assert isinstance(await verdict(pool, photograph(), request(memory=share)), Rendered)
        assert before == processes()
        for memory in (1 << 30, 3 << 30):
            assert isinstance(await verdict(pool, photograph(), request(memory=memory)), Rendered)
            assert min(memory, 2 << 30) - slack < may_take() < (2 << 30) + slack
            assert before != processes()
        assert isinstance(await verdict(pool, photograph(), request(memory=share)), Rendered)
        assert may_take() < share + slack


@LINUX
@pytest.mark.parametrize("format_", ["HEIF", "AVIF"])
async def test_threads_of_a_decoder_leave_the_address_space_to_later_images(format_: str) -> None:
    """A decoder that starts threads reserves no address space for each of them, which later images would lack."""
    pillow_heif.register_heif_opener()
    picture = io.BytesIO()
    Image.linear_gradient("L").resize((1500, 1500)).convert("RGB").save(picture, format_)
    async with running() as pool:
        (process,) = processes()
        before = process.memory_info().vms
        for _ in range(3):
            assert isinstance(await verdict(pool, picture.getvalue(), request(memory=MEMORY)), Rendered)
        assert process.memory_info().vms - before < 64 << 20


@pytest.mark.slow
@pytest.mark.parametrize(("size", "mode"), [((12_000, 9_000), "RGB"), ((16_384, 12_288), "L")])
async def test_what_phones_write_passes_the_default_limits(size: tuple[int, int], mode: str) -> None:
    """JPEG files of 108 and 200 megapixels are done in the memory of Cloud Run's default container."""
    picture = io.BytesIO()
    Image.new(mode, size, 99).save(picture, "JPEG")
    settings = resolve({}, {"source": "gs://bucket/in", "workers": "1"}, machine=Machine(1, 512 << 20, is_limited=True))
    allowed = share(settings.memory, settings.workers)
    async with running(memory=settings.memory, share=allowed) as pool:
        asked = request(max_pixels=settings.max_pixels, memory=allowed // 8)
        assert isinstance(await verdict(pool, picture.getvalue(), asked), Rendered)


async def test_all_tries_of_an_image_have_one_time_limit() -> None:
    """What an image took before it asked for more memory or was read again counts when it is tried again."""
    async with running(limit=1.0) as pool:
        time_ = StandingTime()
        tries = Tries()
        found: list[str] = []
        body = filled(pool, WAITING)
        for memory, took in ((1, 0.75), (MEMORY, 0.25)):
            trying = asyncio.ensure_future(pool.render(body, request(memory=memory), tries))
            (process,) = await stopped()
            time_.go_on(took)
            process.resume()
            found.append(repr(await trying))
        assert found[0].startswith("NeedsMemory")
        assert repr(Refused(Reason.TIMEOUT, f"{TOO_LONG} (1 s)", Took(decode=0.25))) == found[1]
        body.close()
        assert 1.0 == tries.seconds
        assert isinstance(await verdict(pool, photograph(), request()), Rendered)


async def test_an_image_that_lets_its_processes_be_ended_has_one_time_limit() -> None:
    """The time counts over processes that were told to end, too."""
    async with running(limit=1.0) as pool:
        time_ = StandingTime()
        trying = asyncio.ensure_future(verdict(pool, WAITING, request()))
        for took in (0.75, 0.25):
            (process,) = await stopped()
            time_.go_on(took)
            process.terminate()
            process.resume()
            await ended(process)
        assert Reason.TIMEOUT == getattr(await trying, "reason", None)


async def test_an_image_that_was_tried_is_tried_alone() -> None:
    """An image shares a process, and so its time, with others in its first try only."""
    async with running() as pool:
        for tried in (Tries(), Tries(alone=True)):
            neighbour = Tries()
            bodies = [filled(pool, WAITING_AND_SMALL), filled(pool, photograph(40))]
            pending = [
                asyncio.ensure_future(pool.render(body, request(), tries))
                for body, tries in zip(bodies, (tried, neighbour), strict=True)
            ]
            alone = tried.alone
            (process,) = await stopped()
            process.kill()
            if not alone:
                (process,) = await stopped()
                process.kill()
            assert Reason.CRASHED == getattr(await pending[0], "reason", None)
            assert isinstance(await pending[1], Rendered)
            assert tried.alone
            assert (0 if alone else 1) == neighbour.deaths


async def test_declared_memory() -> None:
    """A header that declares too much memory makes the process report how much, before it decodes."""
    async with running() as pool:
        found = await verdict(pool, slow(), request(memory=MEMORY))
    assert isinstance(found, NeedsMemory)
    assert 25_600**2 <= found.bytes < 2 * 25_600**2


async def test_cancelled() -> None:
    """A cancelled caller does not wait for its image, and the pool renders the next one."""
    async with running() as pool:
        pending = asyncio.ensure_future(verdict(pool, WAITING, request()))
        (process,) = await stopped()
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending
        assert isinstance(await verdict(pool, photograph(), request()), Rendered)
        assert process not in processes()


async def test_interrupt_is_the_tasks_own_affair() -> None:
    """Decoding processes ignore Ctrl-C, which reaches every process of a terminal."""
    async with running() as pool:
        before = processes()
        for process in before:
            process.send_signal(signal.SIGINT)
        assert isinstance(await verdict(pool, photograph(), request()), Rendered)
        assert before == processes()


async def test_closing_leaves_nothing() -> None:
    """A closed pool has no decoding process, and refuses to render."""
    async with running() as pool:
        pass
    assert [] == processes()
    await pool.close()
    with pytest.raises(DecoderPoolError):
        await verdict(pool, photograph(), request())


async def test_closing_in_the_middle() -> None:
    """Callers that wait while the pool closes get an error, not a verdict on the image."""
    async with running() as pool:
        pending = [asyncio.ensure_future(verdict(pool, WAITING, request())) for _ in range(3)]
        await stopped()
        await pool.close()
        found = await asyncio.gather(*pending, return_exceptions=True)
    assert [DecoderPoolError] * 3 == [type(one) for one in found]
    assert [] == processes()


async def test_memory_is_given_back() -> None:
    """A process is about as small after a giant image as before it."""
    async with running() as pool:
        await verdict(pool, photograph(), request())
        (process,) = processes()
        before = process.memory_info().rss
        assert isinstance(await verdict(pool, bomb(12_800), request()), Rendered)
        assert process.memory_info().rss < before + (24 << 20)


PARENT = """
import asyncio
from tests.unit.imaging import gate
from tests.unit.imaging.samples import filled, photograph, request
from thumbrun.decoding import launcher
from thumbrun.decoding.pool import DecoderPool

async def main():
    launcher._COMMAND = gate.command()
    pool = DecoderPool(2, timeout=3600.0, memory=2 << 30)
    await pool.start()
    rendering = asyncio.ensure_future(pool.render(filled(pool, gate.gated(photograph())), request()))
    await gate.stopped()
    print("started", flush=True)
    await rendering

asyncio.run(main())
"""


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGTERM])
def test_they_die_with_the_task(signal_: signal.Signals) -> None:
    """The fork server and all decoding processes end with the task, however it ends."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert b"started\n" == parent.stdout.readline()
        below = psutil.Process(parent.pid).children(recursive=True)
        assert 3 == len(below)  # fork server, two that decode
        parent.send_signal(signal_)
    _, alive = psutil.wait_procs(below, timeout=60)
    assert [] == alive


SCRIPT = """
import asyncio
from tests.unit.imaging.samples import filled, photograph, request
from thumbrun.decoding.pool import DecoderPool

print("imported")

async def main():
    pool = DecoderPool(1, timeout=60.0, memory=2 << 30)
    await pool.start()
    print(type(await pool.render(filled(pool, photograph()), request())).__name__)
    await pool.close()

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
    """The task's processes do not import its main script, however the task was started."""
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


async def test_start_does_not_hold_up_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop goes on while the processes start and end."""
    loop = asyncio.get_running_loop()
    waited: list[str] = []

    def waits_for_the_loop(owner: object, name: str) -> None:
        """Make a blocking method wait for a turn of the loop, which never comes if the method runs on the loop."""
        method = getattr(owner, name)

        def waiting(*arguments: Any) -> Any:
            turned = threading.Event()
            loop.call_soon_threadsafe(turned.set)
            assert turned.wait(60), f"{name} holds up the loop"
            waited.append(name)
            return method(*arguments)

        monkeypatch.setattr(owner, name, waiting)

    waits_for_the_loop(launcher.Launcher, "launch")
    waits_for_the_loop(launcher.LaunchedProcess, "end")
    waits_for_the_loop(launcher.Launcher, "close")
    async with running(2) as pool:
        waits_for_the_loop(pool._thread, "shutdown")
    assert {"launch", "end", "shutdown", "close"} == set(waited)  # a pool of another test can still be ending


async def test_a_start_that_is_cancelled_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose launch nobody waits for any more, not even the end of its pool, is ended; its sockets close."""
    begun, cancelled, launch = threading.Event(), threading.Event(), launcher.Launcher.launch
    launched: list[Any] = []

    def late(*arguments: Any) -> Any:
        begun.set()
        assert cancelled.wait(60)
        launched.append(launch(*arguments))
        return launched[-1]

    monkeypatch.setattr(launcher.Launcher, "launch", late)
    pool = DecoderPool(1, timeout=60, memory=MEMORY, share=MEMORY)
    starting = asyncio.ensure_future(pool.start())
    assert await asyncio.to_thread(begun.wait, 60)
    for waiting in (starting, closing := asyncio.ensure_future(pool.close())):
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert closing.cancelled()
    cancelled.set()
    await pool.close()
    ((process, channel),) = launched
    assert (-1, -1) == (process._status.fileno(), channel.fileno())
    assert [] == processes()


@LINUX
async def test_a_pool_tells_its_processor_time() -> None:
    """The time grows with each image, and is not known before the processes start and after they end."""
    pool = DecoderPool(2, timeout=30, memory=MEMORY)
    assert pool.processor_seconds is None
    await pool.start()
    before = pool.processor_seconds
    assert isinstance(await verdict(pool, photograph(1000, noise=True), request()), Rendered)
    after = pool.processor_seconds
    await pool.close()
    assert before is not None
    assert after is not None
    assert before < after
    assert pool.processor_seconds is None
