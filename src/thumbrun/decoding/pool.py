"""Decoding processes: each given one image at a time, or a few small ones; killed at a time limit, replaced when dead.

Each has its own socket, and nothing is shared between two of them: whatever happens to one costs no other its image.
Pools that share a queue and its locks among their processes cannot promise that. A round trip costs the task 0.11 ms
of processor time and an 18 kB image 0.2 ms of waiting; through pebble's pools it was 0.38 and 0.96 ms.

Where images wait, several of together a megabyte are handed over at once, which wakes both sides less often: 1,230
images of 45 kB a second by two processes, 1,040 one by one; 545 of 242 kB, 512 one by one. Where a process dies of one
of several, those without a verdict are done again one by one, so that what dies alone is to blame.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from thumbrun.decoding import protocol
from thumbrun.decoding.body import Body
from thumbrun.decoding.decoder_process import DecodingProcess, InnocentDeathError
from thumbrun.decoding.launcher import Launcher
from thumbrun.decoding.memfd import MemoryFiles
from thumbrun.errors import ThumbrunError
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request

_ATTEMPTS = 4  # processes that die before they take an image up, until something other than the image is to blame
_MOST_TOGETHER = 8  # images handed over together
_BYTES_TOGETHER = 1024 * 1024  # of them: some ten milliseconds
_BYTES_IN_MEMORY = 128 * 1024  # of these: what a socket holds at least


class DecoderPoolError(ThumbrunError):
    """No decoding process can be had."""


class Renderer(Protocol):
    """What a task asks of whoever decodes and encodes for it: `DecoderPool` in earnest."""

    async def start(self) -> None:
        """Make ready."""

    def body(self, size: int) -> Body:
        """Return a place for the bytes of an image of about that size; whoever asks closes it."""

    async def render(self, body: Body, request: Request) -> Rendered | Refused | NeedsMemory:
        """Have a thumbnail made."""

    async def close(self) -> None:
        """Release everything."""


@dataclass(eq=False, slots=True)
class _Order:
    """An image that somebody waits for.

    Attributes:
        body: Its bytes.
        request: What to make of it.
        verdict: What became of it.
        alone: Whether it is not to be handed over with others: a process died of one of them.
        deaths: Of processes, not of this image.
        process: That has it at present.
    """

    body: Body
    request: Request
    verdict: asyncio.Future[protocol.Verdict]
    alone: bool = False
    deaths: int = 0
    process: DecodingProcess | None = None

    def goes_with(self, others: Sequence["_Order"]) -> bool:
        """Whether it may be handed over together with others."""
        orders = [self, *others]
        if any(order.alone for order in orders):
            return False
        in_files = [order.body.size for order in orders if order.body.is_in_file]
        size = sum(order.body.size for order in orders)
        in_memory = size - sum(in_files)
        return len(in_files) <= protocol.MOST_FILES and size <= _BYTES_TOGETHER and in_memory <= _BYTES_IN_MEMORY


class DecoderPool:
    """The decoding processes of one task.

    Memory, beside the bodies, which their owner bounds: each process has 13 MiB of its own and, for each image, at
    most what its request allows, never above `memory` bytes, 64 MiB of slack aside. What all of them share, in the
    fork server, takes 44 MiB once.
    """

    def __init__(self, count: int, *, timeout: float, memory: int) -> None:
        """Prepare; no process is started yet.

        Args:
            count: How many processes.
            timeout: Seconds that one image may take, from when a process takes it up.
            memory: Bytes by which a process may grow.
        """
        # One thread starts and reaps: the conversation with the fork server is not for two.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="decoding-processes")
        self._launcher = Launcher()
        self._processes = [DecodingProcess(timeout, memory, self._launcher, self._thread) for _ in range(count)]
        self._waiting: deque[_Order] = deque()  # who waits longest first
        self._idle: deque[asyncio.Future[None]] = deque()  # of processes without work
        self._open: set[_Order] = set()
        self._serving: list[asyncio.Task[None]] = []
        self._files = MemoryFiles()

    async def start(self) -> None:
        """Start the processes, without holding up the event loop.

        Raises:
            DecoderPoolError: They do not start.
        """
        for process in self._processes:
            await self._started(process)
            self._serving.append(asyncio.ensure_future(self._serve(process)))

    def body(self, size: int) -> Body:
        """Return a place for the bytes of an image of about that size; whoever asks closes it."""
        return Body(size, self._files)

    async def render(self, body: Body, request: Request) -> Rendered | Refused | NeedsMemory:
        """Have a thumbnail made; whatever the image does to its process, this returns.

        Raises:
            DecoderPoolError: No process can be had, or none is running: `start` was not awaited, or `close` was.
        """
        if not self._serving:
            raise _not_running()
        order = _Order(body, request, asyncio.get_running_loop().create_future())
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

    async def close(self) -> None:
        """Stop the processes. Calling it twice is harmless."""
        serving, self._serving = self._serving, []
        for task in serving:
            task.cancel()
        self._files.close()
        for order in list(self._open):  # what dies of being closed says nothing about its image
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
        """Have a process that has nothing to do look what waits."""
        while self._idle:
            idle = self._idle.popleft()
            if not idle.done():
                idle.set_result(None)
                return

    async def _serve(self, process: DecodingProcess) -> None:
        """Let a process work what waits, for as long as this is not cancelled."""
        while True:
            if not (orders := self._taken()):
                self._idle.append(asyncio.get_running_loop().create_future())
                await self._idle[-1]
                continue
            for order in orders:
                order.process = process
            try:
                await self._started(process)
                self._answer(orders, await process.render([(order.body, order.request) for order in orders]))
            except InnocentDeathError:
                self._answer(orders, ())
            except Exception as error:  # noqa: BLE001  (whoever waits is told, whatever it is)
                for order in orders:
                    order.process = None
                    _fail(order, error)

    def _taken(self) -> list[_Order]:
        """Take what waits longest: one image; or a few small ones, of which no process gets more than its share."""
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

    def _answer(self, orders: Sequence[_Order], verdicts: Sequence[protocol.Verdict]) -> None:
        """Tell verdicts to who waits for them; what has none is done again, and first."""
        for order, verdict in zip(orders, verdicts, strict=False):
            order.process = None
            if not order.verdict.done():
                order.verdict.set_result(verdict)
        for order in reversed(orders[len(verdicts) :]):
            order.process = None
            order.alone = True
            order.deaths += 1
            if order.deaths < _ATTEMPTS:
                self._waiting.appendleft(order)
            else:
                _fail(order, _unusable("they die before they take up an image"))

    async def _started(self, process: DecodingProcess) -> None:
        """Start a process unless it runs."""
        trouble: Exception | None = None
        for _ in range(_ATTEMPTS):
            try:
                return await process.start()
            except (OSError, EOFError, InnocentDeathError, TimeoutError) as error:
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
