"""What decoding costs, by format: milliseconds an image and a megabyte, beside the table that plans go by."""

import io
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pi_heif
import pillow_heif
from PIL import Image
from tests.photographs import draw, photographs

from thumbrun.formats import BY_NAME
from thumbrun.imaging.render import render
from thumbrun.imaging.request import Rendered, Request
from thumbrun.planning import shards

_RUNS = 3  # of each image, of which the fastest counts: the others were disturbed
_LONGEST_FOLDER = 40  # images of one folder of the corpus, spread over it
_SIDES = (320, 640, 1200, 2400)  # pixels, of what is drawn in the formats that the corpus has none of
_SAVED: dict[str, tuple[str, dict[str, Any]]] = {
    "gif": ("GIF", {}),
    "avif": ("AVIF", {"quality": 60}),
    "heic": ("HEIF", {"quality": 60}),
    "tiff": ("TIFF", {"compression": "tiff_lzw"}),
    "bmp": ("BMP", {}),
    "jpeg2000": ("JPEG2000", {"quality_layers": [20]}),
    "ico": ("ICO", {}),
    "jpeg": ("JPEG", {"quality": 85}),
    "png": ("PNG", {}),
    "webp": ("WEBP", {"quality": 80}),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What one image took.

    Attributes:
        kind: Its folder in the corpus, or `drawn`.
        format: What its bytes are.
        size: Bytes.
        ms: Milliseconds of processor time to make its thumbnail.
    """

    kind: str
    format: str
    size: int
    ms: float


@dataclass(frozen=True, slots=True)
class Rate:
    """What the images of one format take.

    Attributes:
        format: Its name.
        images: How many were measured.
        drawn: Whether they were drawn, for want of any in the corpus.
        image_ms: Milliseconds an image, as fitted.
        megabyte_ms: Milliseconds a megabyte, as fitted.
        fitted_error: The median of how far the fit is off, as a share of what was measured.
        planned_image_ms: As the table in `planning.shards` says.
        planned_megabyte_ms: As that table says.
        planned_ratio: What that table estimates for all of them together, divided by what was measured.
        planned_error: The median of how far the table is off for one image, as a share of what was measured.
    """

    format: str
    images: int
    drawn: bool
    image_ms: float
    megabyte_ms: float
    fitted_error: float
    planned_image_ms: float
    planned_megabyte_ms: float
    planned_ratio: float
    planned_error: float


def corpus() -> Iterator[tuple[str, bytes]]:
    """Yield a corpus's images with their folders, and drawn ones of each format that it has none of."""
    by_folder: dict[str, list[bytes]] = defaultdict(list)
    for path, body in photographs().items():
        by_folder[path.partition("/")[0]].append(body)
    for folder, bodies in by_folder.items():
        for body in bodies[:: max(1, len(bodies) // _LONGEST_FOLDER)]:
            yield folder, body
    found = {path.rpartition(".")[2] for path in photographs()}
    for name, (format_, options) in _SAVED.items():
        if not found.intersection(suffix[1:] for suffix in BY_NAME[name].suffixes):
            for number, side in enumerate(_SIDES):
                yield "drawn", _encoded(draw(side, number), format_, options)


def _encoded(picture: Image.Image, format_: str, options: dict[str, Any]) -> bytes:
    target = io.BytesIO()
    if format_ == "ICO":
        side = min(picture.width // 4, 256)
        picture.resize((side, side)).save(target, format_, sizes=[(side, side)])
    elif format_ == "HEIF":
        pillow_heif.from_pillow(picture).save(target, **options)
    else:
        picture.save(target, format_, **options)
    return target.getvalue()


def take(images: Iterable[tuple[str, bytes]], *, runs: int = _RUNS) -> list[Taken]:
    """Make a thumbnail of every image in this process, as the default recipe says, and time each."""
    pi_heif.register_heif_opener()
    taken = []
    for kind, body in images:
        times, made = [], None
        for _ in range(runs):
            began = time.process_time()
            made = render(body, Request(100, 100, "jpeg", 80, 10**9, 1 << 32))
            times.append(1000 * (time.process_time() - began))
        if isinstance(made, Rendered):
            taken.append(Taken(kind, made.source_format, len(body), min(times)))
    return taken


def fit(taken: list[Taken]) -> tuple[float, float]:
    """Return milliseconds an image and a megabyte, neither negative, with the least sum of squared shares off."""
    sizes = np.array([one.size / 1e6 for one in taken])
    times = np.array([one.ms for one in taken])
    weighted = np.stack([1 / times, sizes / times], axis=1)
    (image, megabyte), *_ = np.linalg.lstsq(weighted, np.ones(len(taken)), rcond=None)
    if image < 0:
        image, megabyte = 0.0, float(np.dot(sizes / times, np.ones(len(taken))) / np.dot(sizes / times, sizes / times))
    if megabyte < 0:
        image, megabyte = float(np.dot(1 / times, np.ones(len(taken))) / np.dot(1 / times, 1 / times)), 0.0
    return float(image), float(megabyte)


def rates(taken: list[Taken]) -> list[Rate]:
    """Return what each format takes, beside what plans go by."""
    found = []
    for name in sorted({one.format for one in taken}, key=list(BY_NAME).index):
        own = [one for one in taken if one.format == name]
        image, megabyte = fit(own)
        planned_image, planned_megabyte = shards.RATES[name]
        planned = [planned_decoding(one) for one in own]
        found.append(
            Rate(
                format=name,
                images=len(own),
                drawn=all(one.kind == "drawn" for one in own),
                image_ms=image,
                megabyte_ms=megabyte,
                fitted_error=median(abs(image + megabyte * one.size / 1e6 - one.ms) / one.ms for one in own),
                planned_image_ms=planned_image,
                planned_megabyte_ms=planned_megabyte,
                planned_ratio=sum(planned) / sum(one.ms for one in own),
                planned_error=median(abs(p - one.ms) / one.ms for p, one in zip(planned, own, strict=True)),
            )
        )
    return found


def planned_decoding(one: Taken) -> float:
    """Return the milliseconds that a plan reckons with for decoding and encoding an image."""
    return shards.cost(one.size, one.format) - shards.BESIDE_MS


def by_kind(taken: list[Taken]) -> dict[str, tuple[int, float, float]]:
    """Return for each folder of the corpus: images, mean milliseconds, and the table's estimate divided by it."""
    kinds: dict[str, list[Taken]] = defaultdict(list)
    for one in taken:
        kinds[one.kind if one.kind != "drawn" else f"drawn {one.format}"].append(one)
    return {
        kind: (
            len(own),
            sum(one.ms for one in own) / len(own),
            sum(planned_decoding(one) for one in own) / sum(one.ms for one in own),
        )
        for kind, own in kinds.items()
    }


def table(taken: list[Taken]) -> str:
    """Return the rates as text for people."""
    lines = [f"corpus: {Path(os.environ.get('THUMBRUN_PHOTOS', 'drawn')).name}, {len(taken)} images"]
    lines.append("format    images   ms an image   ms a MB   off by   planned: an image   a MB   ÷ measured   off by")
    lines += [
        f"{r.format:8}{r.images:8}{r.image_ms:14.2f}{r.megabyte_ms:10.1f}{r.fitted_error:9.0%}"
        f"{r.planned_image_ms:20.2f}{r.planned_megabyte_ms:7.1f}{r.planned_ratio:13.2f}{r.planned_error:9.0%}"
        f"{'   (drawn)' if r.drawn else ''}"
        for r in rates(taken)
    ]
    lines.append("folder         images   ms an image   planned ÷ measured")
    lines += [f"{kind:15}{n:6}{ms:14.2f}{ratio:21.2f}" for kind, (n, ms, ratio) in by_kind(taken).items()]
    return "\n".join(lines)
