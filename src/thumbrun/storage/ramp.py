"""The request rate of one task: its share of the requests a second that Cloud Storage accepts at the run's age.

A bucket that was idle accepts about 1,000 writes and 5,000 reads a second. After that the rate can grow, but it should
not double faster than every 20 minutes (https://cloud.google.com/storage/docs/request-rate). Every task knows the
run's age and the number of tasks. So each task keeps to its share without talking to the others, and all tasks
together keep to the whole rate.
"""

import math
from collections.abc import Awaitable, Callable

WRITES = 1000  # writes a second that all tasks together send at first
READS_A_WRITE = 5.0  # reads that a bucket accepts for each write
DOUBLING_SECONDS = 1200.0

# The tasks start at random moments, within 10 ms for each task and at most 10 s.
JITTER_A_TASK = 0.01
MOST_JITTER = 10.0

_CREDIT_SECONDS = 0.25  # a task can use the turns that it left unused for this long, because requests come in bursts
_WORTH_A_WORD = 1.0  # seconds of waiting after which the ramp calls `on_binding`
_MOST_DOUBLINGS = 40.0  # far more than any bucket needs


def writes_at(first: float, age: float) -> float:
    """Return the requests a second that a bucket accepts at an age of the run, in seconds.

    Args:
        first: The requests a second that it accepts at first.
        age: The seconds since the tasks began to work.
    """
    return first * math.exp2(min(max(age, 0.0) / DOUBLING_SECONDS, _MOST_DOUBLINGS))


class Ramp:
    """The limit on the requests a second that one task sends to one bucket."""

    def __init__(
        self,
        writes: float,
        share: float,
        age: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        uniform: Callable[[float, float], float],
        on_binding: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Start the ramp at the present age.

        Args:
            writes: The writes a second that all tasks together send at age 0.
            share: The share of this task, above 0 and at most 1.
            age: A function that returns for how many seconds the tasks have been working.
            sleep: A function that waits for a number of seconds.
            uniform: A function that returns a random number between two numbers, so that tasks do not start in step.
            on_binding: A function that is called once, when a request first waits for more than a second. It gets the
                requests a second that this task can send.
        """
        self._on_binding = on_binding
        self._told = False
        self._age = age
        self._sleep = sleep
        self._writes = _Turns(writes * share, age(), uniform)
        self._reads = _Turns(writes * READS_A_WRITE * share, age(), uniform)

    async def turn(self, operation: str) -> None:
        """Wait until a request can be sent: `create`, or one that reads."""
        turns, age = self._writes if operation == "create" else self._reads, self._age()
        wait = turns.take(age)
        if wait > _WORTH_A_WORD and not self._told:
            self._told = True
            self._on_binding(turns.rate_at(age))
        if wait > 0:
            await self._sleep(wait)


class _Turns:
    """Hands out turns in the order of the calls, at a rate that doubles every 20 minutes."""

    def __init__(self, rate: float, now: float, uniform: Callable[[float, float], float]) -> None:
        self._rate = rate
        self._next = now + uniform(0.0, 1 / self.rate_at(now))

    def take(self, now: float) -> float:
        """Take the next turn and return how many seconds to wait for it, which can be 0."""
        turn = max(now - _CREDIT_SECONDS, self._next)
        # The rate is lowest at the beginning of the gap, so no gap is too short.
        self._next = turn + 1 / self.rate_at(turn)
        return max(0.0, turn - now)

    def rate_at(self, age: float) -> float:
        """Return the number of turns a second at an age."""
        return writes_at(self._rate, age)
