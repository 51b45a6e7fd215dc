"""How many requests may be under way at once: halved when the store asks for less, growing back slowly."""

import asyncio
from collections import deque
from collections.abc import Callable

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
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.limit = float(most)

    async def __aenter__(self) -> None:
        if self._under_way < int(self.limit) and not self._waiting:
            self._under_way += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._under_way -= 1  # its turn came in the moment in which it was cancelled
            else:
                self._waiting.remove(turn)
            self._wake()
            raise

    async def __aexit__(self, *error: object) -> None:
        self._under_way -= 1
        self._wake()

    def succeeded(self) -> None:
        """Note that a request was answered as it should be."""
        self.limit = min(float(self._most), self.limit + 1 / self.limit)
        self._wake()

    def refused(self) -> None:
        """Note that the store asked for fewer requests."""
        now = self._monotonic()
        if now - self._halved_at >= _PAUSE_SECONDS:
            self._halved_at = now
            self.limit = max(1.0, self.limit / 2)

    def _wake(self) -> None:
        while self._waiting and self._under_way < int(self.limit):
            self._under_way += 1
            self._waiting.popleft().set_result(None)
