"""Cost: what a million thumbnails take on Cloud Run and Cloud Storage, ours and by the sequential design.

The sequential design is that of the first README: every task lists the whole source, takes its slice of it by index,
and reads, decodes and writes one image after the other. Its tasks wait for the network while Cloud Run counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.model import Model, predict, shards_of
from bench.results import Result, Row, read
from bench.shown import show

# List prices in US dollars, region us-central1, without free tiers and discounts; to be compared with the public
# pages before anybody relies on them: https://cloud.google.com/run/pricing (jobs, tier 1) and
# https://cloud.google.com/storage/pricing (operations on Standard storage in a region, flat namespace).
VCPU_SECOND = 0.000018
GIB_SECOND = 0.000002
CLASS_A_1000 = 0.005  # objects.insert, objects.list
CLASS_B_1000 = 0.0004  # objects.get, of data or metadata

IMAGES = 1_000_000
PAGE = 1000  # objects

LEDGER_PARTS = 2.5  # of a shard: its announcement, what is written now and then, its seal


@dataclass(frozen=True, slots=True)
class Kind:
    """What one image takes, by whom.

    Attributes:
        name: Of the images.
        ours: Seconds of processor time in our task, decoding and everything beside it.
        sequential: Seconds of processor time in a task of the sequential design.
    """

    name: str
    ours: float
    sequential: float


# Where the part `task` has not measured these: from a sketch.
KINDS = (Kind("18 kB", 0.0040, 0.0095), Kind("1920 px", 0.0080, 0.0135), Kind("4000 px", 0.0250, 0.0310))

GET_SECONDS, PUT_SECONDS = 0.05, 0.08
MEMORY_GIB = 0.5
START_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run takes.

    Attributes:
        design: `thumbrun` or `sequential`.
        images: Their kind.
        tasks: How many, of one processor and 512 MiB each.
        hours: From the start to the end of the last task.
        vcpu_hours: Of all tasks.
        gib_hours: Of all tasks.
        class_a: Operations: creating and listing.
        class_b: Operations: reading.
        dollars: Of all of these.
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
    """Return what a run of ours takes, with the model's planning, polling and ramp in its time."""
    model = Model(latency=(GET_SECONDS + PUT_SECONDS) / 2, in_flight=64, image=kind.ours, writes=1000)
    predicted = predict(model, tasks, images)
    shards = shards_of(images, tasks)
    pages = images // PAGE
    class_a = images + pages + shards + int(LEDGER_PARTS * shards) + shards
    class_a += tasks * 4  # looking at the planners, claims, whether shards are open
    class_b = images + shards + tasks * 6
    return _cost("thumbrun", kind, tasks, predicted.seconds, class_a, class_b)


def sequential(kind: Kind, tasks: int, images: int = IMAGES) -> Cost:
    """Return what a run of the sequential design takes, its images spread evenly over the tasks."""
    pages = images // PAGE
    seconds = START_SECONDS + pages * GET_SECONDS + images / tasks * (kind.sequential + GET_SECONDS + PUT_SECONDS)
    return _cost("sequential", kind, tasks, seconds, images + tasks * pages, images)


def _cost(design: str, kind: Kind, tasks: int, seconds: float, class_a: int, class_b: int) -> Cost:
    dollars = tasks * seconds * (VCPU_SECOND + MEMORY_GIB * GIB_SECOND)
    dollars += class_a / 1000 * CLASS_A_1000 + class_b / 1000 * CLASS_B_1000
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
        dollars=dollars,
    )


def compare(tasks: tuple[int, ...] = (1, 10, 100), kinds: tuple[Kind, ...] = KINDS) -> list[Cost]:
    """Return what a million thumbnails take by either design, for each kind of image and number of tasks."""
    return [cost(kind, count) for kind in kinds for count in tasks for cost in (ours, sequential)]


def result(rounds: int) -> Result:
    """Measure, and return rows."""
    del rounds
    kinds = _kinds(read().get("task", {}).get("figures", ())) or KINDS
    found = compare(kinds=kinds)
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


def _kinds(figures: Iterable[Mapping[str, Any]]) -> tuple[Kind, ...]:
    """Return what an image takes as the part `task` has measured it, or nothing."""
    return tuple(Kind(one["size"], one["processor"], one["theirs"]) for one in figures)


def _priced(one: Cost) -> str:
    operations = f"{one.class_a / 1e6:.2f} M class A, {one.class_b / 1e6:.2f} M class B"
    return f"{one.vcpu_hours:.1f} vCPU-hours, {operations}, ${one.dollars:.2f}"


if __name__ == "__main__":
    show(compare())
