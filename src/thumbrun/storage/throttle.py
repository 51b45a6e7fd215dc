"""How many requests may be under way at once: halved when the store asks for less, growing back slowly."""

from collections.abc import Callable

from thumbrun.concurrency import Budget

_PAUSE_SECONDS = 1.0  # 429s that come this close together are one burst and halve once


class Throttle:
    """A limit on requests under way, which follows what the store can take.

    A 429 or 503 halves the limit, down to 1. Every request that succeeds adds 1/limit, so that a limit of n grows by
    one with every n successes, up to the most. Who waits longest is served first.

    Attributes:
        limit: The present limit.
    """

    def __init__(self, most: int, monotonic: Callable[[], float]) -> None:
        """Begin with the most.

        Args:
            most: The highest limit, at least 1.
            monotonic: Seconds that only ever grow.
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
        """Note that a request was answered as it should be."""
        self.limit = min(float(self._most), self.limit + 1 / self.limit)
        self._slots.resize(int(self.limit))

    def refused(self) -> None:
        """Note that the store asked for fewer requests."""
        now = self._monotonic()
        if now - self._halved_at >= _PAUSE_SECONDS:
            self._halved_at = now
            self.limit = max(1.0, self.limit / 2)
            self._slots.resize(int(self.limit))
