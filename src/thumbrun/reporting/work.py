"""Compares the tasks of a run with a single job, from what their ledger parts tell. Pure.

The busy time of an attempt goes from its first item to its last sign of life. It leaves out the wait for the plan. A
single job is the busy time of the tasks one after the other. The wall clock is the time in which at least one task was
at work, so a break between two executions does not count.

Tasks on one machine share its processors. If they are more than the processors, each takes longer than it would alone,
and the sum of their busy times says too much. So of each machine the busy time counts at most as many times as the
machine has processors, and the ideal line ends there.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from thumbrun.console import as_unicode

BATCH_IMAGES, BATCH_TASKS = 1000, 10  # of the README's first example

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One process that worked on the run: an attempt of a task.

    Attributes:
        execution: What distinguishes executions, or None.
        task: The index of the task.
        tasks: The number of tasks that it was one of.
        attempt: The number of the attempt, from 0.
        machine: The name of its machine, or None if that is not recorded.
        processors: The number of processors that it could use, or None if that is not recorded.
        started: When the process started, or None if that is not recorded.
        first: When it turned to its first item, or wrote its first part.
        last: When it wrote its last part, its last sign of life.
        images: The outcomes that it wrote.
    """

    execution: str | None
    task: int
    tasks: int
    attempt: int
    machine: str | None
    processors: int | None
    started: datetime | None
    first: datetime
    last: datetime
    images: int

    @property
    def busy_seconds(self) -> float:
        """The seconds from the first item to the last sign of life."""
        return (self.last - self.first).total_seconds()

    def to_record(self) -> dict[str, Any]:
        """Return the attempt as `report.json` holds it."""
        return {
            "task": self.task,
            "tasks": self.tasks,
            "attempt": self.attempt,
            "machine": self.machine and as_unicode(self.machine),
            "processors": self.processors,
            "started": self.started and self.started.isoformat(),
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "busy_seconds": round(self.busy_seconds, 3),
            "images": self.images,
        }


@dataclass(frozen=True, slots=True)
class Work:
    """The tasks against a single job; see the top of this module.

    Attributes:
        tasks: The number of tasks that worked.
        machines: The number of machines, or None if they are not recorded.
        processors: The processors of all machines together, or None.
        images: The outcomes that these tasks wrote.
        wall_seconds: The time in which at least one task was at work.
        busy_seconds: The busy time of all tasks together.
        single_seconds: The time of a single job: the busy time of the tasks one after the other.
        idle_seconds: The time for which tasks were done and waited for the last one, together.
        retries: The attempts after the first ones.
        speedup: `single_seconds` over `wall_seconds`.
        ideal: The speed-up if no task ever waited: the number of tasks, or of processors if tasks share fewer.
        efficiency: The speed-up over the ideal one.
        shares_processors: Whether tasks shared fewer processors than they were.
    """

    tasks: int
    machines: int | None
    processors: int | None
    images: int
    wall_seconds: float
    busy_seconds: float
    single_seconds: float
    idle_seconds: float
    retries: int
    speedup: float
    ideal: float
    efficiency: float
    shares_processors: bool

    @property
    def image_seconds(self) -> float:
        """The time of a single job for one image."""
        return self.single_seconds / self.images if self.images else 0.0

    def batch(self) -> dict[str, float]:
        """Return the times of `BATCH_IMAGES` images with this run's time an image, in seconds."""
        single = BATCH_IMAGES * self.image_seconds
        ideal = single / BATCH_TASKS
        return {
            "images": BATCH_IMAGES,
            "tasks": BATCH_TASKS,
            "single_seconds": round(single, 3),
            "ideal_seconds": round(ideal, 3),
            "seconds": round(ideal / self.efficiency, 3) if self.efficiency else 0.0,
        }

    def to_record(self) -> dict[str, Any]:
        """Return the work as `report.json` holds it."""
        return {
            "tasks": self.tasks,
            "machines": self.machines,
            "processors": self.processors,
            "images": self.images,
            "wall_seconds": round(self.wall_seconds, 3),
            "busy_seconds": round(self.busy_seconds, 3),
            "single_seconds": round(self.single_seconds, 3),
            "idle_seconds": round(self.idle_seconds, 3),
            "retries": self.retries,
            "speedup": round(self.speedup, 3),
            "ideal": round(self.ideal, 3),
            "efficiency": round(self.efficiency, 4),
            "shares_processors": self.shares_processors,
            "batch": self.batch(),
        }


