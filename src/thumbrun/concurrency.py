"""Run coroutines side by side, bounded, so that one who starts them waits when all places are taken."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


class BoundedGroup:
    """A task group with at most so many tasks at once; the first error stops the others and is raised at the end.

    Used as an async context manager: leaving it waits for all.
    """

    def __init__(self, limit: int) -> None:
        """Prepare for at most `limit` tasks at once."""
        self._places = asyncio.Semaphore(limit)
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._group.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            raise first_error(group) from None

    async def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a coroutine once a place is free."""
        try:
            await self._places.acquire()
        except BaseException:
            work.close()  # it was never started, which Python would warn of
            raise
        task = self._group.create_task(work)
        task.add_done_callback(lambda _: self._places.release())
        return task


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first plain error of a group, since one is enough to say what to do."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
