"""The decoding processes that all calls of `thumbnail` in this process share, of whatever thread or event loop.

They start with the first call, serve the next ones, and end once no call has come for a while, and with this process,
however it ends: the fork server ends when its socket closes. A process that this one forks starts its own.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass

from thumbrun.clock import SystemClock
from thumbrun.decoding.launcher import Launcher
from thumbrun.decoding.pool import DecoderPool, DecoderPoolError
from thumbrun.decoding.tries import Tries
from thumbrun.errors import SettingsError
from thumbrun.imaging.request import Refused, Rendered, Request
from thumbrun.outcomes import Reason
from thumbrun.task.admission import Admission, share
from thumbrun.task.item_faults import ItemFaultError
from thumbrun.task.render_granted import render_granted
from thumbrun.task.stopwatch import Stopwatch

IDLE_SECONDS = 30.0  # a start takes 0.3 s, and the processes hold some 40 MiB and 15 MiB each
_AHEAD = 2  # images for each process that are copied for it at once


@dataclass(frozen=True, slots=True)
class Limits:
    """What calls must have in common to share processes.

    Attributes:
        workers: The number of processes.
        memory: The bytes that bodies and decoded pictures may take together.
        image_timeout: The seconds that one image may take.
    """

    workers: int
    memory: int
    image_timeout: float


class SharedDecoders:
    """Decoding processes behind an event loop in a thread of its own."""

    def __init__(self, limits: Limits) -> None:
        """Start the thread; the processes start with the first image."""
        self._limits = limits
        self._loop = asyncio.new_event_loop()
        self._launcher = Launcher()
        self._pool: DecoderPool | None = None
        self._admission = Admission(limits.memory, limits.workers)
        self._places = asyncio.Semaphore(_AHEAD * limits.workers)
        self._changing = asyncio.Lock()  # held while the processes start or end
        self._calls = 0
        self._idle: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        threading.Thread(target=self._loop.run_forever, name="thumbrun-decoders", daemon=True).start()

    def render(self, data: bytes, request: Callable[[int], Request], *, confined: bool) -> Future[Rendered | Refused]:
        """Make a thumbnail. Cancelling the future kills the process that has the image.

        Args:
            data: The image's bytes.
            request: Returns what to make of them, within a number of bytes of memory.
            confined: Whether to refuse to work if the system cannot confine the processes.

        The future raises:
            SettingsError: The system cannot confine the processes.
            DecoderPoolError: No process decodes.
        """
        return asyncio.run_coroutine_threadsafe(self._render(data, request, confined=confined), self._loop)

    def end(self) -> None:
        """End the processes, from any thread; nothing is rendered any more."""
        self._launcher.close()

    async def _render(self, data: bytes, request: Callable[[int], Request], *, confined: bool) -> Rendered | Refused:
        self._calls += 1
        if self._idle is not None:
            self._idle.cancel()
        try:
            async with self._places:
                return await self._rendered(await self._started(), data, request, confined=confined)
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle = self._loop.call_later(IDLE_SECONDS, self._end_if_idle)

    async def _rendered(
        self, pool: DecoderPool, data: bytes, request: Callable[[int], Request], *, confined: bool
    ) -> Rendered | Refused:
        if confined and not pool.is_confined:
            raise SettingsError(["require_sandbox is set, but this system cannot confine the decoding processes"])
        # The caller holds the bytes anyway; what is copied here is bounded by the places, and by its own size.
        async with self._admission.body(min(len(data), self._admission.largest_of_several)) as grant:
            body = pool.body(len(data))
            try:
                body.write(data)
                async with AsyncExitStack() as kept:
                    return await render_granted(pool, body, request, grant, Tries(), Stopwatch(SystemClock()), kept)
            except ItemFaultError as fault:
                if not threading.main_thread().is_alive():  # the interpreter takes no more work, whatever the image is
                    raise DecoderPoolError("this program is ending, so no image is decoded any more") from fault
                return Refused(Reason.INTERNAL_ERROR, fault.detail)
            finally:
                body.close()

    async def _started(self) -> DecoderPool:
        async with self._changing:
            if self._pool is None:
                limits = self._limits
                pool = DecoderPool(
                    limits.workers,
                    timeout=limits.image_timeout,
                    memory=limits.memory,
                    share=share(limits.memory, limits.workers),
                    launcher=self._launcher,
                )
                try:
                    await pool.start()
                except BaseException:
                    await pool.close()
                    raise
                self._pool = pool
            return self._pool

    def _end_if_idle(self) -> None:
        self._ending = asyncio.ensure_future(self._end())

    async def _end(self) -> None:
        async with self._changing:
            if not self._calls and self._pool is not None:
                pool, self._pool = self._pool, None
                await pool.close()


_lock = threading.Lock()
_shared: dict[Limits, SharedDecoders] = {}
_of_parents: list[object] = []


def shared_decoders(limits: Limits) -> SharedDecoders:
    """Return the decoding processes with these limits."""
    with _lock:
        if limits not in _shared:
            _shared[limits] = SharedDecoders(limits)
        return _shared[limits]


def _end_all() -> None:
    for shared in _shared.values():
        shared.end()


def _forget_all() -> None:
    """Start anew in a process that was just forked: it has no thread but its own, and the lock might be held."""
    global _lock, _shared
    _of_parents.append(_shared)  # to take an event loop down would disturb the parent's: both share what it polls
    _lock, _shared = threading.Lock(), {}


atexit.register(_end_all)
os.register_at_fork(after_in_child=_forget_all)
