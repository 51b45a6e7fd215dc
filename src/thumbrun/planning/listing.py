"""List a prefix: page by page, or in parallel over key ranges.

What has more than a page is cut into ranges of names while it is being listed: whenever a lister has nothing to do,
the range that has most left is cut. Each range yields its pages in order; no page is held back for another range,
so memory is bounded by one page a lister.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from thumbrun.concurrency import BoundedGroup, every
from thumbrun.storage.base import Entry, Store

PARALLEL = 16  # ranges listed at once

_LEARNED_FROM = 10  # pages, of whose names the characters are learned
_CUT_FROM = 3  # pages, before anything is cut: fewer are listed as fast in order
_GUESSES = 24  # times so many, before a range counts as not worth cutting: some four probes for each character
_PROBES = 8  # at once: a guess, and those that follow where nothing lies beyond it, so that they wait but once


async def pages(store: Store, prefix: str, start: str = "") -> AsyncIterator[tuple[Entry, ...]]:
    """Yield every page of a prefix, or of its names at or after `start`, one after the other."""
    more = True
    while more:
        page = await store.page(prefix, start=start)
        if page.entries:
            yield page.entries
        start, more = page.resume_at, page.more


@dataclass(slots=True, eq=False)
class NameRange:
    """Names from `start` (inclusive) to `end` (exclusive, or empty for the end of the prefix), still being listed.

    Attributes:
        number: Unique among the ranges of one listing; says nothing of their order.
        first: The first name of the range, which orders the ranges.
        pages: Listed so far.
        cutting: Whether somebody is looking for names to cut it at.
        whole: Whether nothing is left to cut, or no name was found, so that nobody looks again.
    """

    number: int
    start: str
    end: str
    first: str = field(init=False)
    pages: int = 0
    cutting: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        self.first = self.start


class RangeListing:
    """Lists a prefix in parallel ranges; one of a single page takes a single request.

    Each page goes to `take` with its range as soon as it is there; pages of one range come in order.
    """

    def __init__(
        self,
        store: Store,
        prefix: str,
        take: Callable[[NameRange, tuple[Entry, ...]], Awaitable[None]],
        finish: Callable[[NameRange], Awaitable[None]],
        *,
        parallel: int = PARALLEL,
    ) -> None:
        """Prepare; nothing is asked of the store yet.

        Args:
            store: Where the prefix lies.
            prefix: Of all names.
            take: Awaited with every page; a slow one slows the listing down.
            finish: Awaited when a range has no more pages.
            parallel: Listers at once.
        """
        self._store = store
        self._prefix = prefix
        self._take = take
        self._finish = finish
        # Those that names hold, among which a range's middle is guessed; names may hold others.
        self._alphabet: list[str] = []
        self._pages = 0  # listed so far
        self._parallel = parallel
        self._active: list[NameRange] = []
        self._unlisted: deque[NameRange] = deque()  # of those active
        self._made = 0
        self._changed = asyncio.Event()

    async def run(self, start: str = "") -> None:
        """List all names, or those at or after `start`.

        Raises:
            StoreError: The first that any lister met; the others are stopped.
        """
        self._open(start, "")
        async with BoundedGroup(self._parallel) as group:
            for _ in range(self._parallel):
                await group.start(self._work())

    def _open(self, start: str, end: str) -> None:
        self._made += 1
        opened = NameRange(self._made, start, end)
        self._active.append(opened)
        self._unlisted.append(opened)

    async def _work(self) -> None:
        """List a range that nobody lists yet, or cut one that another lists, until nothing is left to list."""
        while self._active:
            candidates = [r for r in self._active if not (r.cutting or r.whole) and r.pages]
            if self._unlisted:
                await self._list(self._unlisted.popleft())
            elif candidates and self._pages >= _CUT_FROM:
                # Ranges are never longer than what they were cut from, so the one with most pages listed since its
                # last cut is the best guess at the longest.
                await self._cut(max(candidates, key=lambda r: r.pages))
            else:
                self._changed.clear()
                await self._changed.wait()

    async def _cut(self, whole: NameRange) -> None:
        """Leave a range its beginning, and open others of the rest: for each lister without work one, if it can be."""
        whole.cutting = True
        try:
            names = await self._middles(whole)
            whole.whole = whole.whole or not names
            for name in names[: max(1, self._parallel - len(self._active))]:
                # Meanwhile the range may have come to its end, or past a name.
                if whole.whole or name <= whole.start:
                    break
                self._open(name, whole.end)
                whole.end = name
                whole.pages = 0
        finally:
            whole.cutting = False
            self._changed.set()

    async def _middles(self, whole: NameRange) -> list[str]:
        """Return names that exist about a half, a quarter… of what a range has left, from the last on; none if none."""
        for _ in range(_GUESSES):
            probes = self._probes(whole)
            if whole.whole or not probes:
                break
            end = whole.end
            found = await every(self._store.page(self._prefix, start=one, end=end, limit=1) for one in probes)
            for probe, page in zip(probes, found, strict=True):
                if page.entries or page.more:
                    break
                whole.end = probe  # nothing lies beyond, so that nobody looks there again
            first = (page.entries[0].name for page in found if page.entries)
            if names := [name for name in dict.fromkeys(first) if name > whole.start]:
                return names
        return []

    def _probes(self, whole: NameRange) -> list[str]:
        """Return names to look behind: one near the middle of a range, one near that of what is before it, and so on.

        Most ranges begin with what all their names share, and have nothing in the half of all names that is behind.
        """
        low, high = (name.removeprefix(self._prefix) for name in (whole.start, whole.end))
        probes: list[str] = []
        while len(probes) < _PROBES and (not high or low < high):
            guess = between(low, high, self._alphabet)
            if guess is None:
                break
            probes.append(self._prefix + guess)
            high = guess
        return probes

    def _learn(self, entries: tuple[Entry, ...]) -> None:
        if self._pages <= _LEARNED_FROM:
            names = (entry.name.removeprefix(self._prefix) for entry in entries)
            self._alphabet = sorted(set(self._alphabet).union(*names))

    async def _list(self, mine: NameRange) -> None:
        try:
            more = True
            while more and (not mine.end or mine.start < mine.end):
                page = await self._store.page(self._prefix, start=mine.start, end=mine.end)
                # The range may have been cut while the page was on its way.
                entries = page.entries
                if mine.end and entries and entries[-1].name >= mine.end:
                    entries = tuple(entry for entry in entries if entry.name < mine.end)
                more = page.more
                if more:
                    mine.start = page.resume_at
                mine.whole = mine.whole or not more or bool(mine.end and mine.start >= mine.end)
                mine.pages += 1
                self._pages += 1
                self._learn(entries)
                self._changed.set()
                if entries:
                    await self._take(mine, entries)
        finally:
            self._active.remove(mine)
            self._changed.set()
        await self._finish(mine)


def between(low: str, high: str, alphabet: Sequence[str]) -> str | None:
    """Return a string between two names, near the middle in alphabetical order, or None if there is hardly room.

    Args:
        low: The lower bound.
        high: The upper bound; empty for none.
        alphabet: Characters to guess among, sorted.
    """
    shared = 0
    while shared < min(len(low), len(high)) and low[shared] == high[shared]:
        shared += 1
    for position in range(shared, len(low) + 1):
        floor = bisect_right(alphabet, low[position]) if position < len(low) else 0
        at_fork = position == shared and position < len(high)
        ceiling = bisect_left(alphabet, high[position]) if at_fork else len(alphabet)
        if floor < ceiling:
            return low[:position] + alphabet[(floor + ceiling) // 2]
    return None
