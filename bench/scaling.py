"""Scaling: measured with a few real processes, run in virtual time with some more, modelled for thousands.

Processors are left out of what is measured here, or two of them would decide: images are rendered by waiting, on a
store that takes 100 ms for each request. Each task gets as many images as before, so that the time should not grow.
"""

import asyncio
import json
import math
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.distant import Distant, Stage, Worked, command, work
from bench.shown import show
from bench.synthetic import Listed, Meter, Names
from tests import virtual
from thumbrun.job import JITTER_A_TASK, MOST_JITTER
from thumbrun.planning import shards
from thumbrun.planning.freeze import LARGE_PAGES, SHARDS_AT_ONCE, Freezer, Source
from thumbrun.planning.listing import PARALLEL
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.planner import LONGEST_WAIT_SECONDS, WAIT_GROWTH, first_wait
from thumbrun.planning.select import Selection
from thumbrun.state import State
from thumbrun.storage.base import PAGE_LIMIT
from thumbrun.storage.memory import MemoryStore
from thumbrun.storage.ramp import DOUBLING_SECONDS, WRITES

LATENCY = 0.1  # seconds a request
RENDER = 0.05  # seconds an image, one after the other
IN_FLIGHT = 96
_SHARD_WRITES = 2.0  # an announcement, and what seals it
_SHARD_REQUESTS = 4.0  # with its record and a look at its ledger
_PARTS_A_SHARD = 2.5
_RENAME_TRIPS = 3.0  # some names collide in nearly every bucket
_SPLIT_TRIPS = 15.0  # until all listers have a range of names, and once some have none left
_BOUND = 0.01  # of the whole time, from which on something is said to bind


@dataclass(frozen=True, slots=True)
class Measured:
    """What some tasks took.

    Attributes:
        tasks: How many.
        images: Of all tasks.
        seconds: From the start of the first to the end of the last.
        requests_a_task: On the average.
    """

    tasks: int
    images: int
    seconds: float
    requests_a_task: float


def measure(tasks: int, images_a_task: int) -> Measured:
    """Run tasks as processes of this machine."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, "in")
        folder.mkdir()
        for number in range(tasks * images_a_task):
            (folder / f"{number:07d}.jpg").write_bytes(b"image %d" % number)
        stages = [Stage(root, index, tasks, IN_FLIGHT, LATENCY, RENDER) for index in range(tasks)]
        began = time.perf_counter()
        running = [subprocess.Popen(command(stage), stdout=subprocess.PIPE) for stage in stages]
        worked = [Worked(**json.loads(one.communicate()[0])) for one in running]
        seconds = time.perf_counter() - began
    return _measured(worked, tasks * images_a_task, seconds)


def run_virtually(tasks: int, images_a_task: int) -> Measured:
    """Run the same tasks in virtual time, in which processors cost nothing."""

    async def scenario() -> tuple[list[Worked], float]:
        store = MemoryStore("bucket")
        for number in range(tasks * images_a_task):
            store.put_as_user(f"in/{number:07d}.jpg", b"image %d" % number, content_type="image/jpeg")
        stages = [Stage("", index, tasks, IN_FLIGHT, LATENCY, RENDER) for index in range(tasks)]
        worked = await asyncio.gather(*(work(s, virtual.VirtualClock(s.index), store) for s in stages))
        return list(worked), asyncio.get_running_loop().time()

    worked, seconds = virtual.run(scenario())
    return _measured(worked, tasks * images_a_task, seconds)


def _measured(worked: list[Worked], images: int, seconds: float) -> Measured:
    if images != sum(one.done for one in worked):
        raise ValueError(f"{images} images, but {sum(one.done for one in worked)} thumbnails")
    requests = sum(sum(one.requests.values()) for one in worked) / len(worked)
    return Measured(len(worked), images, seconds, requests)


@dataclass(frozen=True, slots=True)
class Model:
    """How a run's time comes about; times in seconds.

    Attributes:
        latency: Of a request.
        in_flight: Requests of a task at once.
        image: That one image takes a task's processors.
        page: Of the planner's processor, for each page of the listing: `bench planning` took 5.4 ms.
        start: Until a process asks for something.
        start_trips: Requests one after the other from there to the first image, beside listing.
        end_trips: Requests one after the other from the last image to the end.
        rename_trips: Requests one after the other until names that collide have others.
        writes: A second that the bucket takes at first, or None for no ceiling.
    """

    latency: float = LATENCY
    in_flight: int = IN_FLIGHT
    image: float = RENDER
    page: float = 0.006
    start: float = 0.5
    start_trips: float = 9.0
    end_trips: float = 4.0
    rename_trips: float = 0.0
    writes: float | None = None


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the model says of a run.

    Attributes:
        tasks: How many.
        images: Of all tasks.
        shards: In the plan.
        planning: Seconds until the plan is there.
        ramp: Seconds for which the bucket's ceiling makes tasks wait.
        end: Seconds after the last image.
        seconds: From the start to the end of the last task.
        efficiency: The share of the tasks' time in which their processors are busy.
        binds: What takes most of the rest.
    """

    tasks: int
    images: int
    shards: int
    planning: float
    ramp: float
    end: float
    seconds: float
    efficiency: float
    binds: str


