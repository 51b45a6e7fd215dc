"""Lists a prefix: page by page, or in parallel over ranges of names.

A prefix of more than a few pages is cut into ranges while it is listed: a lister that has nothing to do cuts the range
that probably has most left. Each range yields its pages in order. No page waits for another range, so memory is bounded
by one page for each lister.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from thumbrun.concurrency import BoundedGroup, every
from thumbrun.storage.base import Entry, Store, Unlisted

PARALLEL = 16  # ranges listed at once

_LEARNED_FROM = 10  # pages from whose names the characters are learnt
_CUT_FROM = 3  # pages before anything is cut; fewer are listed as fast in order
_GUESSES = 24  # rounds of probes before a range counts as not worth cutting: some four for each character
_PROBES = 8  # at once: a guess, and the guesses that follow if nothing lies beyond it, so that there is one wait


def refuse(unlisted: Unlisted) -> None:
    """Raise the error of a part that cannot be listed, because the rest alone would be misleading."""
    raise unlisted.error


def ignore(_links: int) -> None:
    """Do nothing about symbolic links."""


async def pages(
    store: Store,
    prefix: str,
    start: str = "",
    *,
    on_unlisted: Callable[[Unlisted], None] = refuse,
    on_links: Callable[[int], None] = ignore,
) -> AsyncIterator[tuple[Entry, ...]]:
    """Yield the pages of a prefix in order: all, or those of its names at or after `start`.

    Args:
        store: The store of the prefix.
        prefix: The prefix of all names.
        start: The first name that counts.
        on_unlisted: Called with each part that cannot be listed; it ends the listing if it raises.
        on_links: Called with numbers of symbolic links, which are no objects.
    """
    more = True
    while more:
        page = await store.page(prefix, start=start)
        for part in page.unlisted:
            on_unlisted(part)
        on_links(len(page.links))
        if page.entries:
            yield page.entries
        start, more = page.resume_at, page.more


@dataclass(slots=True, eq=False)
class NameRange:
    """A range of names that is still being listed: `start` belongs to it, `end` does not.

    An empty `end` stands for the end of the prefix.

    Attributes:
        number: A number that no other range of the listing has; it says nothing of their order.
        first: The first name of the range, which orders the ranges.
        pages: The number of pages listed since the range was last cut.
        cutting: Whether a lister is searching for names to cut it at.
        whole: Whether it cannot be cut, because nothing is left or no name was found; no lister searches it again.
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
    """Lists a prefix in parallel ranges; a prefix of one page takes one request.

    Each page goes to `take` with its range as soon as it arrives; the pages of one range arrive in order.
    """

    def __init__(
        self,
        store: Store,
        prefix: str,
        take: Callable[[NameRange, tuple[Entry, ...]], Awaitable[None]],
        finish: Callable[[NameRange], Awaitable[None]],
        *,
        on_unlisted: Callable[[Unlisted], None] = refuse,
        on_links: Callable[[int], None] = ignore,
        parallel: int = PARALLEL,
    ) -> None:
        """Set up the listing; no request is sent yet.

        Args:
            store: The store of the prefix.
            prefix: The prefix of all names.
            take: Awaited with every page; if it is slow, it slows the listing down.
            finish: Awaited with each range that has no more pages.
            on_unlisted: Called with each part that cannot be listed; it ends the listing if it raises.
            on_links: Called with numbers of symbolic links, which are no objects.
            parallel: The number of listers.
        """
        self._store = store
        self._on_unlisted = on_unlisted
        self._on_links = on_links
        self._prefix = prefix
        self._take = take
        self._finish = finish
        # The characters of the first names, from which the middle of a range is guessed. Later names can hold others.
        self._alphabet: list[str] = []
        self._pages = 0  # listed so far
        self._parallel = parallel
        self._active: list[NameRange] = []
        self._unlisted: deque[NameRange] = deque()  # the active ranges that no lister has begun
        self._made = 0
        self._changed = asyncio.Event()

    async def run(self, start: str = "") -> None:
        """List all names, or those at or after `start`.

        Raises:
            StoreError: The first error of any lister; the others are stopped.
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
        """List a range that no lister has begun, or cut one that another lister has, until nothing is left to list."""
        while self._active:
            candidates = [r for r in self._active if not (r.cutting or r.whole) and r.pages]
            if self._unlisted:
                await self._list(self._unlisted.popleft())
            elif candidates and self._pages >= _CUT_FROM:
                # A range is never longer than the one it was cut from, so the range with most pages since its last cut
                # is probably the longest.
                await self._cut(max(candidates, key=lambda r: r.pages))
            else:
                self._changed.clear()
                await self._changed.wait()

    async def _cut(self, whole: NameRange) -> None:
        """Cut a range: it keeps its beginning, and the rest becomes new ranges, at most one for each idle lister."""
        whole.cutting = True
        try:
            names = await self._middles(whole)
            whole.whole = whole.whole or not names
            for name in names[: max(1, self._parallel - len(self._active))]:
                # Meanwhile the range might have ended, or its lister might have passed the name.
                if whole.whole or name <= whole.start:
                    break
                # An object that was put between two probes can be found by the later one only. A cut behind an earlier
                # cut would let the range grow again, over names that the other range lists.
                if whole.end and name >= whole.end:
                    continue
                self._open(name, whole.end)
                whole.end = name
                whole.pages = 0
        finally:
            whole.cutting = False
            self._changed.set()

    async def _middles(self, whole: NameRange) -> list[str]:
        """Return existing names near a half, a quarter and so on of the rest of a range, from the last on."""
        for _ in range(_GUESSES):
            probes = self._probes(whole)
            if whole.whole or not probes:
                break
            end = whole.end
            found = await every(self._store.page(self._prefix, start=one, end=end, limit=1) for one in probes)
            for probe, page in zip(probes, found, strict=True):
                if page.entries or page.more or page.unlisted:
                    break
                whole.end = probe  # nothing lies beyond, so no lister searches there again
            first = (page.entries[0].name for page in found if page.entries)
            if names := [name for name in dict.fromkeys(first) if name > whole.start]:
                return names
        return []

    def _probes(self, whole: NameRange) -> list[str]:
        """Return names to probe from: one near the middle of a range, one near the middle of its first half, and so on.

        The names of most ranges begin alike, so that nothing lies in the upper half of all possible names.
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
                for part in page.unlisted:
                    self._on_unlisted(part)
                # The range might have been cut while the page was on its way.
                entries = page.entries
                self._on_links(sum(not mine.end or name < mine.end for name in page.links))
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
        high: The upper bound, or empty for no bound.
        alphabet: The characters to guess from, sorted.
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
