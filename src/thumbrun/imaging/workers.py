"""Decoding processes: started once, given one image at a time, killed at a time limit, replaced when they die.

Built on pebble. Its pool tells a process that died of its image from one that is busy, and replaces it. What it cannot
mend is a process that dies while it holds the pool's lock: then the whole pool is replaced, and the images that it had
are tried again.
"""

import asyncio
import contextlib
import multiprocessing
import tempfile
from concurrent.futures import TimeoutError as PoolTimeoutError
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from thumbrun.imaging import worker
from thumbrun.imaging.body import Body
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Reason

_BROKEN_POOLS = 3  # pools that break under one image before the image is blamed
_FORKSERVER_MODULE = "thumbrun.imaging.worker"


class Workers:
    """The decoding processes of one task."""

    def __init__(self, count: int, *, timeout: float, memory: int) -> None:
        """Prepare; no process is started yet.

        Args:
            count: How many processes.
            timeout: Seconds that one image may take, from when a process takes it up.
            memory: Bytes by which a process may grow.
        """
        self._count = count
        self._timeout = timeout
        self._memory = memory
        self._pool: ProcessPool | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="thumbrun-", ignore_cleanup_errors=True)

    async def start(self) -> None:
        """Start the processes, without holding up the event loop."""
        pool = await asyncio.to_thread(self._new_pool)
        ready = [asyncio.wrap_future(pool.schedule(bool)) for _ in range(self._count)]
        self._pool = pool
        await asyncio.gather(*ready)

    def body(self, size: int) -> Body:
        """Return a place for the bytes of an image of that size; whoever asks closes it."""
        return Body(size, Path(self._folder.name))

    async def render(self, body: Body, request: Request) -> Rendered | Refused | NeedsMemory:
        """Have a thumbnail made; whatever the image does to its process, this returns.

        Raises:
            RuntimeError: `start` was not awaited, or `close` was.
        """
        handed_over = body.handed_over()
        for _ in range(_BROKEN_POOLS):
            pool = self._pool
            if pool is None:
                raise RuntimeError("the workers are not running")
            try:
                return await self._render(pool, handed_over, request)
            except (BrokenProcessPool, _BrokenPoolError):
                await self._replace(pool)
        return Refused(Reason.CRASHED, f"{_BROKEN_POOLS} pools of processes broke while it was decoded")

    async def _render(
        self, pool: ProcessPool, handed_over: bytes | str, request: Request
    ) -> Rendered | Refused | NeedsMemory:
        try:
            future = pool.schedule(worker.work, args=(handed_over, request), timeout=self._timeout)
        except RuntimeError as error:
            raise _BrokenPoolError from error
        try:
            answer: Rendered | Refused | NeedsMemory = await asyncio.wrap_future(future)
        except PoolTimeoutError:
            return Refused(Reason.TIMEOUT, f"decoding took longer than {self._timeout:g} s")
        except ProcessExpired as error:
            return Refused(Reason.CRASHED, _how_it_died(error.exitcode))
        except MemoryError:
            return Refused(Reason.OUT_OF_MEMORY, "decoding took more memory than the process may have")
        return answer

    async def _replace(self, broken: ProcessPool) -> None:
        """Put a new pool in the place of a broken one, once for all that notice."""
        if self._pool is broken:
            self._pool = self._new_pool()
            await asyncio.to_thread(_stop, broken)

    async def close(self) -> None:
        """Stop the processes. Calling it twice is harmless."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_stop, pool)
        self._folder.cleanup()

    def _new_pool(self) -> ProcessPool:
        # Never fork: this process runs threads and an event loop. The server has the decoders loaded, so that a
        # process that replaces another starts in milliseconds and shares their memory.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([_FORKSERVER_MODULE])
        pool = ProcessPool(self._count, initializer=worker.start, initargs=(self._memory,), context=context)
        pool.active  # noqa: B018  (asking starts it)
        return pool


class _BrokenPoolError(Exception):
    """The pool takes no more work."""


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    with contextlib.suppress(RuntimeError):  # a process that cannot be stopped dies with this one
        pool.join()


def _how_it_died(code: int | None) -> str:
    if code is not None and code < 0:
        return f"the decoding process died of signal {-code}"
    return f"the decoding process ended with {code}"
