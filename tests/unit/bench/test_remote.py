"""Tests of the measurements of a task on a distant store."""

from bench.remote import Ran
from bench.server import Stats


def test_under_way_leaves_out_beginning_and_end() -> None:
    """The rate in between leaves out the first and the last pictures, for which the run waits."""
    pictures = [0.0, *(3.0 + index / 10 for index in range(98)), 60.0]
    ran = Ran(0.0, 60.0, 0.0, 0.0, 0.0, Stats(0.0, {}, 0, 0, 0.0, pictures[::-1]))
    assert round(ran.under_way(), 6) == 10
