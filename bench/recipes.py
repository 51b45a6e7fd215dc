"""Measures what recipes cost: processor time of an image for squares, several thumbnails and placeholders."""

import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bench.results import Result, Row
from tests.photographs import photographs
from thumbrun.imaging.looks.dominant_colour import dominant_colour
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import Encoding, Rendered, Request
from thumbrun.imaging.shape import Shape

KIND = "web"  # of the photographs: JPEG of 1920 pixels
PLAIN = Request(100, 100, "jpeg", 80, 10**9, 1 << 30)
SQUARE = replace(PLAIN, width=200, height=200, shape=Shape(fit="cover"))
WEB = Request(
    *(1920, 0, "webp", 80, 10**9, 1 << 30),
    smaller=((1080, 0), (640, 0), (320, 0)),
    further=(Encoding("jpeg", 80),),
)
_PICTURES = 12
_AGAIN = 4  # how often each picture is made in a round; a round of the web preset makes it once


@dataclass(frozen=True, slots=True)
class Costs:
    """Processor times of an image, in seconds; they are medians of the rounds.

    Attributes:
        plain: 100 pixels, as without any setting.
        square: Squares of 200 pixels.
        attention: Squares of 200 pixels, cut where the picture draws attention.
        inside: 200 pixels without a cut.
        web: The web preset, with its eight thumbnails.
        apart: Its eight thumbnails, each made alone.
        colour: The dominant colour alone, which each image gets.
        thumbhash: Like `plain`, with a ThumbHash.
        blurhash: Like `plain`, with a BlurHash.
    """

    plain: float
    square: float
    attention: float
    inside: float
    web: float
    apart: float
    colour: float
    thumbhash: float
    blurhash: float


def measure(rounds: int) -> Costs:
    """Render photographs in this process, with each recipe in turn."""
    bodies = [body for name, body in photographs().items() if name.startswith(f"{KIND}/")][:_PICTURES]
    pictures = [thumbnail_pixels(body, 100, 100) for body in bodies]
    recipes: dict[str, Sequence[Request]] = {
        "plain": [PLAIN] * _AGAIN,
        "square": [SQUARE] * _AGAIN,
        "attention": [replace(SQUARE, shape=Shape(fit="cover", gravity="attention"))] * _AGAIN,
        "inside": [replace(SQUARE, shape=Shape())] * _AGAIN,
        "web": [WEB],
        "apart": list(_alone(WEB)),
        "thumbhash": [replace(PLAIN, placeholder="thumbhash")] * _AGAIN,
        "blurhash": [replace(PLAIN, placeholder="blurhash")] * _AGAIN,
    }
    taken: dict[str, list[float]] = {name: [] for name in (*recipes, "colour")}
    for _ in range(rounds):
        for name, requests in recipes.items():
            times = len(requests) if name != "apart" else 1
            taken[name].append(_rendering(bodies, requests) / times)
        began = time.process_time()
        for picture in pictures * _AGAIN:
            dominant_colour(picture)
        taken["colour"].append((time.process_time() - began) / len(pictures) / _AGAIN)
    return Costs(**{name: statistics.median(times) for name, times in taken.items()})


def _alone(request: Request) -> Iterable[Request]:
    """Yield a request for each thumbnail of a request."""
    for (width, height), (format_, quality) in request.thumbnails:
        yield replace(
            request, width=width, height=height, output_format=format_, quality=quality, smaller=(), further=()
        )


def _rendering(bodies: Sequence[bytes], requests: Iterable[Request]) -> float:
    """Return the processor time of making all requests of an image, in seconds."""
    began = time.process_time()
    for request in requests:
        for body in bodies:
            if not isinstance(render(body, request), Rendered):
                raise TypeError("an image of the bench cannot be rendered")
    return (time.process_time() - began) / len(bodies)


def result(rounds: int) -> Result:
    """Measure and return the rows."""
    found = measure(rounds)
    rows = [
        Row(
            "squares of 200 px",
            "",
            _ms(found.square),
            {
                "100 px, the plain recipe": _ms(found.plain),
                "200 px without a cut": _ms(found.inside),
                "squares by attention": _ms(found.attention),
            },
            None,
            f"here and below, the processor time of an image of the kind {KIND} of the photographs",
        ),
        Row(
            "the web preset: four widths, WebP and JPEG, from one decode",
            "less than each alone",
            _ms(found.web),
            {"its eight thumbnails, each alone": _ms(found.apart)},
            found.web < found.apart,
        ),
        Row(
            "a placeholder beside the plain recipe",
            "",
            f"ThumbHash {_ms(found.thumbhash - found.plain)}, BlurHash {_ms(found.blurhash - found.plain)}",
            {"the dominant colour, which each image gets": _ms(found.colour)},
        ),
    ]
    return Result(rows, (), [found])


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms"
