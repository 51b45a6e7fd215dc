"""Estimates what an item takes, cuts a plan into shards, and assigns the shards to tasks. Pure."""

import heapq
from collections.abc import Iterable, Iterator, Sequence

SHARDS_A_TASK = 20
MOST_ITEMS = 1000
_AS_IF = 4  # the whole source is assumed to cost this many times the cost seen so far

BESIDE_MS = 0.7  # milliseconds of processor time that an image takes beside decoding and encoding

# Milliseconds of processor time that decoding and encoding take for each image, and for each megabyte (10^6 bytes) of
# it, by the format that its content type or name claims; None if only the bytes will tell. `python -m bench rates`
# measures them, and says how far off these are.
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
    """Estimate an item's processor time in milliseconds, from its size and its format."""
    image, megabyte = RATES.get(source_format) or RATES[None]
    return BESIDE_MS + image + size * megabyte / 1e6


# Smaller objects are read whole: one more request costs 0.1 to 0.3 ms of processor time, and photographs of this size
# take at least 6 ms to decode. Of larger ones a task reads the first bytes first (see `task.peek_policy`).
READ_AT_ONCE = 256 * 1024
IN_VAIN = 16  # peeks at JPEG in a row that save nothing, before a task peeks at few of them only
STILL_PEEKED_AT = 16  # it then peeks at one JPEG of this many, in case they have changed
_LARGEST_UNPEEKED = 4 << 20  # bytes; it peeks at every larger object, where one more request costs little


def always_peeked(size: int, source_format: str | None) -> bool:
    """Return whether a task peeks at every such object that it does not read at once."""
    return source_format != "jpeg" or size > _LARGEST_UNPEEKED


def exact_shard_cost(whole: float, tasks: int) -> float:
    """Return the cost of one shard if the cost of all items is known: a twentieth of a task's share."""
    return whole / (SHARDS_A_TASK * tasks)


def streamed_shard_cost(seen: float, tasks: int) -> float:
    """Return the cost of the next shard while the listing goes on and its end is not known.

    The shard is sized as if the whole source cost four times as much as the part seen so far. If the listing ends right
    here, its shards are at most a fifth of a task's share. If it ends at 100 times that part, a task has
    5 + 5 x ln 100 = 28 shards. Most of them are small, and even out the differences that the large ones leave.
    """
    return exact_shard_cost(_AS_IF * seen, tasks)


def cut(costs: Iterable[float], most: float) -> Iterator[tuple[int, float]]:
    """Yield the length and the cost of each full shard, from the front of some items.

    A shard is full if half of the next item would make it cost more than `most`, or if it has 1,000 items. The number
    alone is not enough, because heavy items lie together, in a camera's folder: a shard with as many of them as of
    other items would outweigh a task.
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

    This is a pure function of its arguments, so every task finds the same answer alone, and any number of tasks
    finishes any plan.

    Args:
        costs: The cost of each shard, by its number.
        tasks: The number of tasks, at least 1.
        contiguous: Whether to give each task a slice of the shards in listing order instead.

    Returns:
        The shard numbers of each task, in the order in which to work them: listing order.
    """
    if contiguous:
        bounds = [len(costs) * task // tasks for task in range(tasks + 1)]
        return [list(range(bounds[task], bounds[task + 1])) for task in range(tasks)]
    shares: list[list[int]] = [[] for _ in range(tasks)]
    loads = [(0.0, task) for task in range(tasks)]
    # Sorting is stable, in reverse as well: of two shards with the same cost, the first one comes first.
    for shard in sorted(range(len(costs)), key=costs.__getitem__, reverse=True):
        load, task = loads[0]
        heapq.heapreplace(loads, (load + costs[shard], task))
        shares[task].append(shard)
    return [sorted(share) for share in shares]
