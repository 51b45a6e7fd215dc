"""Tests what the time of an item is divided into: the parts add up, and nothing counts twice."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.logs.clocks import HandClock
from thumbrun.imaging.request import Took
from thumbrun.outcomes import Timing
from thumbrun.task.stopwatch import Phase, Stopwatch

SECONDS = st.floats(0, 100)
SAID = st.floats(0, 1e12)


class Clock(HandClock):
    """A clock that is moved by hand, and that begins between two milliseconds."""

    def __init__(self, microsecond: int = 0) -> None:
        super().__init__()
        self.date = datetime(2026, 1, 2, 15, 30, 40, microsecond, UTC)

    def now(self) -> datetime:
        """Return the date and time."""
        return self.date


def total(timing: Timing) -> int:
    """Return the sum of an item's times, in milliseconds."""
    return timing.fetch_ms + timing.decode_ms + timing.encode_ms + timing.put_ms + timing.waiting_ms


def test_each_phase_has_its_time() -> None:
    """Time counts for the phase that it passes in, also if that comes again; before the first turn, for waiting."""
    clock = Clock()
    watch = Stopwatch(clock)
    for phase, seconds in (
        (Phase.FETCH, 1),
        (Phase.WAITING, 2),
        (Phase.FETCH, 4),
        (Phase.WAITING, 8),
        (Phase.PUT, 16),
    ):
        clock.seconds += seconds
        watch.turn(phase)
    clock.seconds += 32
    expected = Timing(clock.date, fetch_ms=10_000, put_ms=32_000, waiting_ms=21_000)
    assert expected == watch.timing()


@pytest.mark.parametrize(
    ("took", "decode", "encode", "waiting"),
    [
        (Took(1.0, 0.25), 1000, 250, 750),
        (Took(), 0, 0, 2000),
        (Took(0.5, 3600.0), 500, 1500, 0),
        (Took(3600.0, 0.5), 2000, 0, 0),
        (Took(1e12, 1e12), 2000, 0, 0),
    ],
)
def test_a_decoder_counts_for_no_more_than_the_wait_for_it(took: Took, decode: int, encode: int, waiting: int) -> None:
    """Whatever a decoding process states, it counts only within the time in which the task waited for its answer."""
    clock = Clock()
    watch = Stopwatch(clock)
    clock.seconds += 4
    watch.turn(Phase.WAITING)
    clock.seconds += 2
    watch.rendered(took)
    expected = Timing(clock.date, decode_ms=decode, encode_ms=encode, waiting_ms=4000 + waiting)
    assert expected == watch.timing()


@given(
    st.integers(0, 999_999),
    st.lists(st.tuples(st.sampled_from(Phase), SECONDS, SECONDS, SAID, SAID), max_size=8),
)
def test_the_times_add_up_to_the_time_that_passed(
    microsecond: int, steps: list[tuple[Phase, float, float, float, float]]
) -> None:
    """From the beginning as recorded, the times lead to the end as recorded, and none is negative."""
    clock = Clock(microsecond)
    watch = Stopwatch(clock)
    for phase, before, after, decode, encode in steps:
        clock.seconds += before
        watch.turn(phase)
        clock.seconds += after
        watch.rendered(Took(decode, encode))
    timing = watch.timing()
    ended = clock.date + timedelta(seconds=clock.seconds)
    assert timedelta(0) <= clock.date - timing.began < timedelta(milliseconds=1)
    assert abs(ended - timing.began - timedelta(milliseconds=total(timing) + 0.5)) < timedelta(milliseconds=0.51)
    assert 0 <= min(timing.fetch_ms, timing.decode_ms, timing.encode_ms, timing.put_ms, timing.waiting_ms)


@given(st.integers(0, 999))
def test_short_times_have_the_right_sum(first: int) -> None:
    """Over a thousand images that take less than a millisecond, the sum of the times is theirs."""
    sums = [0, 0]
    for number in range(1000):
        clock = Clock((first + number) % 1000)
        watch = Stopwatch(clock)
        clock.seconds += 0.0009
        watch.rendered(Took(0.0006, 0.0003))
        timing = watch.timing()
        sums = [sums[0] + timing.decode_ms, sums[1] + timing.encode_ms]
    assert [600, 300] == pytest.approx(sums, abs=2)
