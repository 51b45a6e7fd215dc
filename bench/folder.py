"""Measures a run on a local folder of photographs as phones write them, against a loop of Pillow in two threads."""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.pictures import fill
from bench.remote import ROOT
from bench.results import Result, Row
from tests.e2e.tasks import clean_environment

IMAGES = 240


@dataclass(frozen=True, slots=True)
class Took:
    """The medians of one way to make the thumbnails of a folder.

    Attributes:
        who: The name of the way.
        seconds: The seconds from process start to exit.
        processor: The seconds of processor time of the process and all that it started.
    """

    who: str
    seconds: float
    processor: float


def measure(rounds: int) -> tuple[Took, Took, float]:
    """Run both ways in turn, for a number of rounds; return their medians, and the mean size of a file in bytes."""
    taken: dict[str, list[tuple[float, float]]] = {"thumbrun": [], "Pillow": []}
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, "in")
        folder.mkdir()
        files = fill(folder, "phone", IMAGES)
        size = statistics.mean(path.stat().st_size for path in files)
        for number in range(rounds):
            for who, command in (
                ("thumbrun", ["-m", "thumbrun", "run", str(folder), "--output", f"{root}/{number}", "--quiet"]),
                ("Pillow", ["-m", "bench.contenders.pillow_folder", str(folder), f"{root}/pillow-{number}"]),
            ):
                taken[who].append(_taken(lambda: _run(command)))  # noqa: B023
    ours, theirs = (
        Took(who, statistics.median(one for one, _ in runs), statistics.median(one for _, one in runs))
        for who, runs in taken.items()
    )
    return ours, theirs, size


def _run(command: list[str]) -> None:
    subprocess.run([sys.executable, *command], check=True, cwd=ROOT, env=clean_environment())


def _taken(run: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds and the processor seconds that a function takes, with those of its processes."""

    def processor() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before, began = processor(), time.perf_counter()
    run()
    return time.perf_counter() - began, processor() - before


def result(rounds: int) -> Result:
    """Measure both ways and return a row."""
    ours, theirs, size = measure(rounds + 2)
    ratio = theirs.seconds / ours.seconds
    row = Row(
        f"{IMAGES} JPEG of a phone, 12 megapixels and {size / 1e6:.1f} MB each, from a local folder into another",
        "as fast as the loop",
        f"{ours.seconds:.1f} s ({ratio:.2f} times the loop's speed), {ours.processor:.1f} s of processor time",
        {"Pillow's draft and thumbnail in two threads": f"{theirs.seconds:.1f} s, {theirs.processor:.1f} s"},
        ratio >= 1,
        "both with start and end, on two processors. Nine tenths of it are libjpeg's work, the same in both; the start "
        "of thumbrun's processes and the records come on top",
    )
    return Result([row], (), [ours, theirs])