def predict(model: Model, tasks: int, images: int) -> Predicted:
    """Return what a run takes from the start of its tasks to the end of the last."""
    count = shards_of(images, tasks)
    began = model.start + min(MOST_JITTER, JITTER_A_TASK * (tasks - 1))
    planning = _planning(model, images, count)
    # A task that polls waits by so much longer each time, and the unluckiest just missed the plan.
    growth = (WAIT_GROWTH - 1) * planning
    poll = 0.0 if tasks == 1 else min(LONGEST_WAIT_SECONDS, first_wait(tasks) + growth)
    ready = max(began, model.start + planning + poll) + model.start_trips * model.latency
    each, extra = images / tasks, count / images
    rate = min(1 / model.image, model.in_flight / (model.latency * (2 + _SHARD_REQUESTS * extra)))
    writes_each = each * (1 + _SHARD_WRITES * extra)
    work = each / rate
    ramped = _until(model, tasks, ready, writes_each, writes_each / work) - ready
    end = model.end_trips * model.latency
    end += _PARTS_A_SHARD * count / PAGE_LIMIT * (model.latency + model.page)
    seconds = ready + ramped + end
    busy = each * model.image
    lost = {
        "requests under way": work - busy,
        "the bucket's request rate": ramped - work,
        "planning": planning + poll,
        "start and end": seconds - ramped - planning - poll,
    }
    binds = max(lost, key=lost.__getitem__)
    return Predicted(
        tasks=tasks,
        images=images,
        shards=count,
        planning=planning,
        ramp=ramped - work,
        end=end,
        seconds=seconds,
        efficiency=busy / seconds,
        binds=binds if lost[binds] > _BOUND * seconds else "nothing",
    )


def shards_of(images: int, tasks: int) -> int:
    """Return about how many shards a plan has: see `planning.shards`."""
    head = (LARGE_PAGES - 1) * PAGE_LIMIT
    least = math.ceil(images / shards.MOST_ITEMS)
    if images <= head:
        return min(images, max(least, shards.SHARDS_A_TASK * tasks))
    fine = tasks * shards.SHARDS_A_TASK / 4 * (1 + math.log(images / head))
    return int(min(images, max(least, fine)))


def _planning(model: Model, images: int, count: int) -> float:
    pages = math.ceil(images / PAGE_LIMIT)
    renaming = model.rename_trips * model.latency
    in_order = pages * (model.latency + model.page)
    in_ranges = _SPLIT_TRIPS * model.latency + pages * max(model.page, model.latency / PARALLEL)
    listed = min(in_order, in_ranges)
    write = model.latency / min(SHARDS_AT_ONCE, model.in_flight)
    if pages < LARGE_PAGES:
        return listed + count * write + renaming
    # Listing waits while the shards of the first pages are written, which are cut at once; others go along with it.
    cut = min(count, math.ceil(count / (1 + math.log(pages / LARGE_PAGES))))
    return cut * write + max(listed, (count - cut) * write) + renaming


@dataclass(frozen=True, slots=True)
class Planned:
    """How long planning takes in virtual time, in which processors cost nothing.

    Attributes:
        tasks: For which it is done.
        images: That are found.
        shards: In the plan.
        seconds: In virtual time.
        predicted: Seconds.
    """

    tasks: int
    images: int
    shards: int
    seconds: float
    predicted: float


def plan_virtually(tasks: int, images: int) -> Planned:
    """Plan for so many tasks a bucket with names as buckets have them."""

    async def scenario() -> tuple[int, float]:
        requests: Counter[str] = Counter()
        source = Distant(Listed(Names(images), Meter()), LATENCY, requests)
        state = State(Distant(MemoryStore("bucket"), LATENCY, requests), "")
        rule = NamingRule("flat", "keep", folds=False, limit=900)
        plan = await Freezer(Source(source, "", Selection()), state, "run", 1, rule, tasks).make()
        return len(plan.shards), asyncio.get_running_loop().time()

    shards_, seconds = virtual.run(scenario())
    return Planned(
        tasks, images, shards_, seconds, _planning(Model(page=0.0, rename_trips=_RENAME_TRIPS), images, shards_)
    )


