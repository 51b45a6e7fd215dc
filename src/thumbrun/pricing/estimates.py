"""Estimates what a run takes and costs for a number of tasks, and which number to take. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from thumbrun.pricing.bill import Bill, Places, Use, bill_of
from thumbrun.pricing.model import RENAME_TRIPS, Model, Predicted, predict
from thumbrun.pricing.prices import Prices
from thumbrun.pricing.report_costs import NOTHING, report_costs
from thumbrun.pricing.requests import Requests, planned_shards, requests_of
from thumbrun.pricing.workload import IMAGES_UNDER_WAY, Range, Workload
from thumbrun.storage.base import PAGE_LIMIT
from thumbrun.storage.ramp import WRITES, writes_at

# Seconds that a read and a write wait for the store: of Cloud Storage as the bench of a distant store has them, and of
# a folder on a local disk, with photographs of 300 kB and processors that other programs used, too.
CLOUD_WAITS, FOLDER_WAITS = (0.05, 0.08), (0.0017, 0.0006)
FOLDER_AT_ONCE = 8  # as `task.nearness` has it
# Seconds of processor time of one process, from its start to its end, without its images: 0.34 to 0.59 (`bench task`).
PROCESS_SECONDS = 0.6
PAGE_SECONDS = 0.006  # of the planner for each page of the listing (`bench planning`)

_FIGURES = (1, 2, 5)  # the numbers of tasks in a table: these, and ten times as many …
_MOST_TASKS = 10_000  # Cloud Run allows no more
_GROWTH = 1.05  # between the numbers of tasks that are tried for a recommendation, beyond the first hundred
_WORTH_A_WORD = 0.05  # of the time: from then on tasks count as held back by the bucket's rate
_AS_GOOD = 1.1  # fewer tasks are better if they take at most this many times as long
_STILL_FALLS = 0.95  # a table ends where the next number of tasks takes more than this part of the time


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which conditions the tasks of a run work.

    Attributes:
        processors: The vCPUs of each task.
        memory_gib: The memory of each task, in GiB.
        machine: The processors that all tasks share on one machine; None if each task has its own.
        read_seconds: How long a read waits for the store.
        write_seconds: How long a write waits for the store.
        in_flight: How many images a task has under way at once.
        ramp: The writes a second that the bucket accepts at first; None if there is no limit.
        places: Where the tasks and the buckets are.
        report: Whether the last task makes the report of the run.
    """

    processors: float = 1.0
    memory_gib: float = 0.5
    machine: int | None = None
    read_seconds: float = CLOUD_WAITS[0]
    write_seconds: float = CLOUD_WAITS[1]
    in_flight: int = IMAGES_UNDER_WAY
    ramp: float | None = float(WRITES)
    places: Places = field(default_factory=Places)
    report: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run takes and costs with a number of tasks.

    Attributes:
        tasks: The number of tasks.
        seconds: The seconds from the start of the tasks to the end of the last, without the time that a platform takes
            to start them.
        vcpu_seconds: What is billed for processors: the seconds of all tasks, times their vCPUs.
        processor_seconds: The processor time that they use of that.
        requests: Their requests.
        wanted_writes: The writes a second that they would make if the bucket accepted any number.
        ramp: The writes a second that the bucket accepts at first; None: any number.
        peak_writes: The most writes a second that they make, within what the bucket accepts when they end.
        held_back: The seconds for which the bucket's rate makes them wait.
        bill: The dollars, by the likely time.
        usd: The dollars.
    """

    tasks: int
    seconds: Range
    vcpu_seconds: Range
    processor_seconds: Range
    requests: Requests
    wanted_writes: float
    ramp: float | None
    peak_writes: float
    held_back: float
    bill: Bill
    usd: Range

    @property
    def is_held_back(self) -> bool:
        """Whether the bucket's rate makes the tasks wait for a part of their time that counts."""
        return self.held_back > _WORTH_A_WORD * self.seconds.likely

    def to_record(self) -> dict[str, Any]:
        """Return the estimate as JSON holds it."""
        return {
            "tasks": self.tasks,
            "seconds": round(self.seconds.likely, 1),
            "seconds_range": [round(self.seconds.low, 1), round(self.seconds.high, 1)],
            "vcpu_seconds": round(self.vcpu_seconds.likely, 1),
            "vcpu_seconds_range": [round(self.vcpu_seconds.low, 1), round(self.vcpu_seconds.high, 1)],
            "processor_seconds": round(self.processor_seconds.likely, 1),
            "requests": self.requests.total,
            "class_a": self.requests.class_a,
            "class_b": self.requests.class_b,
            "peak_writes_per_second": round(self.peak_writes, 1),
            "usd": round(self.usd.likely, 6),
            "usd_range": [round(self.usd.low, 6), round(self.usd.high, 6)],
            "held_back_seconds": round(self.held_back, 1),
        }


