"""Time and randomness behind one interface, so that a test can run hours in a moment, and repeat them."""

import asyncio
import random
import secrets
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The time and randomness that a task uses."""

    def now(self) -> datetime:
        """Return the current time in UTC."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start; they never decrease."""

    async def sleep(self, seconds: float) -> None:
        """Wait for some seconds."""

    def uniform(self, low: float, high: float) -> float:
        """Return a random number between `low` and `high`."""

    def nonce(self) -> str:
        """Return 16 hexadecimal digits that no other process has."""


class SystemClock:
    """Uses the time and the randomness of the machine."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for some seconds."""
        await asyncio.sleep(seconds)

    def uniform(self, low: float, high: float) -> float:
        """Return a random number between `low` and `high`, for jitter."""
        return random.uniform(low, high)  # noqa: S311  (jitter, not a secret)

    def nonce(self) -> str:
        """Return 16 random hexadecimal digits."""
        return secrets.token_hex(8)
