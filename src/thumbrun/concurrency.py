"""Run coroutines side by side, bounded: in number, or in whatever else they share."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class BoundedGroup:
    """A task group with at most so many tasks at once; the first error stops the others and is raised at the end.

    Used as an async context manager: leaving it waits for all.
    """

    def __init__(self, limit: int) -> None:
        """Prepare for at most `limit` tasks at once."""
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
        """Start a coroutine once a place is free."""
        try:
            await self._slots.acquire()
        except BaseException:
            work.close()  # it was never started, which Python would warn of
            raise
        task = self._group.create_task(work)
        task.add_done_callback(lambda _: self._slots.release())
        return task


async def both(one: Coroutine[Any, Any, A], other: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Run two coroutines at once and return what both return; the first error stops the other and is raised."""
    with _first_error_raised():
        async with asyncio.TaskGroup() as group:
            tasks = group.create_task(one), group.create_task(other)
    return tasks[0].result(), tasks[1].result()


async def every(works: Iterable[Coroutine[Any, Any, A]]) -> list[A]:
    """Run coroutines at once and return what they return; the first error stops the others and is raised."""
    with _first_error_raised():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
    return [task.result() for task in tasks]


class Budget:
    """Something of which there is only so much, to take and give back.

    Who waits longest is served first, so that a large wish is not starved by small ones.

    Attributes:
        capacity: How much there is.
    """

    def __init__(self, capacity: int) -> None:
        """Start with all of it free."""
        self.capacity = capacity
        self._taken = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def take(self, amount: int) -> AsyncIterator[None]:
        """Hold an amount, waiting until it is free.

        Raises:
            ValueError: More than the capacity was asked for, which would wait for ever.
        """
        if amount > self.capacity:
            raise ValueError(f"{amount} of {self.capacity}")
        await self.acquire(amount)
        try:
            yield
        finally:
            self.release(amount)

    async def acquire(self, amount: int = 1) -> None:
        """Take an amount, waiting until it is free; `release` gives it back."""
        if not self._waiting and amount <= self.capacity - self._taken:
            self._taken += amount
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((amount, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._taken -= amount  # its turn came in the moment in which it gave up
            self._serve()
            raise

    def release(self, amount: int = 1) -> None:
        """Give an amount back."""
        self._taken -= amount
        self._serve()

    def resize(self, capacity: int) -> None:
        """Change how much there is; what is taken stays so."""
        self.capacity = capacity
        self._serve()

    def _serve(self) -> None:
        while self._waiting:
            amount, turn = self._waiting[0]
            if not turn.done() and amount > self.capacity - self._taken:
                return
            self._waiting.popleft()
            if not turn.done():  # done here means that it gave up
                self._taken += amount
                turn.set_result(None)


@contextmanager
def _first_error_raised() -> Iterator[None]:
    try:
        yield
    except BaseExceptionGroup as group:
        raise first_error(group) from None


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first plain error of a group, since one is enough to say what to do."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
