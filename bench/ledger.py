"""Measures what the times and the looks of the images cost: bytes of the ledger, and processor time of the task.

One task makes thumbnails on a distant store, as in `task`. Each part of its ledger is then written again without the
times and without what else came with them. A shard of a run with many images has 1,000 of them, but those of this run
have 150. So the bench also measures the same rows in shards of 1,000. The run repeats a few photographs, so for their
looks (size, dominant colour, placeholder) each row gets random ones, as if no two were alike.
"""

import base64
import random
import string
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.pictures import fill
from bench.remote import remote, run_task
from bench.results import Result, Row
from bench.task import GET, PUT
from thumbrun.clock import SystemClock
from thumbrun.imaging.looks.appearance import KINDS
from thumbrun.imaging.request import Took
from thumbrun.runs.record_forms import TIMES
from thumbrun.runs.records import from_lines, to_lines
from thumbrun.task.stopwatch import Phase, Stopwatch

IMAGES = 3_000
SIZE = "18 kB"
LARGEST_SHARD = 1_000  # images
_DIGITS = string.digits + string.ascii_letters + "#$%*+,-.:;=?@[]^_{|}~"
_RANDOM: dict[str, Callable[[random.Random], str]] = {
    "thumbhash": lambda chance: f"thumbhash:{base64.b64encode(chance.randbytes(21)).decode()}",
    "blurhash": lambda chance: "blurhash:L" + "".join(chance.choices(_DIGITS, k=27)),
}
_ITEMS = 20_000  # that the processor time is measured with
_LOOKS = ("source_width", "source_height", "colour")
_OF_ROW, _OF_HEADER = ("began", *TIMES), ("machine", "processors", "started")

Part = tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]  # a header, and rows


@dataclass(frozen=True, slots=True)
class Sizes:
    """The bytes of a ledger for each image.

    Attributes:
        shard: The images of a shard.
        parts: The parts of the ledger.
        with_times: With the times of the images.
        without: Without them.
        without_looks: With the times, without the sizes of the sources and the dominant colours.
    """

    shard: int
    parts: int
    with_times: float
    without: float
    without_looks: float


@dataclass(frozen=True, slots=True)
class Measured:
    """All figures.

    Attributes:
        as_written: The ledger as the task wrote it.
        large: The same rows in shards of `LARGEST_SHARD` images.
        hashed: The bytes of such a ledger for each image with placeholders, by their kind.
        watch: The processor time of the times of one image, in seconds.
    """

    as_written: Sizes
    large: Sizes
    hashed: Mapping[str, float]
    watch: float


def measure() -> Measured:
    """Run a task, and measure its ledger."""
    with tempfile.TemporaryDirectory() as root:
        folder, state = Path(root, "in"), Path(root, "state")
        folder.mkdir()
        fill(folder, SIZE, IMAGES)
        with remote(folder, get=GET, put=PUT) as server:
            run_task(server, {"THUMBRUN_STATE": str(state)})
        parts = [from_lines(path.read_bytes(), path.name) for path in sorted(state.rglob("ledger/*/*.jsonl.gz"))]
    parts = [(header, _with_looks(rows)) for header, rows in parts]
    large = _in_large_shards(parts)
    return Measured(
        _sizes(parts, len({header["shard"] for header, _ in parts})),
        _sizes(large, sum(1 for _, rows in large if rows)),
        {kind: _bytes((header, _with_looks(rows, kind)) for header, rows in large) / IMAGES for kind in KINDS},
        _watch(),
    )


def _with_looks(rows: Sequence[Mapping[str, Any]], placeholder: str = "") -> list[Mapping[str, Any]]:
    """Return rows as they would be if no two pictures were alike: with random colours, sizes and placeholders."""
    chance = random.Random(len(rows))  # noqa: S311  (no secret)
    made: list[Mapping[str, Any]] = []
    for row in rows:
        looks: dict[str, Any] = {
            "source_width": chance.randrange(1000, 5000),
            "source_height": chance.randrange(1000, 5000),
            "colour": f"#{chance.randbytes(3).hex()}",
        }
        if placeholder:
            looks["placeholder"] = _RANDOM[placeholder](chance)
        made.append({**row, **looks})
    return made


def _in_large_shards(parts: Sequence[Part]) -> list[Part]:
    """Return the same rows as parts of shards of `LARGEST_SHARD` images."""
    rows = [row for _, some in parts for row in some]
    announcing = [part for part in parts if not part[1]]
    sealing = next(header for header, some in parts if some)
    large = [(sealing, rows[at : at + LARGEST_SHARD]) for at in range(0, len(rows), LARGEST_SHARD)]
    return [*announcing[: len(large)], *large]


def _sizes(parts: Sequence[Part], shards: int) -> Sizes:
    images = sum(len(rows) for _, rows in parts)
    less = (
        _bytes((_without(header, out), [_without(row, of) for row in rows]) for header, rows in parts)
        for out, of in ((_OF_HEADER, _OF_ROW), ((), _LOOKS))
    )
    return Sizes(images // shards, len(parts), _bytes(parts) / images, *(size / images for size in less))


def _bytes(parts: Iterable[Part]) -> int:
    return sum(len(to_lines(header, rows)) for header, rows in parts)


def _without(record: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in keys}


def _watch() -> float:
    """Return the processor time of what the pipeline does with a watch for an image that is done."""
    clock = SystemClock()
    began = time.process_time()
    for _ in range(_ITEMS):
        watch = Stopwatch(clock)
        for phase in (Phase.FETCH, Phase.WAITING, Phase.WAITING):
            watch.turn(phase)
        watch.rendered(Took(0.0, 0.0))
        watch.turn(Phase.PUT)
        watch.timing()
    return (time.process_time() - began) / _ITEMS


def result(_: int) -> Result:
    """Measure the ledger and return its rows."""
    found = measure()
    rows = [
        Row(
            f"bytes of the ledger for each image, in shards of {sizes.shard:,}",
            "",
            f"{sizes.with_times:.1f}",
            {
                "without the times": f"{sizes.without:.1f}",
                "without size of the source and colour": f"{sizes.without_looks:.1f}",
                **hashed,
            },
            None,
            note,
        )
        for sizes, hashed, note in (
            (found.as_written, {}, f"one task made {IMAGES:,} thumbnails of photographs of {SIZE}"),
            (
                found.large,
                {f"with {kind}": f"{size:.1f}" for kind, size in found.hashed.items()},
                f"a run with many images has shards of {LARGEST_SHARD:,}",
            ),
        )
    ]
    rows.append(Row("processor time of counting the times of each image", "", f"{found.watch * 1e6:.0f} µs"))
    return Result(rows, (), [found])
