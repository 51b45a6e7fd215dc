"""Two sizes of every image in one run, against a run for each: one fetch and one decode, or two."""

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
    """What the sizes of all images took; medians.

    Attributes:
        reads: Requests that read objects, the records of the runs included.
        processor: Seconds of processor time of an image, start included.
        seconds: From process start to exit, of one run after the other.
    """

    reads: float
    processor: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Compared:
    """What was measured.

    Attributes:
        together: Both sizes in one run.
        apart: A run for each.
        single: The larger size alone.
    """

    together: Taken
    apart: Taken
    single: Taken


def measure(rounds: int) -> Compared:
    """Let them take turns, so many times."""
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
    """Measure, and return rows."""
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
