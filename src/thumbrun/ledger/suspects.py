"""Finds the items that might have killed a task, from the announcements of processes that fell silent. Pure.

Before a process reads the first byte of items, it announces them in a part of the ledger, in the order in which it will
begin them. Each of its parts says which items are still open. The items that a dead process left open in its last part
are suspects. Of a long announcement only the beginning is suspect: items begin in order, and the announcement says how
many can be begun without leaving a thumbnail or an outcome on the store.

A process that works suspects announces them one by one, as alone. An item is poison once two processes have died while
it was alone. If the platform counts attempts, thumbrun knows that the earlier attempts of its own task are dead. Any
other process counts as dead once its announcement is older than `SILENT_SECONDS`.

A healthy item is called poison only if two kills that have nothing to do with it come between its announcement and its
thumbnail: some tenths of a second, or seconds on a slow line. With k kills a second and w seconds for that, this
happens to one suspect in 1 / (k w)^2: at one kill an hour, to one in fifty million within half a second, and to one in
half a million within five seconds.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from thumbrun.environment.task_identity import Task

POISON_DEATHS = 2  # deaths while alone that make an item poison
SILENT_SECONDS = 900.0  # far longer than one image can take
# After its last part, a process might still be at work. Each one writes its outcomes more often than that
# (`task.shard_processor.FLUSH_SECONDS`).
RECENT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Announcement:
    """The items that a process might have open in one shard, as its last part says.

    Attributes:
        items: The indices of the items in the shard, in the order in which they begin.
        at_once: The number of items that can be begun without an outcome or a thumbnail on the store.
        alone: Whether nothing else is open meanwhile.
        task: The task that announces.
        at: The time of the announcement.
    """

    items: tuple[int, ...]
    at_once: int
    alone: bool
    task: Task
    at: datetime


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What is known of a suspect.

    Attributes:
        deaths: The number of processes that are known to have died while it was alone.
        tried_alone: The number of processes that were last heard of while it was alone, dead or not.
        recent: Whether a process was heard of lately that announced it, and might still be at work on it.
    """

    deaths: int = 0
    tried_alone: int = 0
    recent: bool = False


def suspects(
    announced: Iterable[Announcement], unseen: Collection[int], task: Task, now: datetime
) -> dict[int, Suspicion]:
    """Return the suspects among a shard's items.

    Args:
        announced: The announcements that stand in the last parts of the other processes.
        unseen: The items with neither an outcome nor a thumbnail.
        task: The task that asks.
        now: The current time.
    """
    found: dict[int, Suspicion] = {}
    for announcement in announced:
        begun = [item for item in announcement.items if item in unseen][: announcement.at_once]
        dead = _dead(announcement, task, now)
        death = announcement.alone and dead
        recent = not dead and abs(now - announcement.at) < timedelta(seconds=RECENT_SECONDS)
        for item in begun:
            before = found.get(item, Suspicion())
            found[item] = Suspicion(
                before.deaths + death, before.tried_alone + announcement.alone, before.recent or recent
            )
    return found


def _dead(announcement: Announcement, task: Task, now: datetime) -> bool:
    other = announcement.task
    same = task.execution is not None and (task.execution, task.index, task.count) == (
        other.execution,
        other.index,
        other.count,
    )
    return (same and other.attempt < task.attempt) or now - announcement.at > timedelta(seconds=SILENT_SECONDS)


def to_index_ranges(items: Iterable[int]) -> list[list[int]]:
    """Return ascending numbers as `[first, last]` pairs.

    >>> to_index_ranges([1, 2, 3, 7])
    [[1, 3], [7, 7]]
    """
    ranges: list[list[int]] = []
    for item in items:
        if ranges and item == ranges[-1][1] + 1:
            ranges[-1][1] = item
        else:
            ranges.append([item, item])
    return ranges


def from_index_ranges(ranges: Iterable[Iterable[int]]) -> tuple[int, ...]:
    """Return the numbers in `[first, last]` pairs."""
    return tuple(number for first, last in ranges for number in range(first, last + 1))
