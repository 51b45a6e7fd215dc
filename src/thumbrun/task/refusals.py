"""Decides whether a store refuses one object only, or every object.

A refusal of one object is the outcome of its item: nothing would be gained by trying again. A refusal of the whole
bucket is an error of the task, which somebody can mend. If thumbrun took it for the objects' own, a missing role would
make a million failures. Often the store's answer does not tell. So thumbrun tries another object, tries the refused
ones again, and tries another object once more: a permission can be missing for a while only.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from enum import Enum, auto

from thumbrun.outcomes import Outcome, Reason, Timing, refusal
from thumbrun.storage.base import StoreError
from thumbrun.task.work_item import WorkItem

# Refused items, after each of which thumbrun checks that the store takes requests for others. So many need a proof of
# their own kind: a thumbnail that was created proves that others are not refused, and a record would prove less.
MANY = 8

Again = Callable[[AsyncIterator[WorkItem]], Awaitable[None]]


class Side(Enum):
    """The store that refuses: that of the items, or that of their thumbnails."""

    SOURCE = auto()
    OUTPUT = auto()


class RefusedItemError(StoreError):
    """The store refuses an object of an item for good. Nothing says yet whether it refuses all others, too.

    Attributes:
        side: The store that refuses.
        reason: The reason of the item's outcome if others are not refused.
        created: For the output, how many thumbnails the task had created by then.
        timing: What the item's time went into.
    """

    timing: Timing | None = None

    def __init__(self, side: Side, reason: Reason, error: StoreError, *, created: int = 0) -> None:
        super().__init__(str(error), hint=error.hint)
        self.side = side
        self.reason = reason
        self.created = created


Passes = Callable[[WorkItem, RefusedItemError, bool], Awaitable[bool]]
Refused = tuple[WorkItem, RefusedItemError]


class Refusals:
    """The refused items of a task."""

    def __init__(self, passes: Passes) -> None:
        """Start with no refused item.

        Args:
            passes: Returns whether the store has let another object pass since an item was refused, and gets whether
                it is one of many.
        """
        self._passes = passes
        self._refused: list[Refused] = []

    async def add(self, work: WorkItem, error: RefusedItemError) -> None:
        """Add an item.

        Raises:
            RefusedItemError: Many items were refused, and nothing passes.
        """
        self._refused.append((work, error))
        if len(self._refused) % MANY == 0 and not await self._passes(*self._refused[-MANY], True):
            raise error

    async def resolve(self, take: Callable[[Outcome], None], again: Again) -> list[Refused]:
        """Try the refused items once more, and give them an outcome if others pass before and after that.

        Args:
            take: Called with each outcome.
            again: Works some items again; it adds those that are refused again.

        Returns:
            The items that stay open.
        """
        first, self._refused = self._refused, []
        count = Counter(error.side for _, error in first)
        passing = await self._passing(first, count)
        await again(_each(work for work, error in first if error.side in passing))
        left = [(work, error) for work, error in first if error.side not in passing]
        second, self._refused = self._refused, []
        passing &= await self._passing([*first, *second], count)
        for work, error in second:
            if error.side in passing:
                take(refusal(work.shard, work.index, error.reason, str(error), timing=error.timing))
            else:
                left.append((work, error))
        return left

    async def _passing(self, refused: Sequence[Refused], count: Counter[Side]) -> set[Side]:
        """Return the sides where others pass, by the first item that was refused there."""
        firsts: dict[Side, Refused] = {}
        for work, error in refused:
            firsts.setdefault(error.side, (work, error))
        return {side for side, one in firsts.items() if await self._passes(*one, count[side] >= MANY)}


async def _each(works: Iterable[WorkItem]) -> AsyncIterator[WorkItem]:
    for work in works:
        yield work
