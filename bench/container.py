"""Measures how long a container takes from the engine's command to its first request, and how large its image is."""

import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.pictures import fill
from bench.remote import remote, run_other
from bench.results import Result, Row
from bench.server import BUCKET, PREFIX
from tests.ship.conftest import PARTS
from tests.ship.engine import Engine, NoEngineError, environment, find_engine

_WHAT = "time from the engine's command to the first request of a container"
# Prints the bytes of each package's files, as its wheel lists them.
_SIZES = """
import importlib.metadata, json
packages = importlib.metadata.distributions()
print(json.dumps({found.name: sum(file.locate().stat().st_size for file in found.files) for found in packages}))
"""
_LARGEST = 6


@dataclass(frozen=True, slots=True)
class Started:
    """The times of containers, in seconds; they are medians.

    Attributes:
        ours: The time until the first request of a task in its container arrives.
        empty: The time of a container of the same image in which `true` runs.
    """

    ours: float
    empty: float


@dataclass(frozen=True, slots=True)
class Sized:
    """The sizes of an image, in bytes and unpacked.

    Attributes:
        image: The whole image.
        base: The image that it is built on.
        packages: The files of each package in it, without what Python compiled of them.
    """

    image: int
    base: int
    packages: dict[str, int]


def measure(engine: Engine, image: str, rounds: int) -> Started:
    """Start both containers in turn, for a number of rounds."""
    ours, empty = list[float](), list[float]()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, "in")
        folder.mkdir()
        fill(folder, "18 kB", 1)
        for _ in range(rounds):
            with remote(folder) as server:
                variables = {
                    "INPUT_FOLDER": f"gs://{BUCKET}/{PREFIX}",
                    "OUTPUT_BUCKET": f"gs://thumbs-{time.time_ns()}",
                    "STORAGE_EMULATOR_HOST": server.url,
                }
                ran = run_other(server, engine.command(image, variables=variables), environment())
                ours.append(ran.stats.first - ran.began)
                nothing = engine.command(image, options=["--entrypoint", "true"])
                empty.append(run_other(server, nothing, environment()).seconds)
    return Started(statistics.median(ours), statistics.median(empty))


def measure_size(engine: Engine, image: str) -> Sized:
    """Return how large an image is, and its packages."""
    whole, base = (int(engine.call("image", "inspect", "--format", "{{.Size}}", name)) for name in (image, engine.base))
    listed = engine.ran(engine.command(image, "-c", _SIZES, options=["--entrypoint", "python"]), check=True)
    return Sized(whole, base, json.loads(listed.stdout))


def result(rounds: int) -> Result:
    """Measure starts and sizes and return two rows."""
    try:
        engine = find_engine()
    except NoEngineError as error:
        return Result([Row(_WHAT, "", "absent", note=str(error))])
    image = engine.made(PARTS)
    found = measure(engine, image, 3 * rounds)
    row = Row(
        _WHAT,
        "0.5 s more than an empty container",
        f"{found.ours:.2f} s",
        {"an empty container, to its end": f"{found.empty:.2f} s"},
        found.ours - found.empty <= 0.5,
        f"{engine.program}, on one processor; Cloud Run fetches the image before",
    )
    sized = measure_size(engine, image)
    largest = sorted(sized.packages.items(), key=lambda item: -item[1])[:_LARGEST]
    size = Row(
        "size of the image, unpacked, without its base",
        "",
        _megabytes(sized.image - sized.base),
        note=f"largest: {', '.join(f'{name} {_megabytes(count)}' for name, count in largest)}; "
        f"the base {engine.base.partition(':')[0].rpartition('/')[2]} has {_megabytes(sized.base)}",
    )
    return Result([row, size], (), [found, sized])


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
