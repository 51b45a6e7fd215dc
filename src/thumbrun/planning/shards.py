"""How a plan falls into shards, and which task works which. Pure."""

import heapq
from collections.abc import Sequence

SHARDS_A_TASK = 20
MOST_ITEMS = 1000
_AS_IF = 4

# Milliseconds of processor time that one image takes beside its bytes, and for each megabyte (10^6 bytes) of them,
# by the format that its type or name claims; None where only the bytes will tell.
OVERHEAD_MS = 2.0
MS_A_MEGABYTE: dict[str | None, float] = {
    "jpeg": 20.0,
    "png": 40.0,
    "gif": 30.0,
    "webp": 120.0,
    "avif": 200.0,
    "heic": 120.0,
    "tiff": 20.0,
    "bmp": 8.0,
    "jpeg2000": 300.0,
    "ico": 40.0,
    None: 40.0,
}


def cost(size: int, source_format: str | None) -> float:
    """Estimate an item's processor time in milliseconds, from its bytes and its format."""
    return OVERHEAD_MS + size * MS_A_MEGABYTE.get(source_format, MS_A_MEGABYTE[None]) / 1e6


def exact_shard_size(items: int, tasks: int) -> int:
    """Return how many items a shard has when their number is known: about 20 shards a task, 1 to 1,000 items."""
    return max(1, min(MOST_ITEMS, -(-items // (SHARDS_A_TASK * tasks))))


def streamed_shard_size(seen: int, tasks: int) -> int:
    """Return how many items the next shard has while the listing goes on and its length is not known.

    Sized as if four times the items seen so far were coming: a listing that ends right here leaves shards of at most
    a fifth of a task's share, and one that ends at 100 times the items has 5 + 5 x ln 100 = 28 shards a task, most of
    them small, which even out what the large ones leave.
    """
    return exact_shard_size(_AS_IF * seen, tasks)


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
