"""What an image has cost so far, over all the processes that tried it.

An image can be tried several times: its process dies, it asks for more memory, or a part of it was not enough. A
hostile image can bring all of this about on purpose. So its time limit counts all tries together, except for the first
one if other images were in the process: nobody can tell which of them took the time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

_TICK = 1.0  # seconds


@dataclass(eq=False, slots=True)
class Tries:
    """The tries to decode one image.

    Attributes:
        seconds: The seconds that they took, without those in which other images were in the process.
        deaths: How many processes died while they had the image, without a verdict on it.
        alone: Whether the image must be alone in its process, because it was tried before.
    """

    seconds: float = 0.0
    deaths: int = 0
    alone: bool = False


class Countdown:
    """Calls a function after some time, and counts only the time in which the task itself was running.

    It counts in ticks. When Cloud Run moves a task to another machine, it stops the task and all its processes for
    seconds. Such a pause counts as one tick.

    Attributes:
        passed: Whether the time has passed.
    """

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        """Start to count.

        Args:
            seconds: The seconds until the call.
            call: The function to call then.
        """
        self.passed = False
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._begin(seconds)

    @property
    def spent(self) -> float:
        """The seconds that have counted since it was started, or started again."""
        return self._counted + min(self._step, max(0.0, self._loop.time() - self._began))

    def cancel(self) -> None:
        """Stop counting; nothing is called any more."""
        self._timer.cancel()

    def restart(self, seconds: float) -> None:
        """Count anew.

        Args:
            seconds: The seconds until the call.
        """
        self._timer.cancel()
        self._begin(seconds)

    def _begin(self, seconds: float) -> None:
        self._seconds = seconds
        self._counted = 0.0
        self._timer = self._arm()

    def _arm(self) -> asyncio.TimerHandle:
        self._step = min(_TICK, self._seconds - self._counted)
        self._began = self._loop.time()
        return self._loop.call_later(self._step, self._tick)

    def _tick(self) -> None:
        self._counted += self._step
        if self._counted < self._seconds:
            self._timer = self._arm()
        else:
            self._step = 0.0
            self.passed = True
            self._call()
