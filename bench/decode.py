"""Measures decoding and encoding alone, by kind of picture, against the programs that users could choose instead.

The pictures are local files, and each program uses two processors.
"""

import asyncio
import json
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.remote import ROOT
from bench.results import Plot, Result, Row
from tests.photographs import photographs
from thumbrun.concurrency import BoundedGroup
from thumbrun.decoding.pool import DecoderPool
from thumbrun.imaging.request import Rendered, Request
from thumbrun.imaging.sniff import HEAD, format_of

OURS = "thumbrun"
_BENCH = ROOT / ".venv/bench/bin/python"
_SHARP = ROOT / ".venv/bench-node"
_AT_LEAST = 48  # images of a run; a kind that has fewer images repeats them
_OUTPUTS = {"png": "png", "webp": "webp"}
_PROGRESSIVE = ("camprog", "webprog")
_LANCZOS = (
    "Pillow's thumbnail() reduces to twice the size first: a median of 45 dB against every pixel's Lanczos, ours 55; "
    "the decoder is the same, and handing an image to a process takes 0.1 ms, and 0.5 for each megabyte"
)
_DECODING = {
    "small": _LANCZOS,
    "web": _LANCZOS,
    "cam": _LANCZOS,
    "webprog": "what is left is memory for all coefficients, reducing, encoding and handing over, not scans",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The figures of a contender for one kind of picture; they are medians.

    Attributes:
        kind: The kind of the pictures, which is their folder in the corpus.
        who: The name of the contender.
        rate: The images a second.
        processor: The processor time of an image, in seconds.
    """

    kind: str
    who: str
    rate: float
    processor: float


def contenders() -> Mapping[str, Sequence[str] | None]:
    """Return the command of each contender without folder and format, or None if it is not installed."""
    python = [str(_BENCH), "-m"] if _BENCH.exists() else None
    tools = {tool: shutil.which(tool) for tool in ("vipsthumbnail", "convert")}
    return {
        "Pillow, threads": python and [*python, "bench.contenders.pillow", "threads"],
        "Pillow, processes": python and [*python, "bench.contenders.pillow", "processes"],
        "pyvips": python and [*python, "bench.contenders.vips", "threads"],
        "sharp": ["node", str(ROOT / "bench/contenders/sharp.mjs")] if _SHARP.exists() else None,
        "vipsthumbnail": python and tools["vipsthumbnail"] and [*python, "bench.contenders.commands", "vipsthumbnail"],
        "ImageMagick": python and tools["convert"] and [*python, "bench.contenders.commands", "convert"],
    }


def measure(rounds: int, folder: Path | None = None) -> list[Decoded]:
    """Run all contenders in turn on each kind of the corpus, or on each folder of another folder."""
    kinds: dict[str, dict[str, bytes]] = {}
    for name, body in _pictures(folder).items():
        kinds.setdefault(name.partition("/")[0], {})[name.replace("/", "-")] = body
    return [decoded for which, bodies in sorted(kinds.items()) for decoded in _of_kind(which, bodies, rounds)]


def _pictures(folder: Path | None) -> dict[str, bytes]:
    if folder is None:
        return photographs()
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _of_kind(which: str, bodies: dict[str, bytes], rounds: int) -> list[Decoded]:
    taken: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as root:
        made = []
        for name, body in bodies.items():
            made.append(Path(root, f"0-{name}"))
            made[-1].write_bytes(body)
        for again in range(1, -(-_AT_LEAST // len(made))):
            for path in list(made[: len(bodies)]):
                Path(root, f"{again}-{path.name}").hardlink_to(path)
        count = len(list(Path(root).iterdir()))
        format_ = _OUTPUTS.get(format_of(next(iter(bodies.values()))[:HEAD]) or "", "jpeg")
        for _ in range(rounds):
            taken.setdefault(OURS, []).append(_ours(Path(root), format_))
            for who, command in contenders().items():
                if command is not None:
                    taken.setdefault(who, []).append(_theirs(command, root, format_, count))
    middle = statistics.median
    return [
        Decoded(which, who, count / middle(t for t, _ in runs), middle(p for _, p in runs) / count)
        for who, runs in taken.items()
    ]


def _theirs(command: Sequence[str], folder: str, format_: str, count: int) -> tuple[float, float]:
    """Run a contender, and return its time and its processor time in seconds."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    where = _SHARP if command[0] == "node" else ROOT
    said = subprocess.run(
        [*command, folder, format_], check=True, capture_output=True, text=True, env=environment, cwd=where
    ).stdout
    seconds, processor, made = json.loads(said)
    if made != count:
        raise RuntimeError(f"{command} made {made} thumbnails of {count}")
    return seconds, processor


def _ours(folder: Path, format_: str) -> tuple[float, float]:
    """Run thumbrun's decoding processes as a task does once it has the bytes; their start does not count."""
    bodies = [path.read_bytes() for path in sorted(folder.iterdir())]
    start = _processor()
    asyncio.run(_work([], format_))
    before = _processor()
    seconds = asyncio.run(_work(bodies, format_))
    return seconds, _processor() - before - (before - start)


async def _work(bodies: list[bytes], format_: str) -> float:
    """Have two processes make thumbnails, and return the seconds from the first to the last."""
    pool = DecoderPool(2, timeout=60.0, memory=320 << 20)
    await pool.start()
    request = Request(100, 100, format_, 80, 10**9, 300 << 20)

    async def one(content: bytes) -> None:
        body = pool.body(len(content))
        try:
            body.write(content)
            if not isinstance(await pool.render(body, request), Rendered):
                raise TypeError("an image of the bench cannot be rendered")
        finally:
            body.close()

    for content in bodies[:2]:
        await one(content)
    began = time.perf_counter()
    async with BoundedGroup(16) as group:
        for content in bodies:
            await group.start(one(content))
            await asyncio.sleep(0)  # the bytes of images arrive one after the other
    seconds = time.perf_counter() - began
    await pool.close()
    return seconds


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def result(rounds: int) -> Result:
    """Measure all contenders and return the rows and a plot."""
    found = measure(rounds)
    rows = []
    for which in dict.fromkeys(one.kind for one in found):
        rates = {one.who: one.rate for one in found if one.kind == which}
        ours = rates.pop(OURS)
        best = max(rates.values(), default=0.0)
        goal = 4.0 if which in _PROGRESSIVE else 1.0
        rows.append(
            Row(
                f"decode and encode alone, {which}, 2 processors",
                f"{goal:g} times the fastest" if goal > 1 else "the fastest",
                f"{ours:.0f} images/s ({ours / best:.2f} times the fastest)" if best else f"{ours:.0f} images/s",
                {who: f"{rate:.0f}" for who, rate in rates.items()}
                | {who: "absent" for who, command in contenders().items() if command is None},
                ours >= goal * best if best else None,
                _DECODING.get(which, ""),
            )
        )
    lines = {
        who: [(one.kind, one.rate) for one in found if one.who == who]
        for who in dict.fromkeys(one.who for one in found)
    }
    return Result(rows, [Plot("decoding", "Decode and encode alone", "kind", "images a second", lines)], found)
