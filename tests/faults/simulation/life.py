"""One process of a task, from start to end or death; a test can kill or pause it at any operation."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.faults.store import Fault, Operation
from tests.virtual import EPOCH, VirtualClock

Trace = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fate:
    """The things that happen to a process.

    Attributes:
        killed_at: The number of the operation at which it dies, from 1; 0 for never.
        killed_at_thumbnail: The number of the thumbnail at whose creation it dies, from 1; 0 for never.
        applied: Whether the operation at which it dies is applied before.
        killed_after: The virtual seconds after which it dies at any point, or 0.
        paused_at: The number of the operation before which it pauses, or 0.
        pause: The length of the pause, in virtual seconds.
        told_after: The virtual seconds after which it is told to stop, or 0.
    """

    killed_at: int = 0
    killed_at_thumbnail: int = 0
    applied: bool = False
    killed_after: float = 0.0
    paused_at: int = 0
    pause: float = 0.0
    told_after: float = 0.0


def never(operation: Operation, applied: bool) -> bool:
    """Return False."""
    del operation, applied
    return False


@dataclass(eq=False)
class Life:
    """One process of a task.

    Attributes:
        name: The name of the process in traces and journals.
        fate: The things that happen to it.
        main: The coroutine that it runs.
        dead: Whether it was killed.
        operations: The number of requests that it began.
        thumbnails: The number of thumbnails that it began to create.
        most: The number of operations after which it counts as endless, or 0.
        crash_if: Asked before and after every operation, for tests that kill at a step of the protocol; True kills.
    """

    name: str
    fate: Fate
    trace: Trace | None = None
    crash_if: Callable[[Operation, bool], bool] = never
    most: int = 0
    main: asyncio.Task[Any] | None = None
    dead: bool = False
    operations: int = 0
    thumbnails: int = 0
    _paused_until: float = 0.0
    _last: Operation | None = None

    def kill(self) -> None:
        """End it at this very point: no later request reaches a store, not even those of its cleanup."""
        if not self.dead:
            self.dead = True
            self.say("killed")
            if self.main is not None:
                self.main.cancel()

    def pause(self, seconds: float) -> None:
        """Pause it for some seconds, as SIGSTOP does."""
        self.say(f"paused for {seconds:.0f} s")
        self._paused_until = asyncio.get_running_loop().time() + seconds

    async def gate(self) -> None:
        """Wait while the process is paused.

        Raises:
            asyncio.CancelledError: The process is dead.
        """
        loop = asyncio.get_running_loop()
        while not self.dead and loop.time() < self._paused_until:  # noqa: ASYNC110  (it can be paused again)
            await asyncio.sleep(self._paused_until - loop.time())
        if self.dead:
            raise asyncio.CancelledError

    async def before(self, operation: Operation) -> None:
        """Count an operation; die or pause before it if that is due."""
        await self.gate()
        self.operations += 1
        number = self.operations
        if self.most and number > self.most:
            raise AssertionError(f"{number} operations, and no end")
        if number == self.fate.paused_at:
            self.pause(self.fate.pause)
            await self.gate()
        due = number == self.fate.killed_at
        if operation.is_thumbnail:
            self.thumbnails += 1
            due |= self.thumbnails == self.fate.killed_at_thumbnail
        if (due and not self.fate.applied) or self.crash_if(operation, False):
            self.say(f"dies before {operation.kind} {operation.name}")
            self.kill()
            raise asyncio.CancelledError
        if due:
            self._last = operation

    async def after(self, operation: Operation, fault: Fault | None) -> None:
        """Die or pause after an operation if that is due."""
        self.say(f"{operation.kind} {operation.name} {operation.start and 'from ' + operation.start} {fault or ''}")
        if operation is self._last or self.crash_if(operation, True):
            self.say(f"dies after {operation.kind} {operation.name}")
            self.kill()
        await self.gate()

    def say(self, text: str) -> None:
        """Add a line to the trace."""
        if self.trace:
            self.trace(f"{asyncio.get_running_loop().time():9.3f} {self.name}: {text.strip()}")


class LifeClock(VirtualClock):
    """The clock of one process: it is a few seconds off, and waits longer while the process is paused."""

    def __init__(self, life: Life, chance: random.Random) -> None:
        super().__init__(chance.getrandbits(64), epoch=EPOCH + timedelta(seconds=chance.uniform(-3, 3)))
        self._life = life

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time, longer while the process is paused."""
        await asyncio.sleep(seconds)
        await self._life.gate()
