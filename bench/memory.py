"""Resident memory of a task and its workers, with default settings, over the whole corpus and 50-megapixel files."""

import io
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.remote import remote, run_task
from bench.results import Result, Row
from tests.photographs import draw, photographs

_SIDE = 8660  # pixels; with two thirds of it 50 megapixels
_LARGE = 20
_EVERY = 0.02  # seconds
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Held:
    """The most memory that was held at once.

    Attributes:
        images: How many were worked.
        workers: Of the task.
        bytes: Of all its processes, what they share counted once (proportional set size).
    """

    images: int
    workers: int
    bytes: int


def measure(workers: int) -> Held:
    """Run a task with so many workers in a container of 512 MiB, as far as its settings go by that."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, "in")
        count = _fill(folder)
        with remote(folder) as server:
            peak = _Peak()
            settings = {"THUMBRUN_WORKERS": str(workers), "THUMBRUN_MEMORY": str(_memory(workers)), **_TREE}
            with peak:
                run_task(server, settings)
    return Held(count, workers, peak.bytes)


_TREE = {"THUMBRUN_LAYOUT": "tree"}


def _memory(workers: int) -> int:
    """Return the memory setting that a container of 512 MiB with so many processors has by default."""
    from thumbrun.environment.machine import Machine
    from thumbrun.settings.resolved import resolve

    settings = resolve({"INPUT_FOLDER": "gs://bucket/in"}, {}, machine=Machine(workers, 512 << 20))
    return settings.memory


def _fill(folder: Path) -> int:
    for name, body in photographs().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    picture = draw(_SIDE, 1)
    for progressive in (False, True):
        target = io.BytesIO()
        picture.save(target, "JPEG", quality=88, progressive=progressive)
        first = folder / f"large-{progressive}.jpg"
        first.write_bytes(target.getvalue())
        for number in range(_LARGE):
            (folder / f"large-{progressive}-{number}.jpg").hardlink_to(first)
    return sum(path.is_file() for path in folder.rglob("*"))


class _Peak:
    """Watches what this process's task holds."""

    def __init__(self) -> None:
        self.bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.is_set():
            held = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    if "bench.server" not in child.cmdline():
                        held += child.memory_full_info().pss
                except psutil.Error:
                    continue
            self.bytes = max(self.bytes, held)
            time.sleep(_EVERY)


def result(rounds: int) -> Result:
    """Measure, and return rows."""
    del rounds
    found = [measure(workers) for workers in (2, 1)]
    rows = [
        Row(
            f"resident memory with {one.workers} workers, {one.images} images: the corpus and 50 megapixels",
            "450 MiB" if one.workers == 2 else "",
            f"{one.bytes / _MIB:.0f} MiB",
            {},
            one.bytes <= 450 * _MIB if one.workers == 2 else None,
            "proportional set size of the task and all its processes, settings as in a container of 512 MiB",
        )
        for one in found
    ]
    return Result(rows, (), found)
