"""Models the cost of a million thumbnails on Cloud Run and Cloud Storage, for thumbrun and for the sequential design.

The sequential design is that of the first README. Every task lists the whole source and takes its slice by index. Then
it reads, decodes and writes one image after the other. Its tasks wait for the network while Cloud Run charges for them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.results import Result, Row, read
from bench.shown import show
from thumbrun.pricing.bill import Use, bill_of
from thumbrun.pricing.estimates import CLOUD_WAITS, PROCESS_SECONDS, Conditions, estimate
from thumbrun.pricing.prices import list_prices
from thumbrun.pricing.workload import Group, Range, Workload

IMAGES = 1_000_000
PAGE = 1000  # objects


@dataclass(frozen=True, slots=True)
class Kind:
    """The processor time of one image of a kind.

    Attributes:
        name: The name of the kind.
        ours: The processor time in a task of thumbrun, in seconds, for decoding and everything else.
        sequential: The processor time in a task of the sequential design, in seconds.
    """

    name: str
    ours: float
    sequential: float


# These figures of a prototype count only if the part `task` has not measured its own.
KINDS = (Kind("18 kB", 0.0040, 0.0095), Kind("1920 px", 0.0080, 0.0135), Kind("4000 px", 0.0250, 0.0310))

MEMORY_GIB = 0.5


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a run.

    Attributes:
        design: `thumbrun` or `sequential`.
        images: The kind of the images.
        tasks: The number of tasks, which have one processor and 512 MiB each.
        hours: The hours from the start to the end of the last task.
        vcpu_hours: The vCPU-hours of all tasks.
        gib_hours: The GiB-hours of all tasks.
        class_a: The number of class A operations, which create and list.
        class_b: The number of class B operations, which read.
        dollars: The price of all of these, in US dollars.
    """

    design: str
    images: str
    tasks: int
    hours: float
    vcpu_hours: float
    gib_hours: float
    class_a: int
    class_b: int
    dollars: float


def ours(kind: Kind, tasks: int, images: int = IMAGES) -> Cost:
    """Return the cost of a run of thumbrun, as `thumbrun plan` estimates it for images that take this time."""
    spent = kind.ours * images
    group = Group("jpeg", "STANDARD", images, 0, 0, 0, 1000 * spent, 0)
    work = Workload((group,), images, 1, Range(spent, spent, spent), Range(0, 0, 0))
    found = estimate(work, tasks, Conditions(memory_gib=MEMORY_GIB), list_prices())
    return _cost("thumbrun", kind, tasks, found.seconds.likely, found.requests.class_a, found.requests.class_b)


def sequential(kind: Kind, tasks: int, images: int = IMAGES) -> Cost:
    """Return the cost of a run of the sequential design, with its images spread evenly over the tasks."""
    pages = images // PAGE
    get, put = CLOUD_WAITS
    seconds = PROCESS_SECONDS + pages * get + images / tasks * (kind.sequential + get + put)
    return _cost("sequential", kind, tasks, seconds, images + tasks * pages, images)


def _cost(design: str, kind: Kind, tasks: int, seconds: float, class_a: int, class_b: int) -> Cost:
    hours = seconds / 3600
    return Cost(
        design=design,
        images=kind.name,
        tasks=tasks,
        hours=hours,
        vcpu_hours=tasks * hours,
        gib_hours=tasks * hours * MEMORY_GIB,
        class_a=class_a,
        class_b=class_b,
        dollars=dollars(tasks * seconds, class_a, class_b),
    )


def dollars(seconds: float, class_a: int, class_b: int) -> float:
    """Return the list price of tasks with one processor and 512 MiB each, in US dollars.

    Args:
        seconds: The seconds of all tasks together.
        class_a: The requests that create or list.
        class_b: The requests that read.
    """
    used = Use.of_counts(vcpu_seconds=seconds, gib_seconds=MEMORY_GIB * seconds, class_a=class_a, class_b=class_b)
    return bill_of(used, list_prices()).usd


def compare(tasks: tuple[int, ...] = (1, 10, 100), kinds: tuple[Kind, ...] = KINDS) -> list[Cost]:
    """Return the cost of a million thumbnails with both designs, for each kind of image and number of tasks."""
    return [cost(kind, count) for kind in kinds for count in tasks for cost in (ours, sequential)]


def result(rounds: int) -> Result:
    """Model the costs and return the rows."""
    del rounds
    found = compare(kinds=measured_kinds())
    rows = []
    for mine, theirs in zip(found[::2], found[1::2], strict=True):
        rows.append(
            Row(
                f"a million thumbnails, {mine.images}, {mine.tasks} tasks",
                "",
                _priced(mine),
                {"sequential design": _priced(theirs)},
                None,
                "list prices of Cloud Run and Cloud Storage; modelled from processor time an image",
            )
        )
    return Result(rows, (), found)


def measured_kinds() -> tuple[Kind, ...]:
    """Return the processor times that the part `task` has measured, or those of the prototype."""
    return _kinds(read().get("task", {}).get("figures", ())) or KINDS


def _kinds(figures: Iterable[Mapping[str, Any]]) -> tuple[Kind, ...]:
    """Return the processor times that the part `task` has measured, or nothing."""
    return tuple(Kind(one["size"], one["processor"], one["theirs"]) for one in figures)


def _priced(one: Cost) -> str:
    operations = f"{one.class_a / 1e6:.2f} M class A, {one.class_b / 1e6:.2f} M class B"
    return f"{one.vcpu_hours:.1f} vCPU-hours, {operations}, ${one.dollars:.2f}"


if __name__ == "__main__":
    show(compare())
