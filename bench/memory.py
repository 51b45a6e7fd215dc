"""Measures the resident memory of a task and its workers, on the whole corpus and on files of 50 megapixels."""

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

_SIDE = 8660  # pixels; the other side is two thirds of it, which makes 50 megapixels
_LARGE = 20
_EVERY = 0.02  # seconds
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Held:
    """The largest memory that a task held at once.

    Attributes:
        images: The number of images that it worked on.
        workers: The number of its workers.
        bytes: The memory of all its processes, in bytes; shared memory counts once (proportional set size).
    """

    images: int
    workers: int
    bytes: int


def measure(workers: int) -> Held:
    """Run a task with `workers` workers and the settings of a container of 512 MiB, and return its largest memory."""
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
    """Return the default of the memory setting in a container of 512 MiB with `workers` processors."""
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
    """A watch on the memory of this process's child processes, except the server."""

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
    """Measure with two workers and with one, and return the rows."""
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
