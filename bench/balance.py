"""Balance: how much longer the longest of many tasks works than the mean, on a bucket of mixed sizes and formats.

Sizes are log-normal within each format, as sizes of files on the web and on disks are near their middle; medians and
spreads are those of what the HTTP Archive, Wikimedia Commons and cameras show, named in `BUCKET`. What an item really
takes is drawn about what the plan estimates from its bytes and format, with the spread that `bench.rates` finds, whole
runs of a folder alike: a camera's files are all slower, or all faster, than the estimate.
"""

import math
import random
from dataclasses import dataclass
from itertools import pairwise

from thumbrun.planning import shards as planning
from thumbrun.planning.shards import assign, cost

PAGE = 1_000  # items that a listing shows at once
HEAD = 10_000  # items that the planner cuts at once: ten pages


@dataclass(frozen=True, slots=True)
class Share:
    """Images of one format in a bucket.

    Attributes:
        format: Its name.
        part: Of all images.
        median: Bytes.
        spread: The standard deviation of the logarithm of the bytes.
    """

    format: str
    part: float
    median: float
    spread: float


# Web images: the median JPEG of the HTTP Archive's Web Almanac 2022, Media, is some 50 kB with a long tail, PNG and
# GIF a tenth of that; uploads of cameras and phones have some 2.5 MB (12 megapixels, quality 90 to 95), iPhones' HEIC
# some 1.7 MB. A bucket of uploads holds both; the parts are this bench's choice.
BUCKET = (
    Share("jpeg", 0.45, 2.5e6, 0.6),
    Share("jpeg", 0.25, 5.0e4, 1.4),
    Share("png", 0.14, 1.0e5, 1.8),
    Share("webp", 0.10, 4.0e4, 1.2),
    Share("heic", 0.04, 1.7e6, 0.4),
    Share("gif", 0.02, 2.0e5, 1.5),
)
ITEM_SPREAD = 0.35  # of the logarithm of what an item takes, about the estimate
FOLDER_SPREAD = 0.3  # of the logarithm of what a folder's items take together: progressive or not, smooth or not
FOLDER = 500  # items, of one format


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
        share = chance.choices(BUCKET, [share.part for share in BUCKET])[0]
        folder = chance.lognormvariate(0, FOLDER_SPREAD)
        for _ in range(min(count - len(estimated), max(1, int(chance.expovariate(1 / FOLDER))))):
            size = int(chance.lognormvariate(math.log(share.median), share.spread))
            estimated.append(cost(size, share.format))
            true.append(estimated[-1] * folder * chance.lognormvariate(0, ITEM_SPREAD))
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
