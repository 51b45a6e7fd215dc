"""Tests of the speed of the work and the time left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.logs.pace import Pace, duration_text


def paced(*samples: tuple[float, int]) -> Pace:
    """Return a pace with some samples."""
    pace = Pace()
    for now, finished in samples:
        pace.note(now, finished)
    return pace


@pytest.mark.parametrize(
    ("pace", "rate", "left"),
    [
        (paced(), None, None),
        (paced((0, 5)), None, None),
        (paced((0, 5), (10, 5)), None, None),
        (paced((0, 0), (10, 50)), 5.0, 10.0),
        (paced((0, 90), (10, 95)), 0.5, 10.0),
        (paced((0, 0), (0, 100)), None, None),
    ],
)
def test_rate_and_time_left(pace: Pace, rate: float | None, left: float | None) -> None:
    """Items of an earlier attempt do not count as speed, and the rate is None until it is known."""
    assert rate == pace.rate
    assert left == pace.left(100)


def test_the_rate_follows_a_change() -> None:
    """A fast start does not hide for long that the work has become slow."""
    pace = Pace()
    for second in range(100):
        pace.note(float(second), min(second, 50) * 100 + max(0, second - 50))
    assert pace.rate == pytest.approx(1.0)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 50)), min_size=2, max_size=200))
def test_few_samples_are_kept(steps: list[tuple[float, int]]) -> None:
    """The rate lies between the slowest and the fastest, and memory is bounded, however many samples there are."""
    pace, now, finished = Pace(), 0.0, 0
    for seconds, items in steps:
        now, finished = now + seconds, finished + items
        pace.note(now, finished)
    assert len(pace._samples) <= 30 / 0.5 + 3
    assert pace.rate is None or pace.rate > 0


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3599.6, "1 h"), (3660, "1 h 1 min"), (86400, "1 d")],
)
def test_durations(seconds: float, expected: str) -> None:
    """A duration has at most two units, and none of them is zero."""
    assert expected == duration_text(seconds)
