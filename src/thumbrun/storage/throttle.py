"""A limit on requests at once, which halves when the store asks for fewer and then grows back slowly."""

from collections.abc import Callable

from thumbrun.concurrency import Budget

_PAUSE_SECONDS = 1.0  # 429s that come this close together are one burst, which halves the limit once


class Throttle:
    """A limit on requests under way, which adapts to the load that the store can take.

    A request that the store refuses with 429 or 503, or that is too slow, halves the limit, down to 1. Those that began
    before it was last halved do not count again: they say nothing about the new limit. Every request that succeeds adds
    1/limit, so a limit of n grows by one with every n successes, up to the highest limit. The request that has waited
    longest goes first.

    As an async context manager it holds a place for one request, and returns the time at which the request begins.

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

    async def __aenter__(self) -> float:
        await self._slots.acquire()
        return self._monotonic()

    async def __aexit__(self, *error: object) -> None:
        self._slots.release()

    def succeeded(self) -> None:
        """Record that a request succeeded."""
        self.limit = min(float(self._most), self.limit + 1 / self.limit)
        self._slots.resize(int(self.limit))

    def refused(self, begun: float) -> None:
        """Record that a request asks for fewer requests at once.

        Args:
            begun: The time at which it began.
        """
        now = self._monotonic()
        if begun >= self._halved_at and now - self._halved_at >= _PAUSE_SECONDS:
            self._halved_at = now
            self.limit = max(1.0, self.limit / 2)
            self._slots.resize(int(self.limit))
