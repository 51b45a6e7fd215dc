"""Measures two sizes of every image in one run, against a run for each: one fetch and one decode, or two of each."""

import statistics
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.pictures import fill
from bench.remote import Ran, Remote, remote, run_task
from bench.results import Result, Row
from bench.task import GET, PUT

SIZES = ("100", "400")
IMAGES = 300


@dataclass(frozen=True, slots=True)
class Taken:
    """The cost of making sizes of all images; the figures are medians.

    Attributes:
        reads: The number of requests that read objects, including the records of the runs.
        processor: The processor time of an image, in seconds, with the start.
        seconds: The sum of the runs' times from process start to exit, in seconds.
    """

    reads: float
    processor: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Compared:
    """The cost of each way to make the sizes.

    Attributes:
        together: The cost of both sizes in one run.
        apart: The cost of a run for each size.
        single: The cost of the larger size alone.
    """

    together: Taken
    apart: Taken
    single: Taken


def measure(rounds: int) -> Compared:
    """Run all ways in turn, for a number of rounds."""
    together, single, other = list[Ran](), list[Ran](), list[Ran]()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, "in")
        folder.mkdir()
        fill(folder, "1920 px", IMAGES)
        with remote(folder, get=GET, put=PUT) as server:
            for _ in range(rounds):
                together.append(_run(server, SIZES))
                single.append(_run(server, SIZES[1:]))
                other.append(_run(server, SIZES[:1]))
    both = [_taken([one, two]) for one, two in zip(single, other, strict=True)]
    return Compared(_middle(_taken([run]) for run in together), _middle(both), _middle(_taken([run]) for run in single))


def _run(server: Remote, sizes: Iterable[str]) -> Ran:
    return run_task(server, {"THUMBRUN_SIZE": ",".join(sizes)})


def _taken(runs: Iterable[Ran]) -> Taken:
    runs = list(runs)
    return Taken(
        sum(run.stats.requests.get("read", 0) for run in runs),
        sum(run.own + run.workers for run in runs) / IMAGES,
        sum(run.seconds for run in runs),
    )


def _middle(taken: Iterable[Taken]) -> Taken:
    taken = list(taken)
    return Taken(
        statistics.median(one.reads for one in taken),
        statistics.median(one.processor for one in taken),
        statistics.median(one.seconds for one in taken),
    )


def result(rounds: int) -> Result:
    """Measure the sizes and return a row."""
    found = measure(rounds)
    apart, together = found.apart, found.together
    row = Row(
        f"{' and '.join(SIZES)} px of {IMAGES} images of 1920 px in one run",
        "one fetch and one decode",
        f"{together.reads:,.0f} reads, {together.processor * 1e3:.2f} ms of processor time an image, "
        f"{together.seconds:.1f} s",
        {"a run for each": f"{apart.reads:,.0f} reads, {apart.processor * 1e3:.2f} ms, {apart.seconds:.1f} s"},
        together.reads <= found.single.reads,
        f"the larger size alone: {found.single.reads:,.0f} reads, {found.single.processor * 1e3:.2f} ms, "
        f"{found.single.seconds:.1f} s",
    )
    return Result([row], (), [found])