def estimate(work: Workload, tasks: int, conditions: Conditions, prices: Prices) -> Estimate:
    """Return what a run of at least one image takes and costs with a number of tasks."""
    low, likely, high = (_predicted(work, tasks, conditions, processor) for processor in work.processor)
    requests = requests_of(work, tasks, report=conditions.report)
    report = report_costs(work, planned_shards(work, tasks)) if conditions.report else NOTHING
    after = report.trips * conditions.read_seconds + report.created * conditions.write_seconds + report.processor
    seconds = Range(low.seconds, likely.seconds, high.seconds).plus(after)
    beside = PROCESS_SECONDS * tasks + PAGE_SECONDS * work.listed / PAGE_LIMIT
    processor = work.processor.plus(work.slowness * beside + report.processor)
    billed = processor if conditions.machine else seconds.times(tasks * conditions.processors)
    bills = [_bill(work, requests, vcpu_seconds, conditions, prices) for vcpu_seconds in billed]
    ramp = conditions.ramp
    return Estimate(
        tasks,
        seconds,
        billed,
        processor,
        requests,
        likely.rate,
        ramp,
        likely.rate if ramp is None else min(likely.rate, writes_at(ramp, likely.seconds)),
        likely.ramp,
        bills[1],
        Range(*(bill.usd for bill in bills)),
    )


def _predicted(work: Workload, tasks: int, conditions: Conditions, processor: float) -> Predicted:
    images = work.images
    reads = sum(work.reads_by_class(tasks).values())
    waits = reads * conditions.read_seconds + images * work.sizes * conditions.write_seconds
    crowd = tasks / conditions.machine if conditions.machine else 0.0  # processes that start on one processor at once
    model = Model(
        latency=waits / (reads + images * work.sizes),
        in_flight=conditions.in_flight,
        image=processor / images,
        processors=conditions.machine / tasks if conditions.machine else conditions.processors,
        reads=reads / images,
        writes_an_image=work.sizes,
        page=work.slowness * PAGE_SECONDS,
        start=work.slowness * PROCESS_SECONDS * max(1.0, crowd),
        rename_trips=RENAME_TRIPS if work.collisions else 0.0,
        writes=conditions.ramp,
    )
    return predict(model, tasks, images)


def _bill(work: Workload, requests: Requests, vcpu_seconds: float, conditions: Conditions, prices: Prices) -> Bill:
    gib_seconds = vcpu_seconds / conditions.processors * conditions.memory_gib
    use = Use(vcpu_seconds, gib_seconds, requests, work.read_by_class, work.thumbnails.likely)
    return bill_of(use, prices, conditions.places)


@dataclass(frozen=True, slots=True)
class Advice:
    """The number of tasks to take.

    Attributes:
        estimate: The estimate for it.
        fits: Whether it keeps to the deadline and the budget; if no number does, it is the one that comes nearest.
        why: In words, why this number.
    """

    estimate: Estimate
    fits: bool
    why: str


def advise(
    work: Workload,
    conditions: Conditions,
    prices: Prices,
    *,
    deadline: float | None = None,
    budget: float | None = None,
) -> Advice:
    """Return the fewest tasks that keep to a deadline and a budget, and that the bucket's rate does not hold back.

    The deadline and the budget hold for the upper ends of the estimates. Without a deadline, it is the fewest tasks
    that take at most a tenth longer than any other number.

    Args:
        work: What the run has to do; at least one image.
        conditions: The conditions.
        prices: The prices.
        deadline: The most seconds that the run may take, or None.
        budget: The most US dollars that it may cost, or None.
    """
    tried = [estimate(work, tasks, conditions, prices) for tasks in _tried(work.images, conditions)]
    calm = [one for one in tried if not one.is_held_back] or tried[:1]
    affordable = [one for one in calm if budget is None or one.usd.high <= budget]
    if not affordable:
        cheapest = min(calm, key=lambda one: one.usd.high)
        return Advice(cheapest, fits=False, why="it costs the least")
    if deadline is not None:
        for one in affordable:
            if one.seconds.high <= deadline:
                return Advice(one, fits=True, why="the fewest that are sure to be in time")
        fastest = min(affordable, key=lambda one: one.seconds.high)
        return Advice(fastest, fits=False, why="it is the fastest")
    shortest = min(one.seconds.likely for one in affordable)
    for one in affordable:
        if one.seconds.likely <= _AS_GOOD * shortest:
            return Advice(one, fits=True, why="more tasks hardly save time")
    raise AssertionError("the shortest time is among them")


def _tried(images: int, conditions: Conditions) -> Iterator[int]:
    tasks, most = 1, min(_MOST_TASKS, max(1, images))
    if conditions.machine:
        most = min(most, conditions.machine)  # more tasks than processors gain nothing on one machine
    while tasks <= most:
        yield tasks
        tasks = max(tasks + 1, int(tasks * _GROWTH))


def table(work: Workload, conditions: Conditions, prices: Prices, also: Iterable[int] = ()) -> list[Estimate]:
    """Return the estimates for 1, 2, 5, 10, 20 … tasks, as long as more tasks save time, and for some other numbers.

    Args:
        work: What the run has to do; at least one image.
        conditions: The conditions.
        prices: The prices.
        also: Numbers of tasks to show in any case.
    """
    shown: dict[int, Estimate] = {}
    for tasks in (figure * 10**power for power in range(5) for figure in _FIGURES):
        if tasks > min(_MOST_TASKS, work.images):
            break
        one = shown[tasks] = estimate(work, tasks, conditions, prices)
        before = list(shown.values())[-2:][0]
        if tasks > 1 and one.seconds.likely > _STILL_FALLS * before.seconds.likely:
            break
    for tasks in also:
        shown.setdefault(tasks, estimate(work, tasks, conditions, prices))
    return [shown[tasks] for tasks in sorted(shown)]
