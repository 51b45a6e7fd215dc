"""Measures how thumbrun scales: with a few real processes, with more tasks in virtual time, and with a model.

The measurement leaves out processor time, because the two processors of the machine would limit it. Instead, a task
renders an image by waiting, and the store takes 100 ms for each request. Each task gets the same number of images,
however many tasks there are, so the time should not grow.
"""

import asyncio
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.distant import Distant, Stage, Worked, command, work
from bench.model import IN_EARNEST, IN_FLIGHT, LATENCY, RENDER, limit
from bench.results import Plot, Result, Row
from bench.shown import show
from bench.synthetic import Listed, Meter, Names
from tests import virtual
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.build import PlanBuilder, Source
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.select import Selection
from thumbrun.pricing.model import RENAME_TRIPS, Model, planning, predict
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.memory import MemoryStore
from thumbrun.storage.ramp import WRITES


@dataclass(frozen=True, slots=True)
class Measured:
    """The measurement of a number of tasks.

    Attributes:
        tasks: The number of tasks.
        images: The number of images of all tasks.
        seconds: The seconds from the start of the first task to the end of the last.
        requests_a_task: The requests of a task, on average.
    """

    tasks: int
    images: int
    seconds: float
    requests_a_task: float


def measure(tasks: int, images_a_task: int) -> Measured:
    """Run tasks as processes on this machine, each with the same number of images."""
    return run_processes(tasks, tasks * images_a_task)


