"""How a plan falls into shards, and which task works which."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.planning.shards import MOST_ITEMS, assign, cost, exact_shard_size, streamed_shard_size

COSTS = st.lists(st.floats(0, 1e6, allow_nan=False), max_size=200)


@given(COSTS, st.integers(1, 50), st.booleans())
def test_every_shard_has_one_task(costs: list[float], tasks: int, contiguous: bool) -> None:
    """Whatever the costs and the number of tasks, each shard is worked by exactly one task, in listing order."""
    shares = assign(costs, tasks, contiguous=contiguous)
    assert tasks == len(shares)
    assert list(range(len(costs))) == sorted(shard for share in shares for shard in share)
    assert all(share == sorted(share) for share in shares)


@given(COSTS, st.integers(1, 50))
def test_no_task_is_heavier_than_the_mean_and_one_shard(costs: list[float], tasks: int) -> None:
    """Heaviest first to the lightest task: no load exceeds the mean by more than the heaviest shard."""
    loads = [sum(costs[shard] for shard in share) for share in assign(costs, tasks)]
    assert max(loads) <= sum(costs) / tasks + max(costs, default=0) + 1e-6 * sum(costs)


def test_contiguous_shares_are_slices() -> None:
    """With balance=count every task gets one run of shards, of equal length give or take one."""
    assert [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]] == assign([1.0] * 10, 4, contiguous=True)


@pytest.mark.parametrize(
    ("items", "tasks", "expected"),
    [(0, 1, 1), (1, 10, 1), (285, 10, 2), (20_000, 10, 100), (10_000_000, 10, MOST_ITEMS), (10_000_000, 10_000, 50)],
)
def test_a_task_gets_about_twenty_shards(items: int, tasks: int, expected: int) -> None:
    """A shard has a twentieth of a task's share, at least one item and at most a thousand."""
    assert expected == exact_shard_size(items, tasks)


@pytest.mark.parametrize("total", [20_000, 100_000, 3_000_000])
def test_streamed_shards_stay_fine_wherever_the_listing_ends(total: int) -> None:
    """Cut without knowing the end, no shard is more than a fifth of a task's share once a thousandfold is listed."""
    tasks, seen, sizes = 100, 20_000, []
    sizes += [streamed_shard_size(seen, tasks)] * (seen // streamed_shard_size(seen, tasks))
    while seen < total:
        sizes.append(streamed_shard_size(seen, tasks))
        seen += sizes[-1]
    assert max(sizes) <= max(1, 0.22 * total / tasks)
    assert len(sizes) <= 60 * tasks


def test_many_shards_balance_a_bucket_of_mixed_sizes() -> None:
    """With log-normal sizes, about 20 shards a task leave the longest task within 5 % of the mean."""
    chance = random.Random(3)  # noqa: S311
    items = [cost(int(chance.lognormvariate(12.5, 1.3)), "jpeg") for _ in range(200_000)]
    size = exact_shard_size(len(items), 100)
    shards = [sum(items[start : start + size]) for start in range(0, len(items), size)]
    loads = [sum(shards[shard] for shard in share) for share in assign(shards, 100)]
    assert max(loads) <= 1.05 * sum(loads) / len(loads)
