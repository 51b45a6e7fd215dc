"""Tests that planning keeps no listing in memory, with a source that makes its objects while it is listed."""

import tracemalloc
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import pytest

from tests.virtual import run
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning import naming
from thumbrun.planning.build import PlanBuilder, Source
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.select import Selection
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.base import Entry, Page
from thumbrun.storage.memory import MemoryStore

SMALL, LARGE = 100_000, 180_000
BYTES_A_NAME = 20  # 8 for the hash of the name, and its part of the plan's entry for the shard


class Names(Sequence[str]):
    """A number of names in order, none of which is kept in memory."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        return f"in/{index:09d}.jpg"


class Endless(MemoryStore):
    """A store that lists a number of objects and keeps none."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.names = Names(count)

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = 1000) -> Page:
        """Make the entries of a page."""
        first = bisect_left(self.names, start)
        bound = bisect_left(self.names, end) if end else len(self.names)
        last = min(first + limit, bound)
        entries = [Entry(self.names[n], 50_000, "1700000000000000", crc32c=n) for n in range(first, last)]
        return Page(tuple(entries), self.names[last] if last < bound else "")


class Forgetful(MemoryStore):
    """A store that accepts records and forgets their bytes."""

    async def create(self, name: str, body: bytes, **kwargs: object) -> Entry:
        """Accept a record."""
        return Entry(name, len(body), "1")


def peak(count: int) -> int:
    """Return the most bytes of memory that planning takes for a number of objects."""

    async def scenario() -> None:
        source = Source(Endless(count), "in/", Selection())
        rule = NamingRule("flat", Recipe(), folds=False, limit=900)
        builder = PlanBuilder(
            source, RecordStore(Forgetful(), ""), "run", 1, rule, 1
        )  # every shard has a thousand items from the start
        plan = await builder.make()
        assert count == plan.items

    tracemalloc.start()
    try:
        run(scenario())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.timeout(3600)  # tracing makes it ten times slower, and a busy machine as much again
def test_memory_grows_by_a_hash_a_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each further object costs a few bytes, so ten million of them fit into a task of 512 MiB."""
    monkeypatch.setattr(naming, "_HASHES_A_PASS", SMALL // 6)  # many passes, as with millions of names
    small, large = peak(SMALL), peak(LARGE)
    each = (large - small) / (LARGE - SMALL)
    with capsys.disabled():
        print(f"\nplanning: {small / 1e6:.1f} MB for {SMALL:,} objects, {each:.1f} bytes for each further one")
    assert each < BYTES_A_NAME
