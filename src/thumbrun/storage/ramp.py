"""How many requests a second one task may send to a bucket: its share of what Cloud Storage takes at the run's age.

A bucket that was idle takes about 1,000 writes and 5,000 reads a second; more may be asked of it by and by, no faster
than doubling over 20 minutes (https://cloud.google.com/storage/docs/request-rate). Every task knows the run's age and
how many tasks there are, so each keeps to its share without talking to anyone, and all of them together to the whole.
"""

import math
from collections.abc import Awaitable, Callable

WRITES = 1000  # a second, of all tasks together, at first
READS_A_WRITE = 5.0  # as many times the reads
DOUBLING_SECONDS = 1200.0

_CREDIT_SECONDS = 0.25  # what was not asked for in the last moment may be caught up with: requests come in bursts
_MOST_DOUBLINGS = 40.0  # beyond any bucket


class Ramp:
    """The ceiling of one task's requests to one bucket."""

    def __init__(
        self,
        writes: float,
        share: float,
        age: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        uniform: Callable[[float, float], float],
    ) -> None:
        """Begin now.

        Args:
            writes: A second, of all tasks together, at age 0.
            share: Of this task, above 0 and at most 1.
            age: Returns the seconds for which the tasks have been at work.
            sleep: Waits so many seconds.
            uniform: Returns a random number between two, so that tasks do not begin as one.
        """
        self._age = age
        self._sleep = sleep
        self._writes = _Turns(writes * share, age(), uniform)
        self._reads = _Turns(writes * READS_A_WRITE * share, age(), uniform)

    async def turn(self, operation: str) -> None:
        """Wait until a request, `create` or one that reads, may be sent."""
        wait = (self._writes if operation == "create" else self._reads).take(self._age())
        if wait > 0:
            await self._sleep(wait)


class _Turns:
    """Hands out moments, at a rate that doubles every 20 minutes; whoever asks first goes first."""

    def __init__(self, rate: float, now: float, uniform: Callable[[float, float], float]) -> None:
        self._rate = rate
        self._next = now + uniform(0.0, 1 / self._rate_at(now))

    def take(self, now: float) -> float:
        """Return how long to wait; 0 where nobody has to."""
        turn = max(now - _CREDIT_SECONDS, self._next)
        # The rate at its beginning is the least within the gap, so that no gap is too short.
        self._next = turn + 1 / self._rate_at(turn)
        return max(0.0, turn - now)

    def _rate_at(self, age: float) -> float:
        return self._rate * math.exp2(min(max(age, 0.0) / DOUBLING_SECONDS, _MOST_DOUBLINGS))
