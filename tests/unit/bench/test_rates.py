"""Rates are fitted to what images took, and balance is reckoned on shards as a planner cuts them."""

import pytest

from bench.balance import balance, cut
from bench.rates import Taken, fit, rates, table, take
from tests.unit.imaging.encoded import ENCODED
from thumbrun.planning.shards import RATES


def test_a_fit_finds_what_was_put_in() -> None:
    """Images that take 3 ms each and 20 ms a megabyte are found to do so."""
    taken = [Taken("a", "jpeg", size, 3 + size * 20 / 1e6) for size in range(10_000, 1_000_000, 50_000)]
    assert (3, 20) == pytest.approx(fit(taken))


@pytest.mark.parametrize(("slope", "constant"), [(-1.0, 30.0), (40.0, -1.0)])
def test_no_rate_is_negative(slope: float, constant: float) -> None:
    """Where a line through what was measured would go below nothing, the best that does not is taken."""
    taken = [Taken("a", "png", size, max(0.1, constant + slope * size / 1e6)) for size in range(100_000, 10**6, 10**5)]
    assert min(fit(taken)) >= 0


def test_formats_are_measured_beside_the_table() -> None:
    """Each format that was measured has a row, with what plans go by."""
    found = rates(take([("drawn", ENCODED["jpeg"]), ("drawn", ENCODED["png"])], runs=1))
    assert ["jpeg", "png"] == [rate.format for rate in found]
    assert RATES["png"] == (found[1].planned_image_ms, found[1].planned_megabyte_ms)
    assert "png" in table([Taken("drawn", "png", 1000, 1.0), Taken("drawn", "png", 2000, 2.0)])


def test_a_bucket_of_folders_is_balanced() -> None:
    """By what the plan expects, the longest task is within 5 % of the mean, where contiguous slices are far off."""
    found = balance(30_000, 30)
    assert found.estimated <= max(1.05, found.largest_item)
    assert found.contiguous > found.estimated


def test_shards_hold_every_item_once() -> None:
    """The bounds go up from the first item to the last."""
    bounds = cut([1.0] * 25_500, 10)
    assert (0, 25_500) == (bounds[0], bounds[-1])
    assert sorted(set(bounds)) == bounds
