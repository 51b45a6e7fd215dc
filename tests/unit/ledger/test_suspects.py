"""Tests which items are suspected of having killed a task."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.environment.task_identity import Task
from thumbrun.ledger.suspects import (
    SILENT_SECONDS,
    Announcement,
    Suspicion,
    from_index_ranges,
    suspects,
    to_index_ranges,
)

NOW = datetime(2026, 1, 2, 15, 30, tzinfo=UTC)
SECOND_ATTEMPT = Task(2, 5, 1, "execution-1")


def announced(*items: int, at_once: int = 100, alone: bool = False, age: float = 1.0, **task: Any) -> Announcement:
    """Return an announcement of the first attempt of the same task."""
    values: dict[str, Any] = {"index": 2, "count": 5, "attempt": 0, "execution": "execution-1"}
    return Announcement(items, at_once, alone, Task(**values | task), NOW - timedelta(seconds=age))


def test_what_was_announced_and_left_no_trace_is_suspect() -> None:
    """Announced items are suspects if they have neither an outcome nor a thumbnail; other items are not."""
    assert {3: Suspicion(), 5: Suspicion()} == suspects([announced(3, 4, 5)], {3, 5, 6}, SECOND_ATTEMPT, NOW)


def test_only_as_many_as_can_have_been_begun_are_suspect() -> None:
    """Only the first items of a long announcement are suspects, because items begin in order."""
    found = suspects([announced(*range(100), at_once=2)], {1, 4, 5, 99}, SECOND_ATTEMPT, NOW)
    assert {1: Suspicion(), 4: Suspicion()} == found


def test_deaths_while_alone_are_counted() -> None:
    """A death counts against an item that was announced as alone, and against none if others were open."""
    parts = [
        announced(1, 2, 3),
        announced(2, alone=True, attempt=1),
        announced(2, alone=True, attempt=2),
        announced(3, alone=True, attempt=3),
    ]
    found = suspects(parts, {1, 2, 3}, Task(2, 5, 4, "execution-1"), NOW)
    assert {1: Suspicion(), 2: Suspicion(deaths=2, tried_alone=2), 3: Suspicion(deaths=1, tried_alone=1)} == found


@pytest.mark.parametrize(
    "task",
    [
        {"attempt": 1},
        {"attempt": 2},
        {"index": 3},
        {"count": 6},
        {"execution": "execution-2"},
        {"execution": None},
    ],
)
def test_who_may_be_alive_is_not_counted_as_dead(task: dict[str, Any]) -> None:
    """Another copy of this attempt, another task or another execution counts as dead only after a long silence."""
    fresh, old = (announced(7, alone=True, age=age, **task) for age in (1.0, SILENT_SECONDS + 1))
    assert {7: Suspicion(deaths=0, tried_alone=1, recent=True)} == suspects([fresh], {7}, SECOND_ATTEMPT, NOW)
    assert {7: Suspicion(deaths=1, tried_alone=1)} == suspects([old], {7}, SECOND_ATTEMPT, NOW)


@given(st.sets(st.integers(0, 999)))
def test_ranges_read_back(items: set[int]) -> None:
    """The items in a part's header read back as they were announced, in order."""
    assert tuple(sorted(items)) == from_index_ranges(to_index_ranges(sorted(items)))
