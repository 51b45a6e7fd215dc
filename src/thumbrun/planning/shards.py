"""How a plan falls into shards, and which task works which. Pure."""

import heapq
from collections.abc import Iterable, Iterator, Sequence

SHARDS_A_TASK = 20
MOST_ITEMS = 1000
_AS_IF = 4

BESIDE_MS = 0.7  # of processor time that an image takes beside decoding and encoding

# Milliseconds of processor time that decoding and encoding take for each image, and for each megabyte (10^6 bytes) of
# it, by the format that its type or name claims; None where only the bytes will tell. Measured by
# `python -m bench rates`, which says how far these are off.
RATES: dict[str | None, tuple[float, float]] = {
    "jpeg": (0.8, 10.0),
    "png": (6.6, 5.0),
    "gif": (0.4, 16.5),
    "webp": (4.5, 48.0),
    "avif": (0.2, 211.0),
    "heic": (0.5, 365.0),
    "tiff": (0.6, 9.9),
    "bmp": (0.4, 0.6),
    "jpeg2000": (2.8, 76.0),
    "ico": (0.2, 20.0),
    None: (1.2, 12.0),
}


def cost(size: int, source_format: str | None) -> float:
    """Estimate an item's processor time in milliseconds, from its bytes and its format."""
    image, megabyte = RATES.get(source_format) or RATES[None]
    return BESIDE_MS + image + size * megabyte / 1e6


def exact_shard_cost(whole: float, tasks: int) -> float:
    """Return what a shard costs when the cost of all items is known: a twentieth of a task's share."""
    return whole / (SHARDS_A_TASK * tasks)


def streamed_shard_cost(seen: float, tasks: int) -> float:
    """Return what the next shard costs while the listing goes on and its end is not known.

    Sized as if four times the cost seen so far were coming: a listing that ends right here leaves shards of at most
    a fifth of a task's share, and one that ends at 100 times of it has 5 + 5 x ln 100 = 28 shards a task, most of
    them small, which even out what the large ones leave.
    """
    return exact_shard_cost(_AS_IF * seen, tasks)


def cut(costs: Iterable[float], most: float) -> Iterator[tuple[int, float]]:
    """Yield the length and the cost of each shard that is full, from the front of some items.

    A shard is full where half of another item would make it cost more than `most`, or it has 1,000 items: heavy items
    lie together, in a camera's folder, and a shard of as many of them as of others would outweigh a task.
    """
    length, weight = 0, 0.0
    for cost_ in costs:
        if length and (weight + cost_ / 2 > most or length == MOST_ITEMS):
            yield length, weight
            length, weight = 0, 0.0
        length += 1
        weight += cost_


def assign(costs: Sequence[float], tasks: int, *, contiguous: bool = False) -> list[list[int]]:
    """Give every shard to one task: heaviest first to the lightest task, or contiguous slices of equal count.

    A pure function of its arguments, so that every task finds the same answer alone; any number of tasks finishes
    any plan.

    Args:
        costs: Each shard's cost, by its number.
        tasks: How many tasks there are, at least 1.
        contiguous: Give each task a slice of the shards in listing order instead.

    Returns:
        The shard numbers of each task, in the order in which to work them: listing order.
    """
    if contiguous:
        bounds = [len(costs) * task // tasks for task in range(tasks + 1)]
        return [list(range(bounds[task], bounds[task + 1])) for task in range(tasks)]
    shares: list[list[int]] = [[] for _ in range(tasks)]
    loads = [(0.0, task) for task in range(tasks)]
    # Sorting keeps the order of what is equal, in reverse as well: of two shards of one cost the first comes first.
    for shard in sorted(range(len(costs)), key=costs.__getitem__, reverse=True):
        load, task = loads[0]
        heapq.heapreplace(loads, (load + costs[shard], task))
        shares[task].append(shard)
    return [sorted(share) for share in shares]
