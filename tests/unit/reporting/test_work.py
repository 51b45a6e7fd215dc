"""Tests of the tasks against a single job: speed-up, efficiency, idle tails, and processors that tasks share."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.reporting.work import Attempt, Work, break_seconds, work_of

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def attempt(task: int, first: float, last: float, **more: Any) -> Attempt:
    """Return an attempt of one of four tasks that worked from one second to another."""
    fields: dict[str, Any] = {
        "execution": "e",
        "tasks": 4,
        "attempt": 0,
        "machine": f"m{task}",
        "processors": 1,
        "started": None,
        "images": 100,
    }
    return Attempt(task=task, first=T0 + timedelta(seconds=first), last=T0 + timedelta(seconds=last), **(fields | more))


def work(*attempts: Attempt) -> Work:
    """Return the work of some attempts, which is known."""
    found = work_of(attempts)
    assert found is not None
    return found


def test_machines_of_their_own() -> None:
    """The single job is the sum of the busy times; what the first tasks wait for the last one is idle."""
    found = work(attempt(0, 0, 8), attempt(1, 0, 10), attempt(2, 1, 10), attempt(3, 0, 9))
    assert (4, 4, 4) == (found.tasks, found.machines, found.processors)
    assert (10, 36, 36, 3) == (found.wall_seconds, found.busy_seconds, found.single_seconds, found.idle_seconds)
    assert (3.6, 4, 0.9) == (found.speedup, found.ideal, found.efficiency)
    assert not found.shares_processors
    assert (90.0, 9.0, 10.0) == tuple(found.batch()[key] for key in ("single_seconds", "ideal_seconds", "seconds"))


def test_tasks_that_share_two_processors() -> None:
    """Four tasks on two processors are at most twice as fast, and the ideal line ends there."""
    found = work(*(attempt(task, 0, 10, machine="one", processors=2) for task in range(4)))
    assert (1, 2, 40, 20) == (found.machines, found.processors, found.busy_seconds, found.single_seconds)
    assert (2, 2, 1, True) == (found.speedup, found.ideal, found.efficiency, found.shares_processors)


def test_a_break_between_two_executions_does_not_count() -> None:
    """A run that another execution finished a day later was not at work in between."""
    day = 86_400
    found = work(attempt(0, 0, 10), attempt(0, day, day + 5, execution="f", tasks=1))
    assert (15, 15, 0) == (found.wall_seconds, found.single_seconds, found.idle_seconds)


def test_retries_are_counted_and_belong_to_their_task() -> None:
    """A task that died goes on in its next attempt; the time between the two is not work."""
    found = work(attempt(0, 0, 4), attempt(0, 6, 10, attempt=1), attempt(1, 0, 10))
    assert (2, 1, 18, 10, 0) == (found.tasks, found.retries, found.busy_seconds, found.wall_seconds, found.idle_seconds)


def test_older_ledgers_do_not_tell_machines() -> None:
    """Without machines the ideal is the number of tasks, and the page says that they are not recorded."""
    found = work(*(attempt(task, 0, 10, machine=None, processors=None) for task in range(2)))
    assert (None, None, 2) == (found.machines, found.processors, found.ideal)


@pytest.mark.parametrize("attempts", [[], [attempt(0, 5, 5)], [attempt(0, 0, 5, images=0)]])
def test_nobody_worked(attempts: list[Attempt]) -> None:
    """Without work for a measurable time there is nothing to compare."""
    assert work_of(attempts) is None


SPANS = st.tuples(st.integers(0, 5), st.integers(0, 99), st.integers(0, 50), st.integers(0, 3), st.integers(1, 4))


@given(st.lists(SPANS, min_size=1, max_size=12))
def test_figures_are_sound(spans: list[tuple[int, int, int, int, int]]) -> None:
    """Whatever the ledger says, the efficiency lies between 0 and 1, and a single job is no faster than the tasks."""
    attempts = [
        attempt(task, first, first + long, machine=f"m{machine}", processors=processors, tasks=6)
        for task, first, long, machine, processors in spans
    ]
    found = work_of(attempts)
    if found is not None:
        assert 0 < found.efficiency <= 1
        assert found.wall_seconds <= found.single_seconds + 1e-9 <= found.busy_seconds + 2e-9
        assert 1 <= found.ideal <= found.tasks
        assert found.idle_seconds >= 0


def test_breaks_between_rounds() -> None:
    """A run's time leaves out what lies between its rounds, and a round that did nothing adds nothing."""
    day = 86_400
    began, first, second = T0, [attempt(0, 1, 8), attempt(1, 1, 10)], [attempt(0, day, day + 5)]

    def breaks(ended: float, *rounds: list[Attempt]) -> float:
        return break_seconds(began, T0 + timedelta(seconds=ended), rounds)

    assert breaks(11, first) == 0
    assert breaks(day + 6, first, second) == day - 10
    assert breaks(2 * day, first, second, []) == 2 * day - 10 - 5
    assert breaks(9, first, [attempt(0, 8, 9, started=T0)]) == 0  # clocks differ: never less than nothing
