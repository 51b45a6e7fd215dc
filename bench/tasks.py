"""Measures 1,000 images in 1 to 10 tasks: how long they take, what they cost, and where more tasks stop to help.

The images of one run are shared out, so more tasks have fewer images each. Three measurements answer three questions:

- In virtual time: what agreeing, waiting for the plan and the store take. Tasks render by waiting and processors take
  no time, so the figures are the same on every machine. One image takes 50 ms, or 5 ms with the bucket's ramp.
- As processes of this machine, which render by waiting: whether virtual time is right.
- As processes that decode real pictures: what a machine's processors allow.
"""

import asyncio
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.cost import dollars
from bench.distant import Stage, Worked, work
from bench.model import IN_FLIGHT, LATENCY
from bench.pictures import fill
from bench.remote import Ran, remote, run_task
from bench.results import Result, Row
from bench.scaling import run_processes
from bench.shown import show
from bench.task import GET, PUT
from tests import virtual
from thumbrun.storage.memory import MemoryStore
from thumbrun.storage.ramp import WRITES

IMAGES = 1_000
COUNTS = tuple(range(1, 11))
PROCESSES = (1, 2, 5, 10)
DECODING = (1, 2, 4, 10)
SLOW, FAST = 0.05, 0.005  # seconds of a processor for one image
SIZE = "4000 px"
_CLASS_A = ("create", "page")  # operations; all others are of class B
_LEAST_BILLED = 60.0  # seconds that a task costs at least, if what is said of Cloud Run is right


@dataclass(frozen=True, slots=True)
class Shared:
    """A run in virtual time, shared out among tasks.

    Attributes:
        tasks: The number of tasks.
        image: The seconds of a processor for one image.
        ramp: The writes a second that the bucket accepts at first from all tasks together; 0 for any number.
        seconds: The seconds from the start to the end of the last task.
        paid: The seconds of all tasks, added up.
        efficiency: The time of one task alone, divided by `tasks` times the time of these tasks.
        class_a: The number of requests that create or list.
        class_b: The number of requests that read.
        run_dollars: The price of `paid` on Cloud Run, in US dollars.
        minute_dollars: The same, if each task costs at least a minute.
        request_dollars: The price of the requests.
    """

    tasks: int
    image: float
    ramp: float
    seconds: float
    paid: float
    efficiency: float
    class_a: int
    class_b: int
    run_dollars: float
    minute_dollars: float
    request_dollars: float


@dataclass(frozen=True, slots=True)
class Together:
    """A run of processes of this machine.

    Attributes:
        kind: `waiting`, or `decoding` for real pictures.
        tasks: The number of tasks.
        seconds: The seconds from the start of the first task to the end of the last; the least disturbed run counts.
        efficiency: The time of one task alone, divided by `tasks` times the time of these tasks.
        processor: The processor time of all tasks in that run, in seconds; 0 where it was not measured.
    """

    kind: str
    tasks: int
    seconds: float
    efficiency: float
    processor: float


def share(
    tasks: int, image: float, *, ramp: float = 0.0, images: int = IMAGES, report: bool = False
) -> tuple[list[Worked], float]:
    """Run tasks in virtual time, and return what they did and the seconds that all of them took."""

    async def scenario() -> tuple[list[Worked], float]:
        store = MemoryStore("bucket")
        for number in range(images):
            store.put_as_user(f"in/{number:07d}.jpg", b"image %d" % number, content_type="image/jpeg")
        stages = [Stage("", index, tasks, IN_FLIGHT, LATENCY, image, ramp, report) for index in range(tasks)]
        worked = await asyncio.gather(*(work(s, virtual.VirtualClock(s.index), store) for s in stages))
        return list(worked), asyncio.get_running_loop().time()

    worked, seconds = virtual.run(scenario())
    if images != (done := sum(one.done for one in worked)):
        raise ValueError(f"{images} images, but {done} thumbnails")
    return worked, seconds


