"""Tests of the range of names that a listing asks for, by simulated answers of Cloud Storage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.storage.base import Entry
from thumbrun.storage.gcs.offsets import Offsets

NAMES = st.text("ab!\x01 é", min_size=1, max_size=3)
BOUNDS = st.text("ab!\0\x01é", max_size=4)


@pytest.mark.parametrize(
    ("prefix", "start", "end", "query"),
    [
        ("", "", "", {}),
        ("a/", "", "", {}),
        ("a/", "a/", "", {}),
        ("a/", "a/b", "a/c", {"startOffset": "a/b", "endOffset": "a/c"}),
        ("a/", "a/b\0", "", {"startOffset": "a/b"}),
        ("a/", "a/\0", "", {}),
        ("", "a\0b", "a\0c", {"startOffset": "a", "endOffset": "a!"}),
    ],
)
def test_what_a_listing_asks_for(prefix: str, start: str, end: str, query: dict[str, str]) -> None:
    """No offset holds NUL, and an offset that says nothing is left out."""
    assert query == Offsets(prefix, start, end).query


@given(names=st.sets(NAMES, max_size=12), start=BOUNDS, end=BOUNDS, limit=st.integers(1, 5))
def test_any_range_is_listed_whole(names: set[str], start: str, end: str, limit: int) -> None:
    """The entries that remain are the first ones of the range, and others follow only if the answer says so."""
    offsets = Offsets("", start, end)
    low, high = offsets.query.get("startOffset", ""), offsets.query.get("endOffset", "")
    assert "\0" not in low + high
    offered = [Entry(name, 1, "1") for name in sorted(names) if name >= low and (not high or name < high)]
    answer = tuple(offered[: limit + offsets.more])
    kept, more = offsets.fitting(answer, limit, more=len(offered) > len(answer))
    wanted = [name for name in sorted(names) if name >= start and (not end or name < end)]
    assert wanted[: len(kept)] == [entry.name for entry in kept]
    assert len(kept) <= limit
    assert more or len(kept) == len(wanted)
