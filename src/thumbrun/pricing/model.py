"""A model of the time that a run takes, for up to thousands of tasks; `bench scaling` compares it with real runs."""

import math
from dataclasses import dataclass

from thumbrun.planning import shards
from thumbrun.planning.build import LARGE_PAGES, SHARDS_AT_ONCE
from thumbrun.planning.listing import PARALLEL
from thumbrun.planning.planner import LONGEST_WAIT_SECONDS, WAIT_GROWTH, first_wait
from thumbrun.storage.base import PAGE_LIMIT
from thumbrun.storage.ramp import DOUBLING_SECONDS, JITTER_A_TASK, MOST_JITTER

RENAME_TRIPS = 3.0  # requests in a row for names that collide, as some do in nearly every bucket
_SHARD_WRITES = 2.0  # an announcement, and the part that seals the shard
_SHARD_REQUESTS = 4.0  # these writes, and the reads of the shard's record and of its ledger
_PARTS_A_SHARD = 2.5
_SPLIT_TRIPS = 15.0  # requests in a row until all listers have a range of names, and again when some run out
_BOUND = 0.01  # the share of the whole time from which a cause counts as the bound


@dataclass(frozen=True, slots=True)
class Model:
    """The parameters of the model; all times are in seconds.

    Attributes:
        latency: The time of a request.
        in_flight: The number of requests of a task at once.
        image: The processor time that one image takes.
        processors: The processors of one task; less than 1 if tasks share a machine's.
        reads: The reads of an image, on average.
        writes_an_image: The writes of an image: one for each size.
        page: The planner's processor time for each page of the listing; `bench planning` measures it.
        start: The time until a process sends its first request.
        start_trips: The requests in a row from there to the first image, without the listing.
        end_trips: The requests in a row from the last image to the end.
        rename_trips: The requests in a row until names that collide are replaced.
        writes: The writes a second that the bucket accepts at first, or None for no limit.
    """

    latency: float
    in_flight: int
    image: float
    processors: float = 1.0
    reads: float = 1.0
    writes_an_image: float = 1.0
    page: float = 0.006
    start: float = 0.5
    start_trips: float = 9.0
    end_trips: float = 4.0
    rename_trips: float = 0.0
    writes: float | None = None


@dataclass(frozen=True, slots=True)
class Predicted:
    """The prediction of the model for a run.

    Attributes:
        tasks: The number of tasks.
        images: The number of images of all tasks.
        shards: The number of shards in the plan.
        planning: The seconds until the plan is complete.
        ramp: The seconds for which the bucket's request rate makes tasks wait.
        end: The seconds after the last image.
        seconds: The seconds from the start to the end of the last task.
        rate: The writes a second that all tasks would make together if the bucket accepted any number.
        efficiency: The share of the tasks' time in which their processors are busy.
        binds: The cause that takes most of the other time.
    """

    tasks: int
    images: int
    shards: int
    planning: float
    ramp: float
    end: float
    seconds: float
    rate: float
    efficiency: float
    binds: str


def predict(model: Model, tasks: int, images: int) -> Predicted:
    """Return the prediction for a run, from the start of its tasks to the end of the last."""
    count = shards_of(images, tasks)
    began = model.start + min(MOST_JITTER, JITTER_A_TASK * (tasks - 1))
    until_planned = planning(model, images, count)
    # A task that polls waits longer each time, by this factor. The last task to notice the plan has just missed it.
    growth = (WAIT_GROWTH - 1) * until_planned
    poll = 0.0 if tasks == 1 else min(LONGEST_WAIT_SECONDS, first_wait(tasks) + growth)
    ready = max(began, model.start + until_planned + poll) + model.start_trips * model.latency
    each, extra = images / tasks, count / images
    trips = model.reads + model.writes_an_image + _SHARD_REQUESTS * extra
    rate = min(model.processors / model.image, model.in_flight / (model.latency * trips))
    writes_each = each * (model.writes_an_image + _SHARD_WRITES * extra)
    work = each / rate
    ramped = _until(model, tasks, ready, writes_each, writes_each / work) - ready
    end = model.end_trips * model.latency
    end += _PARTS_A_SHARD * count / PAGE_LIMIT * (model.latency + model.page)
    seconds = ready + ramped + end
    busy = each * model.image / model.processors
    lost = {
        "requests under way": work - busy,
        "the bucket's request rate": ramped - work,
        "planning": until_planned + poll,
        "start and end": seconds - ramped - until_planned - poll,
    }
    binds = max(lost, key=lost.__getitem__)
    return Predicted(
        tasks=tasks,
        images=images,
        shards=count,
        planning=until_planned,
        ramp=ramped - work,
        end=end,
        seconds=seconds,
        rate=tasks * writes_each / work,
        efficiency=busy / seconds,
        binds=binds if lost[binds] > _BOUND * seconds else "nothing",
    )


def shards_of(images: int, tasks: int) -> int:
    """Return the approximate number of shards in a plan; see `planning.shards`."""
    head = (LARGE_PAGES - 1) * PAGE_LIMIT
    least = math.ceil(images / shards.MOST_ITEMS)
    if images <= head:
        return min(images, max(least, shards.SHARDS_A_TASK * tasks))
    fine = tasks * shards.SHARDS_A_TASK / 4 * (1 + math.log(images / head))
    return int(min(images, max(least, fine)))


def planning(model: Model, images: int, count: int) -> float:
    """Return the seconds until the plan of `images` images in `count` shards is complete."""
    pages = math.ceil(images / PAGE_LIMIT)
    renaming = model.rename_trips * model.latency
    in_order = pages * (model.latency + model.page)
    in_ranges = _SPLIT_TRIPS * model.latency + pages * max(model.page, model.latency / PARALLEL)
    listed = min(in_order, in_ranges)
    write = model.latency / min(SHARDS_AT_ONCE, model.in_flight)
    if pages < LARGE_PAGES:
        return listed + count * write + renaming
    # The planner cuts the first pages into shards at once, and the listing waits while it writes them. It writes the
    # other shards during the listing.
    cut = min(count, math.ceil(count / (1 + math.log(pages / LARGE_PAGES))))
    return cut * write + max(listed, (count - cut) * write) + renaming


def _until(model: Model, tasks: int, ready: float, writes: float, rate: float) -> float:
    """Return when a task has made `writes` writes, within `rate` a second and its share of the bucket's rate."""
    if model.writes is None:
        return ready + writes / rate
    share, steep = model.writes / tasks, math.log(2) / DOUBLING_SECONDS
    free = max(ready, math.log(max(rate / share, 1e-9)) / steep)  # from then on the bucket's rate is above the task's
    until_free = share * (math.exp(steep * min(free, 1e6)) - math.exp(steep * ready)) / steep
    if writes <= until_free:
        return math.log(writes * steep / share + math.exp(steep * ready)) / steep
    return free + (writes - until_free) / rate
