"""Tests how thumbrun cuts a plan into shards, and assigns them to tasks."""

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from thumbrun.planning.shards import MOST_ITEMS, assign, cost, cut, exact_shard_cost, streamed_shard_cost

COSTS = st.lists(st.floats(0, 1e6, allow_nan=False, allow_subnormal=False), max_size=200)  # no cost is that small


@given(COSTS, st.integers(1, 50), st.booleans())
def test_every_shard_has_one_task(costs: list[float], tasks: int, contiguous: bool) -> None:
    """Exactly one task works each shard, in listing order, whatever the costs and the number of tasks."""
    shares = assign(costs, tasks, contiguous=contiguous)
    assert tasks == len(shares)
    assert list(range(len(costs))) == sorted(shard for share in shares for shard in share)
    assert all(share == sorted(share) for share in shares)


@given(COSTS, st.integers(1, 50))
def test_no_task_is_heavier_than_the_mean_and_one_shard(costs: list[float], tasks: int) -> None:
    """No task's load exceeds the mean by more than the heaviest shard."""
    loads = [sum(costs[shard] for shard in share) for share in assign(costs, tasks)]
    assert max(loads) <= sum(costs) / tasks + max(costs, default=0) + 1e-6 * sum(costs)


def test_contiguous_shares_are_slices() -> None:
    """With balance=count, each task gets a contiguous slice of shards, and the slices differ by one shard at most."""
    assert [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]] == assign([1.0] * 10, 4, contiguous=True)


@pytest.mark.parametrize(("tasks", "items"), [(1, 285), (10, 2_000), (10, 20_000), (100, 9_000)])
def test_a_task_gets_about_twenty_shards(tasks: int, items: int) -> None:
    """A shard has a twentieth of a task's share, give or take an item, if all costs are known."""
    costs = [1.0 + number % 7 for number in range(items)]
    found = list(cut(costs, exact_shard_cost(sum(costs), tasks)))
    assert 15 * tasks <= len(found) + 1 <= 25 * tasks


@given(COSTS, st.floats(0, 1e6, allow_subnormal=False))
@example([1.7640394893678604, 131070.72807277256, 393215.80702819856, 0.0], 327681.0)
def test_shards_are_cut_off_the_front(costs: list[float], most: float) -> None:
    """Full shards hold the first items in order, and none is too long, or too heavy unless it has one item."""
    at = 0
    for length, weight in cut(costs, most):
        assert 1 <= length <= MOST_ITEMS
        assert weight == pytest.approx(sum(costs[at : at + length]))  # `sum` rounds otherwise since Python 3.12.
        assert weight - costs[at + length - 1] / 2 <= most * (1 + 1e-9) or length == 1
        assert weight + costs[at + length] / 2 >= most * (1 - 1e-9) or length == MOST_ITEMS
        at += length
    assert at == 0 or at < len(costs)


def test_a_shard_has_at_most_a_thousand_items() -> None:
    """A shard has at most a thousand items, even if they cost nothing."""
    assert [(MOST_ITEMS, 0.0), (MOST_ITEMS, 0.0)] == list(cut([0.0] * 2_500, 0.0))


@pytest.mark.parametrize("total", [20_000, 100_000, 3_000_000])
def test_streamed_shards_stay_fine_wherever_the_listing_ends(total: int) -> None:
    """A shard that is cut before the end is known has about a fifth of a task's share at most, wherever the end is."""
    tasks, seen, costs = 100, 20_000.0, []
    costs += [streamed_shard_cost(seen, tasks)] * int(seen / streamed_shard_cost(seen, tasks))
    while seen < total:
        costs.append(streamed_shard_cost(seen, tasks))
        seen += costs[-1]
    assert max(costs) <= 0.22 * total / tasks
    assert len(costs) <= 60 * tasks


def test_a_folder_of_heavy_items_is_no_task_of_its_own() -> None:
    """Shards of a folder with heavy items hold fewer items, so that all tasks have the same load."""
    costs = [2.0] * 50_000 + [800.0] * 500 + [2.0] * 50_000
    shards = [weight for _, weight in cut([*costs, 1e9], exact_shard_cost(sum(costs), 100))]
    loads = [sum(shards[shard] for shard in share) for share in assign(shards, 100)]
    assert sum(shards) == sum(costs)
    assert max(loads) <= 1.05 * sum(loads) / len(loads)


def test_many_shards_balance_a_bucket_of_mixed_sizes() -> None:
    """About 20 shards a task keep the longest task within 5 % of the mean, with log-normal sizes."""
    chance = random.Random(3)  # noqa: S311
    items = [cost(int(chance.lognormvariate(12.5, 1.3)), "jpeg") for _ in range(200_000)]
    shards = [weight for _, weight in cut([*items, 1e9], exact_shard_cost(sum(items), 100))]
    loads = [sum(shards[shard] for shard in share) for share in assign(shards, 100)]
    assert max(loads) <= 1.05 * sum(loads) / len(loads)
