"""Decoding processes: each given one image at a time, killed at a time limit, replaced when it dies.

Each has its own socket, and nothing is shared between two of them: whatever happens to one costs no other its image.
Pools that share a queue and its locks among their processes cannot promise that. A round trip costs the task 0.11 ms
of processor time and an 18 kB image 0.2 ms of waiting; through pebble's pools it was 0.38 and 0.96 ms.
"""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from thumbrun.errors import ThumbrunError
from thumbrun.imaging.body import Body
from thumbrun.imaging.files import Files
from thumbrun.imaging.launcher import Launcher
from thumbrun.imaging.process import DecodingProcess, InnocentDeathError
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request

__all__ = ["Body", "Renderer", "Workers", "WorkersError"]

_ATTEMPTS = 4  # processes that die before they take an image up, until something other than the image is to blame


class WorkersError(ThumbrunError):
    """No decoding process can be had."""


class Renderer(Protocol):
    """What a task asks of whoever decodes and encodes for it: `Workers` in earnest."""

    async def start(self) -> None:
        """Make ready."""

    def body(self, size: int) -> Body:
        """Return a place for the bytes of an image of about that size; whoever asks closes it."""

    async def render(self, body: Body, request: Request) -> Rendered | Refused | NeedsMemory:
        """Have a thumbnail made."""

    async def close(self) -> None:
        """Release everything."""


class Workers:
    """The decoding processes of one task.

    Memory, beside the bodies, which their owner bounds: each process has 13 MiB of its own and, for each image, at
    most what its request allows, never above `memory` bytes, 64 MiB of slack aside. What all of them share, in the
    fork server, takes 28 MiB once.
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
        # A semaphore serves who waits longest; a queue would hand a free process to whoever asks in that moment.
        self._turn = asyncio.Semaphore(count)
        self._free: list[DecodingProcess] = []
        self._files = Files()
        self._running = False

    async def start(self) -> None:
        """Start the processes, without holding up the event loop.

        Raises:
            WorkersError: They do not start.
        """
        self._running = True
        for process in self._processes:
            await self._started(process)
            self._free.append(process)

    def body(self, size: int) -> Body:
        """Return a place for the bytes of an image of about that size; whoever asks closes it."""
        return Body(size, self._files)

    async def render(self, body: Body, request: Request) -> Rendered | Refused | NeedsMemory:
        """Have a thumbnail made; whatever the image does to its process, this returns.

        Raises:
            WorkersError: No process can be had, or none is running: `start` was not awaited, or `close` was.
        """
        self._check_running()
        async with self._turn:
            self._check_running()
            process = self._free.pop()
            try:
                return await self._rendered(process, body, request)
            finally:
                self._free.append(process)

    async def _rendered(
        self, process: DecodingProcess, body: Body, request: Request
    ) -> Rendered | Refused | NeedsMemory:
        for _ in range(_ATTEMPTS):
            await self._started(process)
            with contextlib.suppress(InnocentDeathError):
                verdict = await process.render(body, request)
                self._check_running()  # what dies of being closed says nothing about its image
                return verdict
        raise _unusable("they die before they take up an image")

    async def close(self) -> None:
        """Stop the processes. Calling it twice is harmless."""
        self._running = False
        self._files.close()
        for process in self._processes:
            await process.close()
        await asyncio.to_thread(self._thread.shutdown)
        await asyncio.to_thread(self._launcher.close)

    def _check_running(self) -> None:
        if not self._running:
            raise WorkersError("the decoding processes are not running")

    async def _started(self, process: DecodingProcess) -> None:
        """Start a process unless it runs."""
        trouble: Exception | None = None
        for _ in range(_ATTEMPTS):
            self._check_running()
            try:
                return await process.start()
            except (OSError, EOFError, InnocentDeathError, TimeoutError) as error:
                trouble = error
        raise _unusable(repr(trouble)) from trouble


def _unusable(why: str) -> WorkersError:
    return WorkersError(
        f"decoding processes cannot be used: {why}",
        hint="Check the memory and the number of processes that this machine or container allows.",
    )
