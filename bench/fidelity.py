"""Compares thumbnails made from a part of an image with those made from all of it."""

import io
import statistics
from dataclasses import dataclass

from PIL import Image

from bench.reading import saved
from bench.results import Result, Row
from tests.fidelity.measure import EQUAL, psnr
from tests.photographs import draw, photographs
from thumbrun.imaging.render import thumbnail_pixels

_BOXES = (100, 200, 400)
_SIDES = (1600, 2400, 4000)


@dataclass(frozen=True, slots=True)
class Faithful:
    """The comparison in one box.

    Attributes:
        box: The side of the box, in pixels.
        images: The number of progressive JPEG pictures.
        parts: The number of pictures whose thumbnail was made from a part and differs.
        worst: The worst PSNR of these thumbnails before encoding, in dB.
        median: The median PSNR of these thumbnails before encoding, in dB.
    """

    box: int
    images: int
    parts: int
    worst: float
    median: float


def measure() -> list[Faithful]:
    """Compare every progressive picture of the corpus, and some drawn pictures, in several boxes."""
    bodies = [body for body in photographs().values() if _progressive(body)]
    bodies += [saved(draw(side, side), "JPEG", quality=88, progressive=True) for side in _SIDES]
    return [_in_box(box, bodies) for box in _BOXES]


def _in_box(box: int, bodies: list[bytes]) -> Faithful:
    found = []
    for body in bodies:
        value = psnr(thumbnail_pixels(body, box, box, whole=True), thumbnail_pixels(body, box, box))
        if value < EQUAL:
            found.append(value)
    return Faithful(box, len(bodies), len(found), min(found, default=0.0), statistics.median(found or [0.0]))


def _progressive(body: bytes) -> bool:
    if not body.startswith(b"\xff\xd8"):
        return False
    with Image.open(io.BytesIO(body)) as picture:
        return bool(picture.info.get("progressive"))


def result(rounds: int) -> Result:
    """Compare and return the rows."""
    del rounds
    found = measure()
    rows = [
        Row(
            f"fidelity of what is made of a part, box of {one.box} px, against the full path",
            "45 dB, or it reads on",
            f"worst {one.worst:.1f} dB, median {one.median:.1f}",
            {},
            one.worst >= 45,
            f"{one.parts} of {one.images} progressive JPEG pictures are made of a part and differ; the rest do not",
        )
        for one in found
        if one.parts
    ]
    return Result(rows, (), found)
