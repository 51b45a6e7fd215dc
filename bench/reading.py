"""Measures the share of the objects' bytes that a run reads, by kind of image."""

import io
import struct
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.remote import remote, run_task
from bench.results import Plot, Result, Row
from tests.photographs import draw, photographs
from tests.unit.imaging.partial.pyramids import pyramid

_LARGE_JPEG = 500_000  # bytes; the goal for progressive pictures counts from this size
_SIDE = 4000  # pixels
_READ_GOALS = {
    "multi-page TIFF": "the first page",
    "pyramidal TIFF": "one level",
    "pyramidal TIFF of JPEG": "one level",
    "PNG of 50,000 x 50,000 pixels": "the header",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The measurement of one kind.

    Attributes:
        kind: The name of the kind.
        objects: The number of objects.
        bytes: The bytes of all objects.
        read: The bytes that the run read.
        requests: The number of requests that read them.
    """

    kind: str
    objects: int
    bytes: int
    read: int
    requests: int

    @property
    def share(self) -> float:
        """The share of all bytes that the run read."""
        return self.read / self.bytes


def measure() -> list[Reading]:
    """Run a task on each kind alone."""
    return [_of(kind, make()) for kind, make in KINDS.items()]


def _of(kind: str, bodies: dict[str, bytes]) -> Reading:
    with tempfile.TemporaryDirectory() as root:
        for name, body in bodies.items():
            Path(root, name).write_bytes(body)
        with remote(Path(root)) as server:
            stats = run_task(server).stats
    # The run also reads its own records, of which the shard has at most a few kilobytes.
    size = sum(map(len, bodies.values()))
    return Reading(kind, len(bodies), size, stats.sent, stats.requests.get("read", 0))


def _progressive() -> dict[str, bytes]:
    found = {f"{number:04d}.jpg": body for number, body in enumerate(photographs().values()) if _large(body)}
    for number in range(6):
        found[f"drawn-{number}.jpg"] = saved(draw(_SIDE, number), "JPEG", quality=90, progressive=True)
    return found


def _large(body: bytes) -> bool:
    if len(body) <= _LARGE_JPEG or not body.startswith(b"\xff\xd8"):
        return False
    with Image.open(io.BytesIO(body)) as picture:
        return bool(picture.info.get("progressive"))


def _baseline() -> dict[str, bytes]:
    return {f"{n}.jpg": saved(draw(_SIDE, n), "JPEG", quality=90) for n in range(6)}


def _animated() -> dict[str, bytes]:
    frames = [draw(800, number).quantize() for number in range(30)]
    return {"a.gif": saved(frames[0], "GIF", save_all=True, append_images=frames[1:], loop=0)}


def _pages() -> dict[str, bytes]:
    pages = [draw(2000, number) for number in range(10)]
    return {"a.tif": saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw")}


def _pyramid() -> dict[str, bytes]:
    whole = draw(_SIDE, 1).crop((0, 0, _SIDE, 2640))  # multiples of 16, as in cameras: each level is whole
    levels = [whole.resize((whole.width >> step, whole.height >> step)) for step in range(1, 5)]
    for level in levels:
        level.encoderinfo = {"tiffinfo": {254: 1}}  # NewSubfileType: a smaller version of another page (TIFF 6.0)
    return {"a.tif": saved(whole, "TIFF", save_all=True, append_images=levels, compression="tiff_lzw")}


def _jpeg_pyramid() -> dict[str, bytes]:
    return {"a.tif": pyramid(3840, quality=75, levels=6, apart=True)}


def _bomb() -> dict[str, bytes]:
    side = 50_000
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(20_000_000), 0)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    body = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return {"bomb.png": body}


def saved(picture: Image.Image, format_: str, **options: object) -> bytes:
    """Return a picture as the bytes of a file."""
    target = io.BytesIO()
    picture.save(target, format_, **options)
    return target.getvalue()


KINDS: dict[str, Callable[[], dict[str, bytes]]] = {
    "progressive JPEG over 500 kB": _progressive,
    "baseline JPEG": _baseline,
    "animated GIF": _animated,
    "multi-page TIFF": _pages,
    "pyramidal TIFF": _pyramid,
    "pyramidal TIFF of JPEG": _jpeg_pyramid,
    "PNG of 50,000 x 50,000 pixels": _bomb,
}


def result(rounds: int) -> Result:
    """Measure all kinds and return the rows and a plot."""
    del rounds
    found = measure()
    goals = {"progressive JPEG over 500 kB": 0.2, "animated GIF": 0.15}
    rows = []
    for one in found:
        goal = goals.get(one.kind)
        rows.append(
            Row(
                f"bytes read, {one.kind}",
                f"{goal:.0%}" if goal else _READ_GOALS.get(one.kind, ""),
                f"{one.share:.1%}",
                {"everyone else": "100 %"},
                one.share <= goal if goal else None,
                f"{one.objects} objects, {one.requests} requests, the run's records included",
            )
        )
    lines = {"bytes read": [(one.kind, 100 * one.share) for one in found]}
    plot = Plot("bytes", "Bytes read of the objects' bytes", "kind", "percent", lines)
    return Result(rows, [plot], found)
