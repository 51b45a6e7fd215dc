"""Chooses some of many items, evenly over groups, in bounded memory and one pass. Pure."""

from collections.abc import Iterator
from heapq import heappush, heapreplace, nsmallest
from typing import Generic, TypeVar
from zlib import crc32

T = TypeVar("T")


class EvenSample(Generic[T]):
    """A sample of items in groups, such as folders: of each group about as many, as far as it has them.

    It keeps at most twice as many items as are wanted. Of a group it keeps those with the smallest ranks. Once the
    items of all groups are too many, each group keeps half as many. Once that is one, it keeps half of the groups. So
    what it keeps depends on the items and their ranks, not on the order in which they come.
    """

    def __init__(self, most: int) -> None:
        """Start with an empty sample.

        Args:
            most: How many items are wanted.
        """
        self._most = most
        self._each = most
        self._last_hash = 0xFFFFFFFF  # groups with a larger hash are left out
        self._groups: dict[str, list[tuple[int, int, T]]] = {}  # the largest rank of each first
        self._kept = 0
        self.seen = 0

    def add(self, group: str, rank: int, item: T) -> None:
        """Add an item.

        Args:
            group: The name of its group.
            rank: A number that is the same for the same item in every run of the program, such as a hash of its name.
            item: The item.
        """
        self.seen += 1
        kept = self._groups.get(group)
        if kept is None:
            if _hash(group) > self._last_hash:
                return
            kept = self._groups[group] = []
        entry = (-rank, self.seen, item)
        if len(kept) < self._each:
            heappush(kept, entry)
            self._kept += 1
            if self._kept > 2 * self._most:
                self._shrink()
        elif -rank > kept[0][0]:
            heapreplace(kept, entry)

    def _shrink(self) -> None:
        while self._kept > 2 * self._most:
            if self._each > 1:
                self._each = (self._each + 1) // 2
                for kept in self._groups.values():
                    kept[:] = sorted(sorted(kept, reverse=True)[: self._each])
            else:
                self._last_hash //= 2
                self._groups = {name: kept for name, kept in self._groups.items() if _hash(name) <= self._last_hash}
            self._kept = sum(map(len, self._groups.values()))

    def in_turn(self) -> Iterator[T]:
        """Yield the first item of each group, then the second one of each, and so on, at most as many as wanted."""
        ranked = [sorted(kept, reverse=True) for _, kept in sorted(self._groups.items())]
        left = self._most
        for place in range(self._each):
            turn = [kept[place] for kept in ranked if place < len(kept)]
            for entry in nsmallest(left, turn, key=lambda entry: -entry[0]):
                yield entry[2]
            left -= len(turn)
            if left <= 0 or not turn:
                return


def _hash(name: str) -> int:
    return crc32(name.encode("utf-8", "surrogatepass"))
