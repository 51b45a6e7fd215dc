"""Virtual time: it passes only while every coroutine waits, so that hours take a moment and each run is the same."""

import asyncio
import random
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

EPOCH = datetime(2026, 1, 2, 15, 30, 40, tzinfo=UTC)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer as soon as there is nothing else to do."""

    def __init__(self) -> None:
        self._virtual = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._virtual

    def jump(self, seconds: float) -> None:
        """Move the clock forward."""
        self._virtual += seconds


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everybody waits for something that will never happen")
        if not ready and timeout:
            self._loop.jump(timeout)
        return ready


class VirtualClock:
    """The clock of one process in virtual time; its random numbers come from a seed."""

    def __init__(self, seed: int = 0, *, epoch: datetime = EPOCH) -> None:
        self._random = random.Random(seed)  # noqa: S311
        self._epoch = epoch

    def now(self) -> datetime:
        """Return the virtual date and time."""
        return self._epoch + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return the virtual seconds of the event loop."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        await asyncio.sleep(seconds)

    def uniform(self, low: float, high: float) -> float:
        """Return a random number from the seed."""
        return self._random.uniform(low, high)

    def nonce(self) -> str:
        """Return random digits from the seed."""
        return f"{self._random.getrandbits(64):016x}"


async def rounds(count: int = 100) -> None:
    """Let the event loop run some rounds, so that everything that needs no time has happened."""
    for _ in range(count):
        await asyncio.sleep(0)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)
