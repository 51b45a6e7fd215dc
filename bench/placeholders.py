"""Measures what the looks of a thumbnail cost: processor time of its dominant colour and its placeholder."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.results import Result, Row
from tests.photographs import photographs
from thumbrun.imaging.appearance import KINDS
from thumbrun.imaging.dominant_colour import dominant_colour
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import Rendered, Request

_TIMES = 20  # for each picture and round


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor times of an image at 100 pixels, in seconds; they are medians of the rounds.

    Attributes:
        plain: Of rendering it without a placeholder.
        colour: Of its dominant colour, which every image gets.
        thumbhash: Of rendering it with a ThumbHash.
        blurhash: Of rendering it with a BlurHash.
    """

    plain: float
    colour: float
    thumbhash: float
    blurhash: float


def measure(rounds: int) -> Cost:
    """Render photographs in this process, without and with each placeholder in turn."""
    bodies = [body for name, body in photographs().items() if name.startswith("small/")]
    pictures = [thumbnail_pixels(body, 100, 100) for body in bodies]
    plain, colour, hashed = list[float](), list[float](), {kind: list[float]() for kind in KINDS}
    for _ in range(rounds):
        plain.append(_rendering(bodies, ""))
        for kind in KINDS:
            hashed[kind].append(_rendering(bodies, kind))
        began = time.process_time()
        for picture in pictures * _TIMES:
            dominant_colour(picture)
        colour.append((time.process_time() - began) / len(pictures) / _TIMES)
    middle = statistics.median
    return Cost(middle(plain), middle(colour), **{kind: middle(taken) for kind, taken in hashed.items()})


def _rendering(bodies: Sequence[bytes], kind: str) -> float:
    request = Request(100, 100, "jpeg", 80, 10**9, 300 << 20, placeholder=kind)
    began = time.process_time()
    for body in [*bodies] * _TIMES:
        if not isinstance(render(body, request), Rendered):
            raise TypeError("an image of the bench cannot be rendered")
    return (time.process_time() - began) / len(bodies) / _TIMES


def result(rounds: int) -> Result:
    """Measure and return the row."""
    found = measure(rounds)
    row = Row(
        "processor time of an image at 100 px, decoded and encoded",
        "",
        f"{found.plain * 1e3:.2f} ms",
        {
            "of which its dominant colour": f"{found.colour * 1e3:.2f} ms",
            "with a ThumbHash": f"{found.thumbhash * 1e3:.2f} ms",
            "with a BlurHash": f"{found.blurhash * 1e3:.2f} ms",
        },
        None,
        "the kind small of the photographs, decoded in the program itself",
    )
    return Result([row], (), [found])
