"""A limit on requests at once, which halves when the store asks for fewer and then grows back slowly."""

from collections.abc import Callable

from thumbrun.concurrency import Budget

_PAUSE_SECONDS = 1.0  # 429s that come this close together are one burst, which halves the limit once


class Throttle:
    """A limit on requests under way, which adapts to the load that the store can take.

    A 429 or 503 halves the limit, down to 1. Every request that succeeds adds 1/limit, so a limit of n grows by one
    with every n successes, up to the highest limit. The request that has waited longest goes first.

    Attributes:
        limit: The present limit.
    """

    def __init__(self, most: int, monotonic: Callable[[], float]) -> None:
        """Start with the highest limit.

        Args:
            most: The highest limit, at least 1.
            monotonic: A clock, in seconds, that never goes back.
        """
        self._most = most
        self._monotonic = monotonic
        self._halved_at = float("-inf")
        self._slots = Budget(most)
        self.limit = float(most)

    async def __aenter__(self) -> None:
        await self._slots.acquire()

    async def __aexit__(self, *error: object) -> None:
        self._slots.release()

    def succeeded(self) -> None:
        """Record that a request succeeded."""
        self.limit = min(float(self._most), self.limit + 1 / self.limit)
        self._slots.resize(int(self.limit))

    def refused(self) -> None:
        """Record that the store asked for fewer requests."""
        now = self._monotonic()
        if now - self._halved_at >= _PAUSE_SECONDS:
            self._halved_at = now
            self.limit = max(1.0, self.limit / 2)
            self._slots.resize(int(self.limit))
