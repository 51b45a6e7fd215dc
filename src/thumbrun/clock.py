"""Time and chance, as one thing that is handed in, so that a test can run hours in a moment and repeat them."""

import asyncio
import random
import secrets
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What a task knows of time and chance."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow, from an arbitrary start."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def uniform(self, low: float, high: float) -> float:
        """Return a random number between the two."""

    def nonce(self) -> str:
        """Return 16 hexadecimal digits that no other process has."""


class SystemClock:
    """The machine's own time and randomness."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def uniform(self, low: float, high: float) -> float:
        """Return a random number between the two, for jitter."""
        return random.uniform(low, high)  # noqa: S311  (jitter, not a secret)

    def nonce(self) -> str:
        """Return 16 random hexadecimal digits."""
        return secrets.token_hex(8)