def _until(model: Model, tasks: int, ready: float, writes: float, rate: float) -> float:
    """Return when a task has made so many writes, at most `rate` a second and at most its share of the ceiling."""
    if model.writes is None:
        return ready + writes / rate
    share, steep = model.writes / tasks, math.log(2) / DOUBLING_SECONDS
    free = max(ready, math.log(max(rate / share, 1e-9)) / steep)  # from then on the ceiling is above the rate
    until_free = share * (math.exp(steep * min(free, 1e6)) - math.exp(steep * ready)) / steep
    if writes <= until_free:
        return math.log(writes * steep / share + math.exp(steep * ready)) / steep
    return free + (writes - until_free) / rate


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tasks work well on so many images.

    Attributes:
        images: Of all tasks.
        tasks: The most that are efficient, of those tried, which grow by a tenth.
        beyond: The first that are not, None where all are.
        binds: What takes most of their time beside work; nothing where all are efficient.
    """

    images: int
    tasks: int
    beyond: int | None
    binds: str


def limit(model: Model, images: int, *, efficiency: float = 0.95, most: int = 10_000) -> Limit:
    """Return how many tasks are efficient, and what binds beyond."""
    efficient, tasks = 0, 1
    while tasks <= most:
        predicted = predict(model, tasks, images)
        if predicted.efficiency < efficiency:
            return Limit(images, efficient, tasks, predicted.binds)
        efficient = tasks
        tasks = math.ceil(tasks * 1.1) if tasks > 1 else 2
    return Limit(images, efficient, None, "nothing")


IN_EARNEST = replace(Model(), image=0.005, rename_trips=_RENAME_TRIPS, writes=WRITES)
"""A task of one processor on photographs from the web, on Cloud Storage."""

MEASURED_TASKS = (1, 2, 4, 8)
VIRTUAL_TASKS = (1, 4, 16, 64)
PLANNED = ((1, 9_000), (1, 100_000), (100, 200_000))  # tasks, and images
MODELLED_TASKS = (1, 10, 100, 1_000, 10_000)
MODELLED_IMAGES = (10**5, 10**6, 10**7, 10**8)


@dataclass(frozen=True, slots=True)
class Checked:
    """What some tasks took, beside what the model says of them.

    Attributes:
        how: `processes` or `virtual time`.
        tasks: How many.
        images: Of all tasks; each has as many as before.
        seconds: Measured.
        predicted: Seconds.
        efficiency: What one task took, divided by what these took.
        predicted_efficiency: The same of the model.
    """

    how: str
    tasks: int
    images: int
    seconds: float
    predicted: float
    efficiency: float
    predicted_efficiency: float


def check(images_a_task: int = 1_000, virtual_images_a_task: int = 200) -> Iterator[Checked]:
    """Run tasks as processes, and more of them in virtual time, and compare with the model.

    What a process takes until it asks for something is the one thing that is fitted, to one task alone.
    """
    yield from _check("processes", MEASURED_TASKS, images_a_task, measure)
    yield from _check("virtual time", VIRTUAL_TASKS, virtual_images_a_task, run_virtually)


def _check(how: str, counts: Iterable[int], each: int, run: Callable[[int, int], Measured]) -> Iterator[Checked]:
    alone: tuple[float, float] | None = None
    model = Model(start=0.0, page=0.0)
    for tasks in counts:
        measured = run(tasks, each)
        if alone is None:
            model = replace(model, start=max(0.0, measured.seconds - predict(model, tasks, each).seconds))
            alone = measured.seconds, predict(model, tasks, each).seconds
        predicted = predict(model, tasks, tasks * each).seconds
        yield Checked(
            how=how,
            tasks=tasks,
            images=measured.images,
            seconds=measured.seconds,
            predicted=predicted,
            efficiency=alone[0] / measured.seconds,
            predicted_efficiency=alone[1] / predicted,
        )


def main() -> None:
    """Print what was measured beside the model, and what the model says of thousands of tasks."""
    show(check())
    show(plan_virtually(*one) for one in PLANNED)
    show(predict(IN_EARNEST, tasks, images) for images in MODELLED_IMAGES for tasks in MODELLED_TASKS)
    show(limit(IN_EARNEST, images) for images in MODELLED_IMAGES)


if __name__ == "__main__":
    main()
