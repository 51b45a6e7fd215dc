"""Counts the requests of a run before it begins: for its images, its thumbnails and its records. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from thumbrun.planning.build import LARGE_PAGES
from thumbrun.pricing.model import shards_of
from thumbrun.pricing.report_costs import NOTHING, report_costs
from thumbrun.pricing.workload import Workload
from thumbrun.storage.base import PAGE_LIMIT

# Requests that create or list, and requests that read, for the records of a run. `tests/unit/pricing` compares them
# with whole tasks in virtual time.
_CREATED_A_SHARD, _CREATED_A_TASK, _CREATED_A_RUN = 4, 7, 6  # its record, its announcement, two parts of its ledger
_READ_A_SHARD, _READ_A_TASK, _READ_A_RUN = 1, 8, 3
_READ_IF_RENAMED = 2  # by the planner, which names items anew, and by the task, which reads their names
# Of a large source, which is listed in ranges: 11,177 pages of 10 million objects (`bench planning`).
_MORE_PAGES = 1.12


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests of a run.

    Attributes:
        reads: How often images are read, by the storage class of the image.
        writes: The thumbnails of the first size.
        further: All thumbnails but the first of each image.
        listing: The pages of the listing of the source.
        record_writes: The requests that create or list records.
        record_reads: The requests that read records.
    """

    reads: Mapping[str, int] = field(default_factory=dict)
    writes: int = 0
    further: int = 0
    listing: int = 0
    record_writes: int = 0
    record_reads: int = 0

    @property
    def class_a(self) -> int:
        """The requests that create or list."""
        return self.writes + self.further + self.listing + self.record_writes

    @property
    def class_b(self) -> int:
        """The requests that read."""
        return sum(self.reads.values()) + self.record_reads

    @property
    def total(self) -> int:
        """All requests."""
        return self.class_a + self.class_b


def requests_of(work: Workload, tasks: int, *, report: bool = False) -> Requests:
    """Return the requests of a run that nothing disturbs.

    Args:
        work: What the run has to do.
        tasks: The number of tasks.
        report: Whether the last task makes the report of the run.
    """
    shards = planned_shards(work, tasks)
    renamed = _renamed_shards(work, shards)
    made = report_costs(work, shards) if report else NOTHING
    pages = max(1, math.ceil(work.listed / PAGE_LIMIT))
    return Requests(
        reads=work.reads_by_class(tasks),
        writes=work.images,
        further=work.images * (work.sizes - 1),
        listing=pages if pages < LARGE_PAGES else math.ceil(_MORE_PAGES * pages),
        record_writes=_CREATED_A_SHARD * shards + _CREATED_A_TASK * tasks + _CREATED_A_RUN + renamed + made.created,
        record_reads=_READ_A_SHARD * shards
        + _READ_A_TASK * (tasks - 1)
        + _READ_A_RUN
        + _READ_IF_RENAMED * renamed
        + made.read,
    )


def planned_shards(work: Workload, tasks: int) -> int:
    """Return the number of shards that a number of tasks share."""
    return work.shards.get(tasks) or shards_of(max(1, work.images), tasks)


def _renamed_shards(work: Workload, shards: int) -> int:
    """Return in how many shards names collide if the names that do are spread evenly."""
    if not work.collisions:
        return 0
    free: float = 1 - min(1.0, work.collisions / work.images)
    return math.ceil(shards * (1 - math.pow(free, work.images / shards)))
