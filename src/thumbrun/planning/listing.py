"""List a prefix: page by page, and in parallel over key ranges once it is large.

A large prefix is cut into ranges of names while it is being listed: whenever a lister has nothing to do, the range
that has most left is halved. Each range yields its pages in order; no page is held back for another range, so memory
is bounded by one page a lister.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from thumbrun.concurrency import BoundedGroup
from thumbrun.storage.base import Entry, Store

PARALLEL = 8  # ranges listed at once
LARGE_PAGES = 10  # pages after which a prefix counts as large

_GUESSES = 48  # probes for a middle before a range counts as not worth halving: some four for each character


async def pages(store: Store, prefix: str, start: str = "") -> AsyncIterator[tuple[Entry, ...]]:
    """Yield every page of a prefix, or of its names at or after `start`, one after the other."""
    more = True
    while more:
        page = await store.page(prefix, start=start)
        if page.entries:
            yield page.entries
        start, more = page.resume_at, page.more


@dataclass(slots=True, eq=False)
class Range:
    """Names from `start` (inclusive) to `end` (exclusive, or empty for the end of the prefix), still being listed.

    Attributes:
        number: Unique among the ranges of one listing; says nothing of their order.
        first: The first name of the range, which orders the ranges.
        pages: Listed so far.
        halving: Whether somebody is looking for its middle.
        whole: Whether nothing is left to halve, or no middle was found, so that nobody looks again.
    """

    number: int
    start: str
    end: str
    first: str = field(init=False)
    pages: int = 0
    halving: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        self.first = self.start


class RangeListing:
    """Lists what remains of a large prefix in parallel ranges.

    Each page goes to `take` with its range as soon as it is there; pages of one range come in order.
    """

    def __init__(
        self,
        store: Store,
        prefix: str,
        take: Callable[[Range, tuple[Entry, ...]], Awaitable[None]],
        finish: Callable[[Range], Awaitable[None]],
        alphabet: Iterable[str],
        *,
        parallel: int = PARALLEL,
    ) -> None:
        """Prepare; nothing is asked of the store yet.

        Args:
            store: Where the prefix lies.
            prefix: Of all names.
            take: Awaited with every page; a slow one slows the listing down.
            finish: Awaited when a range has no more pages.
            alphabet: The characters of the names seen so far, among which a range's middle is guessed. Names may
                hold others.
            parallel: Listers at once.
        """
        self._store = store
        self._prefix = prefix
        self._take = take
        self._finish = finish
        self._alphabet = sorted(set(alphabet))
        self._parallel = parallel
        self._active: list[Range] = []
        self._made = 0
        self._changed = asyncio.Event()

    async def run(self, start: str) -> None:
        """List all names at or after `start`.

        Raises:
            StoreError: The first that any lister met; the others are stopped.
        """
        whole = self._open(start, "")
        async with BoundedGroup(self._parallel) as group:
            await group.start(self._list(whole))
            for _ in range(self._parallel - 1):
                await group.start(self._help())

    def _open(self, start: str, end: str) -> Range:
        self._made += 1
        opened = Range(self._made, start, end)
        self._active.append(opened)
        return opened

    async def _help(self) -> None:
        """Halve other ranges and list the second halves, until nothing is left to list."""
        while self._active:
            candidates = [r for r in self._active if not (r.halving or r.whole) and r.pages]
            if not candidates:
                self._changed.clear()
                await self._changed.wait()
                continue
            # Ranges are never longer than what they were cut from, so the one with most pages listed since its
            # last cut is the best guess at the longest.
            longest = max(candidates, key=lambda r: r.pages)
            if half := await self._halve(longest):
                await self._list(half)

    async def _halve(self, whole: Range) -> Range | None:
        whole.halving = True
        try:
            middle = await self._middle(whole)
            # Meanwhile the range may have come to its end, or past the middle.
            if middle is None or whole.whole or middle <= whole.start:
                whole.whole = whole.whole or middle is None
                return None
            half = self._open(middle, whole.end)
            whole.end = middle
            whole.pages = 0
            return half
        finally:
            whole.halving = False

    async def _middle(self, whole: Range) -> str | None:
        """Return a name that exists somewhere in the middle of what a range has left, or None if none is found."""
        high = whole.end
        for _ in range(_GUESSES):
            low = whole.start  # it moves on while we look
            if whole.whole or (high and low >= high):
                return None
            guess = between(low.removeprefix(self._prefix), high.removeprefix(self._prefix), self._alphabet)
            if guess is None:
                return None
            page = await self._store.page(self._prefix, start=self._prefix + guess, end=whole.end, limit=1)
            if page.entries and page.entries[0].name > whole.start:
                return page.entries[0].name
            high = self._prefix + guess  # nothing lies beyond the guess: look before it
        return None

    async def _list(self, mine: Range) -> None:
        try:
            more = True
            while more and (not mine.end or mine.start < mine.end):
                page = await self._store.page(self._prefix, start=mine.start, end=mine.end)
                # The range may have been halved while the page was on its way.
                entries = page.entries
                if mine.end and entries and entries[-1].name >= mine.end:
                    entries = tuple(entry for entry in entries if entry.name < mine.end)
                more = page.more
                if more:
                    mine.start = page.resume_at
                mine.whole = mine.whole or not more or bool(mine.end and mine.start >= mine.end)
                mine.pages += 1
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
