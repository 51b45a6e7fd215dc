"""Measures the planning of millions of objects: its processor time, its memory, and the requests of the other tasks."""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from bench.results import Result, Row
from bench.synthetic import Kept, Listed, Meter, Names
from thumbrun.clock import SystemClock
from thumbrun.environment.task_identity import Task
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.build import Source
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.plan import read_plan, read_shard
from thumbrun.planning.planner import Planner
from thumbrun.planning.select import Selection
from thumbrun.planning.shards import assign
from thumbrun.runs.record_store import RecordStore

RUN = "20260102T1530Z"
_ASKED = 3  # tasks whose requests are counted, out of all tasks
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Planned:
    """The cost of planning.

    Attributes:
        objects: The number of objects in the listing.
        items: The number of items in the plan.
        shards: The number of shards in the plan.
        tasks: The number of tasks that the plan is for.
        renamed: The number of items that have another name because their own collided.
        cpu: The processor time of the planner in seconds, without that of the synthetic store.
        store_cpu: The processor time of the synthetic store in the same process, in seconds.
        wall: The elapsed time, in seconds.
        resident: The largest resident memory of the whole process, in bytes.
        requests: The number of the planner's requests by operation.
        record_bytes: The size of all records, in bytes.
        plan_bytes: The size of `plan.json`, in bytes.
        start_cpu: The processor time in which another task reads the plan and finds its shards, in seconds.
        asked: For some other tasks, the requests until a task holds all its items: for the plan and its own shards.
        own_shards: For the same tasks, the number of their shards.
    """

    objects: int
    items: int
    shards: int
    tasks: int
    renamed: int
    cpu: float
    store_cpu: float
    wall: float
    resident: int
    requests: dict[str, int]
    record_bytes: int
    plan_bytes: int
    start_cpu: float
    asked: list[dict[str, int]] = field(default_factory=list)
    own_shards: list[int] = field(default_factory=list)


async def plan(objects: int, tasks: int, *, colliding: float = 0.02) -> Planned:
    """Plan a synthetic bucket in this process, and then read the plan as the other tasks do."""
    meter = Meter()
    kept = Kept(meter)
    state = RecordStore(kept, "_thumbrun/")
    task = Task(0, tasks)
    source = Source(Listed(Names(objects, colliding=colliding), meter), "", Selection())
    rule = NamingRule("flat", Recipe(), folds=False, limit=900)
    began, wall = time.process_time(), time.perf_counter()
    made = await Planner(state, source, RUN, rule, task, SystemClock()).plan()
    cpu, wall = time.process_time() - began - meter.seconds, time.perf_counter() - wall
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    requests, store_cpu = dict(meter.requests), meter.seconds
    names = state.names.run(RUN)
    entry = await kept.stat(names.plan)
    if entry is None:
        raise LookupError(names.plan)

    shards, items = len(made.shards), made.items
    asked, own_shards, start = [], [], 0.0
    for index in range(0, tasks, -(-tasks // _ASKED)):
        meter.requests.clear()
        began = time.process_time()
        read = await read_plan(state, names)
        if read is None:
            raise LookupError(names.plan)
        mine = assign([shard.cost for shard in read.shards], tasks)[index]
        start = max(start, time.process_time() - began)
        own = [await read_shard(state, names, read, number) for number in mine]
        if sum(len(some) for some in own) != sum(read.shards[number].items for number in mine):
            raise ValueError(f"task {index} of {tasks} does not hold the items that the plan gives it")
        asked.append(dict(meter.requests))
        own_shards.append(len(mine))
    await kept.close()
    renamed = sum(shard.renamed for shard in made.shards)
    return Planned(
        objects, items, shards, tasks, renamed, cpu, store_cpu, wall, resident, requests, kept.bytes_kept, entry.size,
        start, asked, own_shards,
    )  # fmt: skip


def measure(objects: int, tasks: int, *, colliding: float = 0.02) -> Planned:
    """Plan in a separate process, so that its memory holds nothing else."""
    command = [sys.executable, "-m", "bench.planning", str(objects), str(tasks), str(colliding)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return Planned(**json.loads(answer.stdout))


def result(rounds: int) -> Result:
    """Measure the planning and return the rows."""
    del rounds
    found = measure(10_000_000, 100)
    asked = max(sum(requests.values()) for requests in found.asked)
    rows = [
        Row(
            "planning 10 million objects",
            "one listing, 90 s of processor time, 350 MiB",
            f"{_pages(found.requests):,} pages, {found.cpu:.0f} s, {found.resident / _MIB:.0f} MiB",
            {"sequential design": "every task the whole listing"},
            found.cpu <= 90 and found.resident <= 350 * _MIB,
            f"the synthetic store's {found.store_cpu:.0f} s are left out, and HTTP is not in it",
        ),
        Row(
            "what another of 100 tasks reads of that plan",
            "its own shards only",
            f"{asked} requests for {max(found.own_shards)} shards",
            {"sequential design": "10,000 pages"},
            asked <= 2 * max(found.own_shards),
            f"reading and assigning the plan takes {found.start_cpu:.2f} s",
        ),
    ]
    return Result(rows, (), [found])


def _pages(requests: Mapping[str, int]) -> int:
    return sum(count for operation, count in requests.items() if operation.startswith("page"))


def main() -> None:
    """Plan once, as the arguments say, and print the cost as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("objects", type=int)
    parser.add_argument("tasks", type=int)
    parser.add_argument("colliding", type=float)
    asked = parser.parse_args()
    sys.stdout.write(json.dumps(asdict(asyncio.run(plan(asked.objects, asked.tasks, colliding=asked.colliding)))))


if __name__ == "__main__":
    main()