def work_of(attempts: Sequence[Attempt]) -> Work | None:
    """Return the tasks against a single job, or None if nobody worked for a measurable time."""
    working = [attempt for attempt in attempts if attempt.images]
    wall = seconds_covered((attempt.first, attempt.last) for attempt in working)
    if not wall:
        return None
    machines: dict[object, list[Attempt]] = defaultdict(list)
    for attempt in working:
        own = ("of its own", attempt.execution, attempt.task)  # if nobody recorded the machine
        machines[attempt.machine if attempt.machine is not None else own].append(attempt)
    known = all(attempt.machine is not None and attempt.processors for attempt in working)
    tasks = len({(attempt.execution, attempt.task) for attempt in working})
    at_once = max(len({attempt.task for attempt in working if attempt.tasks == count}) for count in _counts(working))
    single = sum(map(_single, machines.values()))
    processors = sum(_processors(there) for there in machines.values()) if known else None
    ideal = float(sum(map(_ideal, machines.values())) if known else at_once)
    busy = sum(attempt.busy_seconds for attempt in working)
    speedup = single / wall
    ideal = max(1.0, min(ideal, at_once))
    return Work(
        tasks=at_once,
        machines=len(machines) if known else None,
        processors=processors,
        images=sum(attempt.images for attempt in working),
        wall_seconds=wall,
        busy_seconds=busy,
        single_seconds=single,
        idle_seconds=_idle(working),
        retries=len(working) - tasks,
        speedup=speedup,
        ideal=ideal,
        efficiency=min(1.0, speedup / ideal),
        shares_processors=known and ideal < at_once,
    )


def seconds_covered(spans: Iterable[Span]) -> float:
    """Return the seconds that at least one of some spans covers.

    >>> at = [datetime(2026, 1, 1, 0, 0, second) for second in range(10)]
    >>> seconds_covered([(at[0], at[2]), (at[1], at[3]), (at[5], at[6])])
    4.0
    """
    covered, reached = 0.0, None
    for first, last in sorted(spans):
        begin = first if reached is None or first > reached else reached
        if last > begin:
            covered += (last - begin).total_seconds()
        reached = last if reached is None else max(reached, last)
    return covered


def break_seconds(began: datetime, ended: datetime, rounds: Sequence[Sequence[Attempt]]) -> float:
    """Return the seconds between the rounds of a complete run, in which none of them was at work.

    Args:
        began: When the run began.
        ended: When its latest round was complete.
        rounds: What each process did, by round, the first round first; a round that did nothing has no process.
    """
    if len(rounds) < 2:
        return 0.0
    spans = [
        (min(one.started or one.first for one in made), max(one.last for one in made)) for made in rounds[1:] if made
    ]
    spans.append((began, max((one.last for one in rounds[0]), default=began)))
    if rounds[-1]:
        spans.append((max(one.last for one in rounds[-1]), ended))
    within = ((max(first, began), min(last, ended)) for first, last in spans)
    return max(0.0, (ended - began).total_seconds() - seconds_covered(within))


def _counts(attempts: Iterable[Attempt]) -> set[int]:
    return {attempt.tasks for attempt in attempts}


def _processors(attempts: Iterable[Attempt]) -> int:
    """Return the processors of one machine."""
    return max(attempt.processors or 0 for attempt in attempts)


def _ideal(attempts: Sequence[Attempt]) -> int:
    """Return the ideal speed-up of the tasks of one machine."""
    return min(len({attempt.task for attempt in attempts}), _processors(attempts))


def _single(attempts: Sequence[Attempt]) -> float:
    """Return the seconds in which a single job would do what the tasks of one machine did."""
    busy = sum(attempt.busy_seconds for attempt in attempts)
    processors = _processors(attempts)
    covered = seconds_covered((attempt.first, attempt.last) for attempt in attempts)
    return min(busy, processors * covered) if processors else busy


def _idle(attempts: Iterable[Attempt]) -> float:
    """Return the seconds for which the tasks of each execution waited for the last one of them, together."""
    last: dict[object, dict[int, datetime]] = defaultdict(dict)
    for attempt in attempts:
        ends = last[attempt.execution]
        ends[attempt.task] = max(attempt.last, ends.get(attempt.task, attempt.last))
    return sum((max(ends.values()) - end).total_seconds() for ends in last.values() for end in ends.values())
