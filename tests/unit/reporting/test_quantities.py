"""Tests of counts, sizes and durations for people."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.reporting import quantities


def test_the_examples_hold() -> None:
    """The examples in the docstrings are right."""
    failed, attempted = doctest.testmod(quantities)
    assert 0 == failed
    assert 7 == attempted


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 s"), (59.9, "59.9 s"), (59.96, "1:00 min"), (61, "1:01 min"), (3569, "59:29 min"), (3600, "1:00 h")],
)
def test_durations(seconds: float, said: str) -> None:
    """A duration is in seconds below a minute, in minutes below an hour, and then in hours."""
    assert said == " ".join(quantities.duration(seconds))


@given(st.lists(st.floats(0, 10**6), min_size=1, max_size=6))
def test_durations_of_one_column_are_alike(column: list[float]) -> None:
    """All have the same unit and as many digits behind the point; a longer one is not shown as a shorter one."""
    shown = quantities.alike(column)
    assert 1 == len({text.rpartition(" ")[2] for text in shown})
    assert 1 == len({len(text.partition(" ")[0].partition(".")[2]) for text in shown})
    parts = [[float(part) for part in text.partition(" ")[0].replace(",", "").split(":")] for text in shown]
    ordered = [parts[place] for place in sorted(range(len(column)), key=column.__getitem__)]
    assert ordered == sorted(ordered)


@given(st.floats(0, 10**8))
def test_a_duration_never_has_sixty_of_anything(seconds: float) -> None:
    """A duration never has 60 seconds or 60 minutes."""
    number, unit = quantities.duration(seconds)
    assert not number.endswith(":60")
    assert "h" == unit or not number.startswith("60")


@given(st.integers(0, 10**17))
def test_sizes_have_three_digits_at_most(amount: int) -> None:
    """A size has at most three digits."""
    number, _ = quantities.size(amount)
    assert len(number.replace(".", "")) <= 3


@given(st.integers(1, 10**12), st.integers(0, 10**12))
def test_nothing_is_ever_a_hundred_percent_smaller(source: int, output: int) -> None:
    """The saving is never 100 %, because every thumbnail has some bytes."""
    assert "100 %" not in quantities.saving(source, output)
