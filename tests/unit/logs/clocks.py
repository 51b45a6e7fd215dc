"""A clock that tests set by hand."""

from datetime import UTC, datetime, timedelta


class HandClock:
    """A clock whose time passes only when a test sets it.

    Attributes:
        seconds: The seconds since its start.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """Return the time."""
        return datetime(2026, 1, 2, 15, 30, 40, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Return at once."""
        self.seconds += seconds

    def uniform(self, low: float, high: float) -> float:
        """Return the lower number."""
        return min(low, high)

    def nonce(self) -> str:
        """Return the same digits each time."""
        return "0" * 16
