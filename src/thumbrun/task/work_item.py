"""One item with its place in the plan, on its way through a task."""

from dataclasses import dataclass

from thumbrun.planning.plan import Item


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One item to work.

    Attributes:
        shard: The number of its shard.
        index: Its index in the shard.
        item: The item.
    """

    shard: int
    index: int
    item: Item
