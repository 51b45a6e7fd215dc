"""Runs coroutines at once, within bounds: on their number, or on something else that they share."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class BoundedGroup:
    """A task group with a limit on the tasks that run at once; the first error stops all and is raised at the end.

    Use it as an async context manager: leaving it waits for all tasks.
    """

    def __init__(self, limit: int) -> None:
        """Set up a group that runs at most `limit` tasks at once."""
        self._slots = asyncio.Semaphore(limit)
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _first_error_raised():
            await self._group.__aexit__(kind, error, trace)

    async def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Wait for a free place, then start a coroutine."""
        try:
            await self._slots.acquire()
        except BaseException:
            work.close()  # Python would warn of a coroutine that never started
            raise
        task = self._group.create_task(work)
        task.add_done_callback(lambda _: self._slots.release())
        return task


async def both(one: Coroutine[Any, Any, A], other: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Run two coroutines at once and return both results; the first error stops the other and is raised."""
    with _first_error_raised():
        async with asyncio.TaskGroup() as group:
            tasks = group.create_task(one), group.create_task(other)
    return tasks[0].result(), tasks[1].result()


async def every(works: Iterable[Coroutine[Any, Any, A]]) -> list[A]:
    """Run coroutines at once and return their results; the first error stops the others and is raised."""
    with _first_error_raised():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
    return [task.result() for task in tasks]


class Budget:
    """A limited amount of something, to take and to give back.

    The request that has waited longest is served first, so that small requests cannot starve a large one.

    Attributes:
        capacity: The whole amount.
    """

    def __init__(self, capacity: int) -> None:
        """Start with the whole amount free."""
        self.capacity = capacity
        self._taken = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def take(self, amount: int) -> AsyncIterator[None]:
        """Hold an amount; wait until it is free.

        Raises:
            ValueError: The amount is more than the capacity, so the wait would never end.
        """
        if amount > self.capacity:
            raise ValueError(f"the amount is {amount}, the capacity is {self.capacity}")
        await self.acquire(amount)
        try:
            yield
        finally:
            self.release(amount)

    async def acquire(self, amount: int = 1) -> None:
        """Take an amount, when it is free; `release` gives it back."""
        if not self._waiting and amount <= self.capacity - self._taken:
            self._taken += amount
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((amount, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._taken -= amount  # its turn came in the moment in which it was cancelled
            self._serve()
            raise

    def release(self, amount: int = 1) -> None:
        """Give an amount back."""
        self._taken -= amount
        self._serve()

    def resize(self, capacity: int) -> None:
        """Change the capacity; amounts that are taken stay taken."""
        self.capacity = capacity
        self._serve()

    def _serve(self) -> None:
        while self._waiting:
            amount, turn = self._waiting[0]
            if not turn.done() and amount > self.capacity - self._taken:
                return
            self._waiting.popleft()
            if not turn.done():  # done here means cancelled
                self._taken += amount
                turn.set_result(None)


@contextmanager
def _first_error_raised() -> Iterator[None]:
    try:
        yield
    except BaseExceptionGroup as group:
        raise first_error(group) from None


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first plain error of a group; one is enough to tell the user what to do."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
