"""Compares what `thumbrun plan --sample` predicts with the run that follows: time, processor time and requests.

The tasks work on a store whose reads take 50 ms and whose writes take 80 ms, with the processors of this machine shared
among them. Prediction and run follow each other at once, because other programs can take a part of the processors.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.distant import Silence
from bench.remote import Ran, Remote, remote, run_task
from bench.results import Result, Row
from bench.server import BUCKET, PREFIX
from bench.shown import show
from bench.task import GET, PUT
from tests.photographs import photographs
from thumbrun.clock import SystemClock
from thumbrun.demo.run import fits_folder
from thumbrun.demo.samples import samples
from thumbrun.logs.events import Events
from thumbrun.preview.preview import Preview, preview
from thumbrun.settings.resolved import resolve

SAMPLE = 60
TASKS = (1, 2)
_GOALS = {"seconds": 0.25, "processor": 0.25, "requests": 0.05}  # the largest errors, as shares of what was measured


@dataclass(frozen=True, slots=True)
class Compared:
    """A prediction beside the run that followed.

    Attributes:
        what: `photographs` or `demo`.
        tasks: The number of tasks.
        images: The number of images.
        seconds: The seconds from the start of the first task to the end of the last.
        predicted_seconds: The seconds that the plan predicted.
        processor: The processor time of all tasks, in seconds.
        predicted_processor: The processor time that the plan predicted.
        requests: The number of requests.
        predicted_requests: The number of requests that the plan predicted.
    """

    what: str
    tasks: int
    images: int
    seconds: float
    predicted_seconds: float
    processor: float
    predicted_processor: float
    requests: int
    predicted_requests: int

    def error(self, name: str) -> float:
        """Return by which share of what was measured a prediction is too high, or too low if it is negative."""
        measured: float = getattr(self, name)
        predicted: float = getattr(self, f"predicted_{name}")
        return predicted / measured - 1


def compare(what: str, folder: Path, tasks: int) -> Compared:
    """Predict a run over the files of a folder, run it, and return both."""
    cpu = str(max(1, (os.cpu_count() or 1) // tasks))
    with remote(folder, get=GET, put=PUT) as server:
        found = asyncio.run(_plan(server, tasks, cpu))
        before = server.stats().requests
        began = time.perf_counter()
        ran = _run(server, tasks, cpu)
        seconds = time.perf_counter() - began
        after = server.stats().requests
    if found.forecast is None:
        raise ValueError("there are no images")
    asked = next(one for one in found.forecast.table if one.tasks == tasks)
    return Compared(
        what,
        tasks,
        found.items,
        seconds,
        asked.seconds.likely,
        sum(one.own + one.workers for one in ran),
        asked.processor_seconds.likely,
        sum(after.values()) - sum(before.values()),
        asked.requests.total,
    )


async def _plan(server: Remote, tasks: int, cpu: str) -> Preview:
    environ = {
        "INPUT_FOLDER": f"gs://{BUCKET}/{PREFIX}",
        "OUTPUT_BUCKET": "gs://thumbs",
        "STORAGE_EMULATOR_HOST": server.url,
        "THUMBRUN_CPU": cpu,
        "TASK_INDEX": "0",
        "TASK_COUNT": str(tasks),
    }
    clock = SystemClock()
    return await preview(resolve(environ, {"sample": str(SAMPLE)}), Events(Silence(lambda: None), clock), clock)


def _run(server: Remote, tasks: int, cpu: str) -> list[Ran]:
    stamp = time.time_ns()

    def one(index: int) -> Ran:
        settings = {
            "OUTPUT_BUCKET": f"gs://thumbs-{stamp}",
            "CLOUD_RUN_TASK_INDEX": str(index),
            "CLOUD_RUN_TASK_COUNT": str(tasks),
            "CLOUD_RUN_EXECUTION": f"bench-{stamp}",
            "THUMBRUN_WORKERS": cpu,
        }
        return run_task(server, settings)

    with ThreadPoolExecutor(tasks) as pool:
        return list(pool.map(one, range(tasks)))


def fill(what: str, folder: Path) -> None:
    """Write the pictures of a kind into an empty folder."""
    bodies: Mapping[str, bytes] = (
        photographs()
        if what == "photographs"
        else {sample.path: sample.data for sample in samples() if fits_folder(sample)}
    )
    for name, body in bodies.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def measure(rounds: int) -> list[Compared]:
    """Compare each kind of pictures with each number of tasks; of several rounds, the least disturbed run counts."""
    found = []
    for what in ("photographs", "demo"):
        with tempfile.TemporaryDirectory() as root:
            fill(what, Path(root))
            for tasks in TASKS:
                tried = (compare(what, Path(root), tasks) for _ in range(rounds))
                found.append(min(tried, key=lambda one: one.seconds))
    return found


def result(rounds: int) -> Result:
    """Compare, and return a row for each kind of pictures and number of tasks."""
    found = measure(rounds)
    rows = [
        Row(
            f"prediction of `plan --sample {SAMPLE}`, {one.what}, {one.images} images, {one.tasks} "
            f"{'task' if one.tasks == 1 else 'tasks'}",
            "within 25 % of time and processor time, 5 % of requests",
            f"{one.predicted_seconds:.1f} s, {one.predicted_processor:.1f} s of processor time, "
            f"{one.predicted_requests:,} requests",
            {"the run": f"{one.seconds:.1f} s, {one.processor:.1f} s, {one.requests:,} requests"},
            all(abs(one.error(name)) <= most for name, most in _GOALS.items()),
            ", ".join(f"{name} {one.error(name):+.0%}" for name in _GOALS),
        )
        for one in found
    ]
    return Result(rows, (), found)


def main() -> None:
    """Print the predictions beside the runs."""
    show(measure(1))


if __name__ == "__main__":
    main()
