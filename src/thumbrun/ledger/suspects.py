"""Which items may have killed a task: from what processes announced before they fell silent. Pure.

Before a process opens items it announces them in a part of the ledger, in the order in which it will begin them, and
each of its parts says what is still open. What the last part of a dead process left open is suspect. Of a long list
only the beginning is: items begin in order, and the announcement says how many can be begun and not be seen on the
store, as a thumbnail or an outcome.

A process that works suspects announces them one by one, as alone. That it died then, twice, makes poison of an item.
Whether a process is dead can be known where the platform counts attempts: an earlier attempt of the same task has
ended. Any other process counts as dead once its announcement is older than `SILENT_SECONDS`.

A healthy item is called poison only if kills that have nothing to do with it strike twice in the moment, some tenths
of a second, between the same item's announcement and its thumbnail. With k kills a second and w seconds for that
moment this happens to one suspect in 1 / (k w)^2: at a kill an hour and half a second, one in fifty million.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from thumbrun.environment.task_identity import Task

POISON_DEATHS = 2  # while alone, until an item is set aside
SILENT_SECONDS = 900.0  # far longer than one image may take


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a process may have open in one shard, as its last part says.

    Attributes:
        items: Indices in the shard, in the order in which they are begun.
        at_once: How many of them can be begun without leaving an outcome or a thumbnail on the store.
        alone: Whether nothing else is open meanwhile.
        task: Who announces.
        at: When.
    """

    items: tuple[int, ...]
    at_once: int
    alone: bool
    task: Task
    at: datetime


def suspects(announced: Iterable[Announcement], unseen: Collection[int], task: Task, now: datetime) -> dict[int, int]:
    """Return the suspects among a shard's items, each with the number of deaths while it was alone.

    Args:
        announced: By other processes, and standing: what each one's last part says.
        unseen: Items with neither outcome nor thumbnail.
        task: Who asks.
        now: The moment.
    """
    found: dict[int, int] = {}
    for announcement in announced:
        begun = [item for item in announcement.items if item in unseen][: announcement.at_once]
        death = announcement.alone and _dead(announcement, task, now)
        for item in begun:
            found[item] = found.get(item, 0) + death
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

    >>> to_ranges([1, 2, 3, 7])
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
    """Return the numbers that `[first, last]` pairs stand for."""
    return tuple(number for first, last in ranges for number in range(first, last + 1))
