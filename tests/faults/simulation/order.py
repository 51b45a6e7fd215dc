"""Virtual time with one order: a seed decides the same steps on every machine and in every process."""

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any, TypeVar

from tests.virtual import VirtualLoop

T = TypeVar("T")


class _OrderedTask(asyncio.Task[Any]):
    """A task that does not hash by its address, so that sets of tasks have the same order on every machine."""

    _numbers = itertools.count()

    def __init__(self, coroutine: Coroutine[Any, Any, Any], **options: Any) -> None:
        self._number = next(self._numbers)
        super().__init__(coroutine, **options)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class OrderedLoop(VirtualLoop):
    """A loop with virtual time in which one seed gives one order, in every process."""

    def __init__(self) -> None:
        super().__init__()
        self._selector.select = self._pass  # type: ignore[attr-defined]  # there are no sockets here, and asking the system for them takes time
        _OrderedTask._numbers = itertools.count()
        self.set_task_factory(lambda loop, coroutine, **options: _OrderedTask(coroutine, loop=loop, **options))

    def _pass(self, timeout: float | None = None) -> list[object]:
        """Jump to the time of the next timer."""
        if timeout is None:
            raise RuntimeError("everybody waits for something that will never happen")
        if timeout > 0:
            self.jump(timeout)
        return []


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=OrderedLoop) as runner:
        return runner.run(coroutine)
