"""Tests of the rates that are fitted to measured images, and of the balance of shards that a planner cuts."""

import pytest

from bench.balance import balance, cut
from bench.rates import Taken, fit, rates, table, take
from tests.unit.imaging.encoded import ENCODED
from thumbrun.planning.shards import RATES


def test_a_fit_finds_what_was_put_in() -> None:
    """The fit finds the 3 ms an image and the 20 ms a megabyte that the images were made with."""
    taken = [Taken("a", "jpeg", size, 3 + size * 20 / 1e6) for size in range(10_000, 1_000_000, 50_000)]
    assert (3, 20) == pytest.approx(fit(taken))


@pytest.mark.parametrize(("slope", "constant"), [(-1.0, 30.0), (40.0, -1.0)])
def test_no_rate_is_negative(slope: float, constant: float) -> None:
    """If the best fit has a negative rate, the fit is the best one without a negative rate."""
    taken = [Taken("a", "png", size, max(0.1, constant + slope * size / 1e6)) for size in range(100_000, 10**6, 10**5)]
    assert min(fit(taken)) >= 0


def test_formats_are_measured_beside_the_table() -> None:
    """Each measured format has a row with the estimate that plans use."""
    found = rates(take([("drawn", ENCODED["jpeg"]), ("drawn", ENCODED["png"])], runs=1))
    assert ["jpeg", "png"] == [rate.format for rate in found]
    assert RATES["png"] == (found[1].planned_image_ms, found[1].planned_megabyte_ms)
    assert "png" in table([Taken("drawn", "png", 1000, 1.0), Taken("drawn", "png", 2000, 2.0)])


def test_a_bucket_of_folders_is_balanced() -> None:
    """The longest task is estimated within 5 % of the mean, and contiguous slices are far worse."""
    found = balance(30_000, 30)
    assert found.estimated <= max(1.05, found.largest_item)
    assert found.contiguous > found.estimated


def test_shards_hold_every_item_once() -> None:
    """The bounds of the shards rise from the first item to the last."""
    bounds = cut([1.0] * 25_500, 10)
    assert (0, 25_500) == (bounds[0], bounds[-1])
    assert sorted(set(bounds)) == bounds