def in_virtual_time(image: float, ramp: float, counts: Iterable[int] = COUNTS) -> list[Shared]:
    """Measure each number of tasks in virtual time; the first is the one that the others are compared with."""
    found: list[Shared] = []
    for tasks in counts:
        worked, seconds = share(tasks, image, ramp=ramp)
        class_a = sum(one.requests.get(operation, 0) for one in worked for operation in _CLASS_A)
        class_b = sum(sum(one.requests.values()) for one in worked) - class_a
        first = found[0] if found else None
        found.append(
            Shared(
                tasks=tasks,
                image=image,
                ramp=ramp,
                seconds=seconds,
                paid=sum(one.seconds for one in worked),
                efficiency=first.tasks * first.seconds / (tasks * seconds) if first else 1.0,
                class_a=class_a,
                class_b=class_b,
                run_dollars=run_dollars(one.seconds for one in worked),
                minute_dollars=run_dollars(max(_LEAST_BILLED, one.seconds) for one in worked),
                request_dollars=dollars(0.0, class_a, class_b),
            )
        )
    return found


def run_dollars(seconds: Iterable[float]) -> float:
    """Return the price of tasks with one processor and 512 MiB each, which run for these seconds."""
    return dollars(sum(seconds), 0, 0)


def waiting(rounds: int) -> list[Together]:
    """Run tasks as processes that render by waiting, and so leave the processors of this machine alone."""
    best: dict[int, float] = {}
    for _ in range(rounds):
        for tasks in PROCESSES:
            took = run_processes(tasks, IMAGES).seconds
            best[tasks] = min(took, best.get(tasks, took))
    return [Together("waiting", tasks, took, best[1] / (tasks * took), 0.0) for tasks, took in best.items()]


def decoding(rounds: int) -> list[Together]:
    """Run tasks as processes that decode real pictures, with one decoding process each."""
    best: dict[int, tuple[float, float]] = {}
    with TemporaryDirectory() as folder:
        fill(Path(folder), SIZE, IMAGES)
        for _ in range(rounds):
            for tasks in DECODING:
                took = _decode(Path(folder), tasks)
                best[tasks] = min(took, best.get(tasks, took))
    alone = best[DECODING[0]][0]
    return [Together("decoding", tasks, took, alone / (tasks * took), spent) for tasks, (took, spent) in best.items()]


def _decode(folder: Path, tasks: int) -> tuple[float, float]:
    """Return the seconds and the processor time of a run."""
    with remote(folder, get=GET, put=PUT) as server, ThreadPoolExecutor(tasks) as pool:
        stamp = time.time_ns()

        def one(index: int) -> Ran:
            settings = {
                "OUTPUT_BUCKET": f"gs://thumbs-{stamp}",
                "CLOUD_RUN_TASK_INDEX": str(index),
                "CLOUD_RUN_TASK_COUNT": str(tasks),
                "CLOUD_RUN_EXECUTION": f"bench-{stamp}",
                "THUMBRUN_WORKERS": "1",
            }
            return run_task(server, settings)

        began = time.perf_counter()
        ran = list(pool.map(one, range(tasks)))
        return time.perf_counter() - began, sum(one.own + one.workers for one in ran)


def result(rounds: int) -> Result:
    """Measure everything and return the rows."""
    slow, fast = in_virtual_time(SLOW, 0), in_virtual_time(FAST, WRITES)
    unbound = in_virtual_time(FAST, 0)
    real, decoded = waiting(rounds), decoding(rounds)
    rows = [
        Row(
            f"{IMAGES:,} images, {one.tasks} tasks, {one.image * 1e3:g} ms an image, "
            + (f"{one.ramp:,.0f} writes a second" if one.ramp else "no limit on writes"),
            "",
            f"{one.seconds:.1f} s, efficiency {one.efficiency:.2f}, ${one.run_dollars:.5f}",
        )
        for one in (*slow, *fast, *unbound)
    ]
    rows += [
        Row(
            f"{IMAGES:,} images, {one.tasks} tasks as processes, {one.kind}",
            "",
            f"{one.seconds:.1f} s, efficiency {one.efficiency:.2f}",
        )
        for one in (*real, *decoded)
    ]
    return Result(rows, (), [*slow, *fast, *unbound, *real, *decoded])


def main() -> None:
    """Print the figures in virtual time."""
    show(in_virtual_time(SLOW, 0))
    show(in_virtual_time(FAST, WRITES))
    show(in_virtual_time(FAST, 0))


if __name__ == "__main__":
    main()