def run_processes(tasks: int, images: int) -> Measured:
    """Run tasks as processes on this machine, which share the images."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, "in")
        folder.mkdir()
        for number in range(images):
            (folder / f"{number:07d}.jpg").write_bytes(b"image %d" % number)
        stages = [Stage(root, index, tasks, IN_FLIGHT, LATENCY, RENDER) for index in range(tasks)]
        began = time.perf_counter()
        running = [subprocess.Popen(command(stage), stdout=subprocess.PIPE) for stage in stages]
        worked = [Worked(**json.loads(one.communicate()[0])) for one in running]
        seconds = time.perf_counter() - began
    return _measured(worked, images, seconds)


def run_virtually(tasks: int, images_a_task: int) -> Measured:
    """Run the same tasks in virtual time, in which processors take no time."""

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
class Planned:
    """The time of planning in virtual time, in which processors take no time.

    Attributes:
        tasks: The number of tasks that the plan is for.
        images: The number of images that the planner finds.
        shards: The number of shards in the plan.
        seconds: The seconds in virtual time.
        predicted: The seconds that the model predicts.
    """

    tasks: int
    images: int
    shards: int
    seconds: float
    predicted: float


def plan_virtually(tasks: int, images: int) -> Planned:
    """Plan a synthetic bucket with realistic names for `tasks` tasks."""

    async def scenario() -> tuple[int, float]:
        requests: Counter[str] = Counter()
        source = Distant(Listed(Names(images), Meter()), LATENCY, requests)
        state = RecordStore(Distant(MemoryStore("bucket"), LATENCY, requests), "")
        rule = NamingRule("flat", Recipe(), folds=False, limit=900)
        plan = await PlanBuilder(Source(source, "", Selection()), state, "run", 1, rule, tasks).make()
        return len(plan.shards), asyncio.get_running_loop().time()

    shards_, seconds = virtual.run(scenario())
    return Planned(
        tasks,
        images,
        shards_,
        seconds,
        planning(Model(LATENCY, IN_FLIGHT, RENDER, page=0.0, rename_trips=RENAME_TRIPS), images, shards_),
    )


MEASURED_TASKS = (1, 2, 4, 8)
VIRTUAL_TASKS = (1, 4, 16, 64)
PLANNED = ((1, 9_000), (1, 100_000), (100, 200_000))  # numbers of tasks and of images
MODELLED_TASKS = (1, 10, 100, 1_000, 10_000)
MODELLED_IMAGES = (10**5, 10**6, 10**7, 10**8)


@dataclass(frozen=True, slots=True)
class Checked:
    """The measured time of a number of tasks, beside the prediction of the model.

    Attributes:
        how: `processes` or `virtual time`.
        tasks: The number of tasks.
        images: The number of images of all tasks; each task has the same number.
        seconds: The measured seconds.
        predicted: The seconds that the model predicts.
        efficiency: The time of one task alone, divided by the time of these tasks.
        predicted_efficiency: The same for the model.
    """

    how: str
    tasks: int
    images: int
    seconds: float
    predicted: float
    efficiency: float
    predicted_efficiency: float


def check(images_a_task: int = 1_000, virtual_images_a_task: int = 200) -> Iterator[Checked]:
    """Run tasks as processes, and more tasks in virtual time, and compare them with the model.

    Only one parameter of the model is fitted, to the run of one task alone: the time until a process sends its first
    request.
    """
    yield from _check("processes", MEASURED_TASKS, images_a_task, measure)
    yield from _check("virtual time", VIRTUAL_TASKS, virtual_images_a_task, run_virtually)


def _check(how: str, counts: Iterable[int], each: int, run: Callable[[int, int], Measured]) -> Iterator[Checked]:
    alone: tuple[float, float] | None = None
    model = Model(LATENCY, IN_FLIGHT, RENDER, start=0.0, page=0.0)
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


def result(rounds: int) -> Result:
    """Measure and model, and return the rows and a plot."""
    del rounds
    checked = list(check())
    planned = [plan_virtually(*one) for one in PLANNED]
    limits = [limit(IN_EARNEST, images) for images in MODELLED_IMAGES]
    modelled = [predict(IN_EARNEST, tasks, images) for images in MODELLED_IMAGES for tasks in MODELLED_TASKS]
    real = [one for one in checked if one.how == "processes"]
    rows = [
        Row(
            f"scaling: {one.tasks} tasks, 100 ms away, {one.images:,} images",
            "efficiency 0.95",
            f"{one.efficiency:.2f} (model {one.predicted_efficiency:.2f})",
            {},
            one.efficiency >= 0.95,
            "",
        )
        for one in real
        if one.tasks > 1
    ]
    rows += [
        Row(
            f"planning in virtual time, 100 ms away, {one.images:,} images for {one.tasks} tasks",
            "",
            f"{one.seconds:.1f} s (model {one.predicted:.1f} s)",
            {},
            None,
            f"{one.shards:,} shards",
        )
        for one in planned
    ]
    rows += [
        Row(
            f"scaling, modelled: {one.images:,} images",
            "efficiency 0.95 until the bucket's request rate binds",
            f"up to {one.tasks:,} tasks; then {one.binds} binds",
            {},
            one.binds in ("nothing", "the bucket's request rate"),
            f"{IN_EARNEST.image * 1e3:g} ms of processor time an image, "
            f"Cloud Storage's ramp from {WRITES:,} writes a second",
        )
        for one in limits
    ]
    lines: dict[str, list[tuple[float | str, float]]] = {
        "measured, processes": [(one.tasks, one.efficiency) for one in real],
        "in virtual time": [(one.tasks, one.efficiency) for one in checked if one.how != "processes"],
    }
    for images in MODELLED_IMAGES:
        lines[f"model, {images:,} images"] = [(one.tasks, one.efficiency) for one in modelled if one.images == images]
    plot = Plot("scaling", "Efficiency, measured and modelled", "tasks", "efficiency", lines, logarithmic=True)
    return Result(rows, [plot], [*checked, *planned, *limits, *modelled])


def main() -> None:
    """Print the measurements beside the model, and the predictions of the model for thousands of tasks."""
    show(check())
    show(plan_virtually(*one) for one in PLANNED)
    show(predict(IN_EARNEST, tasks, images) for images in MODELLED_IMAGES for tasks in MODELLED_TASKS)
    show(limit(IN_EARNEST, images) for images in MODELLED_IMAGES)


if __name__ == "__main__":
    main()
