"""The pool of decoding processes. It kills a process at the time limit and replaces a process that died.

Each process gets one image at a time, or a few small ones. Each has its own socket, and no two processes share
anything, so the death of one never costs another its image. Pools whose processes share a queue and its locks cannot
promise that. A round trip through pebble's pools also takes several times as long.

If several images wait, the pool hands over up to a megabyte of them at once. That is faster, because both sides wake
less often. If a process dies of one of several images, the pool retries those without a verdict one by one, so that
only an image that was alone in its process gets the blame.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from thumbrun.decoding import protocol
from thumbrun.decoding.answers import ImproperAnswerError
from thumbrun.decoding.body import Body
from thumbrun.decoding.decoder_process import Asked, DecodingProcess, InnocentDeathError
from thumbrun.decoding.launcher import Launcher
from thumbrun.decoding.memfd import MemoryFiles
from thumbrun.decoding.tries import Tries
from thumbrun.errors import ThumbrunError
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request

_ATTEMPTS = 4  # processes that die before they accept an image, until thumbrun gives up: the image is not the cause
_MOST_TOGETHER = 8  # images handed over together
_BYTES_TOGETHER = 1024 * 1024  # bytes of these images; decoding them takes some ten milliseconds
_BYTES_IN_MEMORY = 128 * 1024  # bytes of those among them in memory; a socket holds at least this many


class DecoderPoolError(ThumbrunError):
    """The pool cannot provide a decoding process."""


class Renderer(Protocol):
    """Decodes and encodes images for a task. `DecoderPool` does so in production."""

    async def start(self) -> None:
        """Get ready to render images."""

    @property
    def is_confined(self) -> bool:
        """Whether the system confines what decodes, by every measure that Linux has; known after `start`."""

    def body(self, size: int) -> Body:
        """Return a body for an image of about `size` bytes; the caller closes it."""

    async def render(
        self, body: Body, request: Request, tries: Tries | None = None
    ) -> Rendered | Refused | NeedsMemory:
        """Make the thumbnails of one image. `tries` counts what earlier calls took for the same image."""

    async def renew(self) -> None:
        """Forget whatever images have left behind; nothing is rendered meanwhile."""

    async def close(self) -> None:
        """Release everything."""


@dataclass(eq=False, slots=True)
class _Order:
    """An image whose verdict a caller waits for.

    Attributes:
        asked: The image.
        verdict: The future of the verdict.
        process: The process that has the image at present.
    """

    asked: Asked
    verdict: asyncio.Future[protocol.Verdict]
    process: DecodingProcess | None = None

    def goes_with(self, others: Sequence["_Order"]) -> bool:
        """Whether the pool may hand this image over together with others."""
        orders = [self, *others]
        if any(order.asked.tries.alone for order in orders):
            return False
        bodies = [order.asked.body for order in orders]
        in_files = [body.size for body in bodies if body.is_in_file]
        size = sum(body.size for body in bodies)
        in_memory = size - sum(in_files)
        return len(in_files) <= protocol.MOST_FILES and size <= _BYTES_TOGETHER and in_memory <= _BYTES_IN_MEMORY


class DecoderPool:
    """The pool of one task's decoding processes.

    Its memory, without the bodies, which their owner bounds: once 44 MiB, which all processes share in the fork server,
    and for each process 13 MiB of its own plus what the request of its image allows, at most `memory` bytes, plus up to
    64 MiB of slack.
    """

    def __init__(
        self, count: int, *, timeout: float, memory: int, share: int | None = None, launcher: Launcher | None = None
    ) -> None:
        """Set up the pool; no process is started yet.

        Args:
            count: The number of processes.
            timeout: The number of seconds that one image may take in processes that have accepted it, over all tries.
            memory: The most bytes by which a process may grow, if its image needs so much.
            share: The bytes by which a process may grow otherwise; `memory` if this is None.
            launcher: Starts the processes; its fork server can be running already. The pool closes it.
        """
        self._memory = memory
        # One thread starts and reaps processes, because only one thread can talk to the fork server.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="decoding-processes")
        self._launcher = launcher or Launcher()
        self._processes = [
            DecodingProcess(timeout, share or memory, self._launcher, self._thread) for _ in range(count)
        ]
        self._waiting: deque[_Order] = deque()  # the image that waits longest comes first
        self._idle: deque[asyncio.Future[None]] = deque()  # one for each process without work
        self._open: set[_Order] = set()
        self._serving: list[asyncio.Task[None]] = []
        self._files = MemoryFiles()

    async def start(self) -> None:
        """Start the processes without blocking the event loop.

        Raises:
            DecoderPoolError: The processes do not start.
        """
        for process in self._processes:
            await self._started(process)
            self._serving.append(asyncio.ensure_future(self._serve(process)))

    @property
    def is_confined(self) -> bool:
        """Whether the system confines all processes, by every measure that Linux has; known after `start`."""
        return all(process.confined for process in self._processes)

    @property
    def processor_seconds(self) -> float | None:
        """The processor time that the present processes have used, or None if that is not known of each."""
        used = [process.processor_seconds for process in self._processes]
        known = [seconds for seconds in used if seconds is not None]
        return sum(known) if len(known) == len(used) else None

    def body(self, size: int) -> Body:
        """Return a body for an image of about `size` bytes; the caller closes it."""
        return Body(size, self._files)

    async def render(
        self, body: Body, request: Request, tries: Tries | None = None
    ) -> Rendered | Refused | NeedsMemory:
        """Make the thumbnails of one image. This returns, whatever the image does to its process.

        Args:
            body: The image's bytes.
            request: What to make of them.
            tries: What earlier calls took for the same image, or None if this is the first. This call counts there.

        Raises:
            DecoderPoolError: No process starts, or none is running: `start` was not awaited, or `close` was called.
        """
        if not self._serving:
            raise _not_running()
        order = _Order(Asked(body, request, tries or Tries()), asyncio.get_running_loop().create_future())
        self._open.add(order)
        self._waiting.append(order)
        self._wake()
        try:
            return await order.verdict
        except asyncio.CancelledError:
            if order.process is not None:
                order.process.kill()  # nobody waits for its answer
            raise
        finally:
            self._open.discard(order)

    async def renew(self) -> None:
        """End all processes, so that the next image gets a new one. Nothing may be rendered meanwhile.

        An image can have taken its process over, and harm the next image in it.
        """
        for process in self._processes:
            await process.close()

    async def close(self) -> None:
        """Stop the processes. Calling it twice is harmless."""
        serving, self._serving = self._serving, []
        for task in serving:
            task.cancel()
        self._files.close()
        for order in list(self._open):  # a process that closing kills says nothing about its image
            _fail(order, _not_running())
        ends = await asyncio.gather(*serving, return_exceptions=True)
        for process in self._processes:
            await process.close()
        await asyncio.to_thread(self._thread.shutdown)
        await asyncio.to_thread(self._launcher.close)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    def _wake(self) -> None:
        """Wake one idle process so that it checks the queue."""
        while self._idle:
            idle = self._idle.popleft()
            if not idle.done():
                idle.set_result(None)
                return

    async def _serve(self, process: DecodingProcess) -> None:
        """Let a process render waiting images until this is cancelled."""
        while True:
            if not (orders := self._taken()):
                self._idle.append(asyncio.get_running_loop().create_future())
                await self._idle[-1]
                continue
            for order in orders:
                order.process = process
            try:
                asked = [order.asked for order in orders]
                await self._started(process, min(self._memory, max(one.request.memory for one in asked)))
                self._answer(orders, await process.render(asked))
            except InnocentDeathError as death:
                self._answer(orders, (), death.blame)
            except Exception as error:  # noqa: BLE001  (the callers that wait get any error)
                for order in orders:
                    order.process = None
                    _fail(order, error)

    def _taken(self) -> list[_Order]:
        """Take the image that waits longest, or a few small ones, but no more than a process's share."""
        share = min(_MOST_TOGETHER, -(-len(self._waiting) // len(self._processes)))
        taken: list[_Order] = []
        while self._waiting and len(taken) < max(1, share):
            order = self._waiting[0]
            if order.verdict.done():  # nobody waits for it any more
                self._waiting.popleft()
                continue
            if taken and not order.goes_with(taken):
                break
            taken.append(self._waiting.popleft())
        return taken

    def _answer(
        self, orders: Sequence[_Order], verdicts: Sequence[protocol.Verdict], blame: Refused | None = None
    ) -> None:
        """Give the verdicts to the callers that wait; put images without a verdict back in front of the queue.

        An image on which one process after another died gets the verdict `blame`, if there is one.
        """
        for order in orders:
            order.asked.tries.alone = True
        for order, verdict in zip(orders, verdicts, strict=False):
            order.process = None
            if not order.verdict.done():
                order.verdict.set_result(verdict)
        for order in reversed(orders[len(verdicts) :]):
            order.process = None
            tries = order.asked.tries
            tries.deaths += 1
            if tries.deaths < _ATTEMPTS:
                self._waiting.appendleft(order)
            elif blame is not None:
                if not order.verdict.done():
                    order.verdict.set_result(blame)
            else:
                _fail(order, _unusable("each of them died before it accepted an image"))

    async def _started(self, process: DecodingProcess, memory: int = 0) -> None:
        """Start a process for an image that may take this much memory, unless it already runs, in several attempts."""
        trouble: Exception | None = None
        for _ in range(_ATTEMPTS):
            try:
                return await process.start(memory)
            except (OSError, EOFError, InnocentDeathError, ImproperAnswerError, TimeoutError) as error:
                trouble = error
        raise _unusable(repr(trouble)) from trouble


def _fail(order: _Order, error: Exception) -> None:
    if not order.verdict.done():
        order.verdict.set_exception(error)


def _not_running() -> DecoderPoolError:
    return DecoderPoolError("the decoding processes are not running")


def _unusable(why: str) -> DecoderPoolError:
    return DecoderPoolError(
        f"decoding processes cannot be used: {why}",
        hint="Check the memory and the number of processes that this machine or container allows.",
    )
