"""Measures the time from process start to the first request, and the time of imports alone."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.pictures import fill
from bench.remote import ROOT, remote, run_task
from bench.results import Result, Row
from bench.task import sequential

_IMPORTS = {"python": "pass", "google-cloud-storage": "import google.cloud.storage"}


@dataclass(frozen=True, slots=True)
class Started:
    """The times of starts, in seconds; they are medians.

    Attributes:
        ours: The time until the first request of a task arrives.
        sequential: The time until the first request of the sequential design arrives.
        python: The time of an empty Python process.
        client: The time of a Python process that imports google-cloud-storage.
    """

    ours: float
    sequential: float
    python: float
    client: float


def measure(rounds: int) -> Started:
    """Start each program in turn, for a number of rounds."""
    ours, others = list[float](), list[float]()
    imports = {name: list[float]() for name in _IMPORTS}
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, "in")
        folder.mkdir()
        fill(folder, "18 kB", 1)
        for _ in range(rounds):
            for times, run in ((ours, run_task), (others, lambda server: sequential(server, 1))):
                with remote(folder) as server:
                    ran = run(server)
                    times.append(ran.stats.first - ran.began)
            for name, code in _IMPORTS.items():
                python = sys.executable if name == "python" else str(ROOT / ".venv/bench/bin/python")
                imports[name].append(_seconds(lambda: subprocess.run([python, "-c", code], check=True)))  # noqa: B023
    middle = statistics.median
    return Started(middle(ours), middle(others), middle(imports["python"]), middle(imports["google-cloud-storage"]))


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def result(rounds: int) -> Result:
    """Measure the starts and return a row."""
    found = measure(3 * rounds)
    row = Row(
        "time from process start to the first request",
        "0.5 s",
        f"{found.ours:.2f} s",
        {"sequential design": f"{found.sequential:.2f} s", "google-cloud-storage, imported": f"{found.client:.2f} s"},
        found.ours <= 0.5,
        f"an empty Python takes {found.python:.2f} s; on Cloud Run a token is asked for before",
    )
    return Result([row], (), [found])
