"""Balance: how much longer the longest of many tasks works than the mean, on a bucket of mixed sizes and formats.

The bucket is the corpus of photographs, a thousand times as large: as many images of each of its folders, sizes
log-normal with the median and the spread that the folder has, and the folders in runs of some hundred images, as
buckets have them. What an item really takes is drawn about what its bytes and format let the plan expect: off by what
`bench.rates` finds for its folder (progressive JPEG takes longer than the bytes tell where it is read whole, and less
where it is read in part), and by chance for each item.
"""

import math
import random
from dataclasses import dataclass
from itertools import pairwise

from bench.results import Result, Row
from bench.shown import show
from thumbrun.planning import shards as planning
from thumbrun.planning.shards import assign, cost

PAGE = 1_000  # items that a listing shows at once
HEAD = 10_000  # items that the planner cuts at once: ten pages


@dataclass(frozen=True, slots=True)
class Share:
    """A folder of the corpus, as it was measured.

    Attributes:
        name: Of the folder.
        format: Of its images.
        images: How many it has.
        median: Bytes.
        spread: The standard deviation of the logarithm of the bytes.
        slower: What its images take, divided by what the plan expects.
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
ITEM_SPREAD = 0.2  # of the logarithm of what an item takes, about its folder's
FOLDER = 500  # images, on the average, that lie together


@dataclass(frozen=True, slots=True)
class Balanced:
    """How even the tasks' work is.

    Attributes:
        items: In the plan.
        tasks: How many.
        shards: In the plan.
        largest_item: Its true cost divided by a task's mean.
        estimated: Longest task divided by the mean, were the estimates true.
        true: The same with what the items really take.
        contiguous: The same for slices of equal count.
        contiguous_bytes: The same for slices of equal estimated cost.
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
    """Return for each item of a bucket what the plan estimates and what it really takes, in listing order."""
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
    """Return the bounds of the shards that a planner cuts a listing into, which does not know its end."""
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
    """Return how even the work of so many tasks is on so many items."""
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
    """Return slices of equal cost in listing order, an item to each task at least in turn."""
    whole, reached = sum(costs), 0.0
    shares: list[list[int]] = [[] for _ in range(tasks)]
    for number, one in enumerate(costs):
        shares[min(tasks - 1, int(reached / whole * tasks))].append(number)
        reached += one
    return shares


def result(rounds: int) -> Result:
    """Measure, and return rows."""
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
    """Print how even the work of a thousand tasks is, on a million items and more."""
    show(balance(count, 1_000) for count in (1_000_000, 3_000_000))


if __name__ == "__main__":
    main()
