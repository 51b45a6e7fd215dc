"""Measures the cost of decoding by format, in milliseconds an image and a megabyte, beside the table that plans use."""

import io
import os
import sys
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

_RUNS = 3  # runs of each image, of which the fastest counts, because other work disturbed the slower ones
_LONGEST_FOLDER = 40  # images that are taken from one folder of the corpus, spread over it
_SIDES = (320, 640, 1200, 2400)  # pixels; the sides of drawn images, for formats that the corpus does not have
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
    """The measurement of one image.

    Attributes:
        kind: The folder of the image in the corpus, or `drawn`.
        format: The format of its bytes.
        size: The size of the image, in bytes.
        ms: The processor time of its thumbnail, in milliseconds.
    """

    kind: str
    format: str
    size: int
    ms: float


@dataclass(frozen=True, slots=True)
class Rate:
    """The cost of the images of one format.

    Attributes:
        format: The name of the format.
        images: The number of images measured.
        drawn: Whether the bench drew the images, because the corpus has none of this format.
        image_ms: The fitted milliseconds an image.
        megabyte_ms: The fitted milliseconds a megabyte.
        fitted_error: The median error of the fit, as a share of the measured time.
        planned_image_ms: The milliseconds an image in the table of `planning.shards`.
        planned_megabyte_ms: The milliseconds a megabyte in that table.
        planned_ratio: The estimate of that table for all images together, divided by the measured time.
        planned_error: The median error of that table for one image, as a share of the measured time.
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
    """Yield the images of a corpus with their folders, and drawn images of each format that the corpus lacks."""
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
    """Make a thumbnail of every image in this process, by the default recipe, and time each."""
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
    """Return the milliseconds an image and a megabyte that fit best.

    Neither is negative. The best fit has the least sum of squared relative errors.
    """
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
    """Return the cost of each format, beside the estimates that plans use."""
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
    """Return the milliseconds that a plan expects for decoding and encoding an image."""
    return shards.cost(one.size, one.format) - shards.BESIDE_MS


def by_kind(taken: list[Taken]) -> dict[str, tuple[int, float, float]]:
    """Return the number of images, their mean milliseconds, and the estimate divided by these, for each folder."""
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


def main() -> None:
    """Print the cost of each format, beside the table that plans use."""
    sys.stdout.write(table(take(corpus())) + "\n")


if __name__ == "__main__":
    main()
