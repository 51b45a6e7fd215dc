"""Measures the balance of many tasks: how much longer the longest task works than the mean, on a mixed bucket.

The bucket is a synthetic copy of the corpus of photographs, a thousand times as large. It has the same shares of each
folder. The sizes are log-normal, with the folder's median and spread. Images of a folder lie together in groups of some
hundred images, as in real buckets. The true cost of an item is the cost that the plan expects from its bytes and
format, times two factors. One is the error that `bench.rates` finds for its folder: a progressive JPEG costs more than
its bytes suggest if it is read whole, and less if it is read in part. The other is random for each item.
"""

import math
import random
from dataclasses import dataclass
from itertools import pairwise

from bench.results import Result, Row
from bench.shown import show
from thumbrun.planning import shards as planning
from thumbrun.planning.shards import assign, cost

PAGE = 1_000  # items in a page of a listing
HEAD = 10_000  # items that the planner cuts into shards at once, which are ten pages


@dataclass(frozen=True, slots=True)
class Share:
    """The measurements of a folder of the corpus.

    Attributes:
        name: The name of the folder.
        format: The format of its images.
        images: The number of its images.
        median: The median size of its images, in bytes.
        spread: The standard deviation of the logarithm of their sizes.
        slower: The true cost of its images, divided by the cost that the plan expects.
    """

    name: str
    format: str
    images: int
    median: float
    spread: float
    slower: float


BUCKET = (
    Share("cam", "jpeg", 30, 771e3, 0.70, 1.02),
    Share("camprog", "jpeg", 10, 788e3, 0.58, 0.79),
    Share("shot", "png", 15, 1232e3, 0.61, 1.02),
    Share("small", "jpeg", 100, 36.5e3, 0.67, 0.99),
    Share("web", "jpeg", 60, 188e3, 0.70, 0.93),
    Share("webp", "webp", 30, 40.3e3, 1.12, 0.98),
    Share("webprog", "jpeg", 40, 119e3, 0.82, 1.03),
)
ITEM_SPREAD = 0.2  # the standard deviation of the logarithm of an item's cost around that of its folder
FOLDER = 500  # images that lie together, on average


@dataclass(frozen=True, slots=True)
class Balanced:
    """The balance of the tasks' work.

    Attributes:
        items: The number of items in the plan.
        tasks: The number of tasks.
        shards: The number of shards in the plan.
        largest_item: The true cost of the largest item, divided by the mean of the tasks.
        estimated: The cost of the longest task divided by the mean, if the estimates were true.
        true: The same for the true costs.
        contiguous: The same for slices of equal count, with the true costs.
        contiguous_bytes: The same for slices of equal estimated cost, with the true costs.
    """

    items: int
    tasks: int
    shards: int
    largest_item: float
    estimated: float
    true: float
    contiguous: float
    contiguous_bytes: float


def items(count: int, seed: int) -> tuple[list[float], list[float]]:
    """Return the estimated costs and the true costs of a bucket's items, in listing order."""
    chance = random.Random(seed)  # noqa: S311
    estimated: list[float] = []
    true: list[float] = []
    while len(estimated) < count:
        share = chance.choices(BUCKET, [share.images for share in BUCKET])[0]
        for _ in range(min(count - len(estimated), max(1, int(chance.expovariate(1 / FOLDER))))):
            size = int(chance.lognormvariate(math.log(share.median), share.spread))
            estimated.append(cost(size, share.format))
            true.append(estimated[-1] * share.slower * chance.lognormvariate(0, ITEM_SPREAD))
    return estimated, true


def cut(costs: list[float], tasks: int) -> list[int]:
    """Return the bounds of the shards into which a planner cuts a listing before it knows where the listing ends."""
    bounds, seen, at = [0], 0.0, 0
    while at < len(costs):
        page = costs[at : at + (PAGE if at >= HEAD else HEAD)]
        at += len(page)
        seen += sum(page)
        know = planning.exact_shard_cost if len(costs) <= HEAD else planning.streamed_shard_cost
        for length, _ in planning.cut(costs[bounds[-1] : at], know(seen, tasks)):
            bounds.append(bounds[-1] + length)
    return [*bounds, len(costs)]


def balance(count: int, tasks: int, *, seed: int = 3) -> Balanced:
    """Return the balance of `tasks` tasks on `count` items."""
    estimated, true = items(count, seed)
    bounds = cut(estimated, tasks)
    shards = [sum(estimated[a:b]) for a, b in pairwise(bounds)]
    taken = [sum(true[a:b]) for a, b in pairwise(bounds)]
    ours = assign(shards, tasks)
    mean = sum(taken) / tasks

    def longest(costs: list[float], shares: list[list[int]]) -> float:
        loads = [sum(costs[shard] for shard in share) for share in shares]
        return max(loads) / (sum(costs) / tasks)

    return Balanced(
        items=count,
        tasks=tasks,
        shards=len(shards),
        largest_item=max(true) / mean,
        estimated=longest(shards, ours),
        true=longest(taken, ours),
        contiguous=longest(true, [list(range(count * t // tasks, count * (t + 1) // tasks)) for t in range(tasks)]),
        contiguous_bytes=longest(true, _slices(estimated, tasks)),
    )


def _slices(costs: list[float], tasks: int) -> list[list[int]]:
    """Return for each task a slice of the items in listing order, all of about equal cost."""
    whole, reached = sum(costs), 0.0
    shares: list[list[int]] = [[] for _ in range(tasks)]
    for number, one in enumerate(costs):
        shares[min(tasks - 1, int(reached / whole * tasks))].append(number)
        reached += one
    return shares


def result(rounds: int) -> Result:
    """Measure the balance and return a row."""
    del rounds
    found = balance(1_000_000, 1_000)
    row = Row(
        "balance: longest of 1,000 tasks to the mean, a million items",
        "1.05, or largest item ÷ mean",
        f"{found.estimated:.3f} by the estimates, {found.true:.3f} by what items take",
        {"slices of equal count": f"{found.contiguous:.2f}", "slices of equal cost": f"{found.contiguous_bytes:.2f}"},
        found.true <= max(1.05, found.largest_item),
        "what an image takes differs by a fifth from what its bytes and format tell, and a few heavy ones make a task",
    )
    return Result([row], (), [found])


def main() -> None:
    """Print the balance of a thousand tasks on one million and on three million items."""
    show(balance(count, 1_000) for count in (1_000_000, 3_000_000))


if __name__ == "__main__":
    main()
