"""The parts of the bench, each with a description and its function."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import (
    balance,
    bill,
    container,
    cost,
    decode,
    fidelity,
    folder,
    latency,
    ledger,
    memory,
    planning,
    reading,
    recipes,
    report,
    results,
    scaling,
    sizes,
    start,
    task,
    tasks,
)
from bench.results import Result


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bench.

    Attributes:
        about: A description of the figures that it measures.
        run: The function that measures them; it takes the number of rounds, which some parts ignore.
    """

    about: str
    run: Callable[[int], Result]


PARTS: dict[str, Part] = {
    "decode": Part("decoding and encoding alone, against what users would pick", decode.result),
    "task": Part("one task on a distant store, against the sequential design", task.result),
    "latency": Part("throughput against latency", latency.result),
    "sizes": Part("two sizes in one run, against a run for each", sizes.result),
    "folder": Part("a local folder of phone photographs, against a loop of Pillow", folder.result),
    "bytes": Part("bytes read of the objects' bytes", reading.result),
    "fidelity": Part("thumbnails made of a part against those of the whole", fidelity.result),
    "start": Part("time to the first request", start.result),
    "container": Part("time to the first request of a container", container.result),
    "memory": Part("resident memory", memory.result),
    "planning": Part("planning 10 million objects", planning.result),
    "recipes": Part("what squares, several thumbnails and placeholders take", recipes.result),
    "ledger": Part("what the times and the looks of the images cost in the ledger", ledger.result),
    "report": Part("the report, status and list of a million images", report.result),
    "balance": Part("the longest task against the mean", balance.result),
    "scaling": Part("efficiency of many tasks, measured and modelled", scaling.result),
    "tasks": Part("1,000 images in 1 to 10 tasks: time, efficiency and cost", tasks.result),
    "bill": Part("what a plan predicts, against the run that follows", bill.result),
    "cost": Part("a million thumbnails in vCPU-hours, requests and dollars", cost.result),
}


def run(name: str, rounds: int) -> float:
    """Run a part, write its results to the file, and return the seconds that it took."""
    began = time.perf_counter()
    results.keep(name, PARTS[name].run(rounds))
    return time.perf_counter() - began
