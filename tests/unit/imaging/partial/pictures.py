"""Pictures of which a part is enough, and the functions that read such a part."""

import io
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import numpy as np
from PIL import Image

from tests.photographs import draw
from thumbrun.imaging.partial import dispatch
from thumbrun.imaging.partial.known_bytes import KnownBytes, MissingError
from thumbrun.imaging.shape import USUAL_SHAPE

T = TypeVar("T")

FIRST = 1 << 14
_MOST_STEPS = 64


@cache
def progressive(side: int, quality: int = 85, subsampling: str = "4:2:0") -> bytes:
    """Return a progressive JPEG."""
    target = io.BytesIO()
    draw(side, side % 7).save(target, "JPEG", quality=quality, progressive=True, subsampling=subsampling)
    return target.getvalue()


@cache
def animated(frames: int, side: int = 300) -> bytes:
    """Return a GIF of several pictures."""
    target = io.BytesIO()
    pictures = [draw(side, number).quantize(64) for number in range(frames)]
    pictures[0].save(target, "GIF", save_all=True, append_images=pictures[1:], loop=0)
    return target.getvalue()


def fetched(body: bytes, *, first: int = FIRST, box: int = 100) -> tuple[bytes | None, int]:
    """Read the bytes that a part needs; return the part, and how many bytes were read."""
    part, read = asked(body, lambda known: dispatch.partial_file(known, ((box, box),), USUAL_SHAPE), first)
    return None if part is None else bytes(part), read


def made(body: bytes, *, box: int = 100) -> bytes | None:
    """Return the part that is made of a file if all its bytes are known."""
    part = dispatch.partial_file(KnownBytes(len(body), body), ((box, box),), USUAL_SHAPE)
    return None if part is None else bytes(part)


def declared(body: bytes, first: int = FIRST) -> tuple[int, int] | None:
    """Read as much of a header as tells the size; return the size."""
    return asked(body, dispatch.declared_size, first)[0]


def asked(body: bytes, ask: Callable[[KnownBytes], T], first: int) -> tuple[T, int]:
    """Read the bytes that are missing, step by step; return the answer, and how many bytes were read."""
    known = KnownBytes(len(body), body[:first])
    for _ in range(_MOST_STEPS):
        try:
            return ask(known), known.count
        except MissingError as error:
            missing = error
        assert 0 <= missing.start < missing.end <= len(body)
        known.add(missing.start, body[missing.start : missing.end])
    raise AssertionError("it never stops asking for more bytes")


def psnr(expected: Image.Image, actual: Image.Image) -> float:
    """Return how similar two pictures are, in dB."""
    assert expected.size == actual.size
    error = ((np.asarray(expected.convert("RGB"), float) - np.asarray(actual.convert("RGB"), float)) ** 2).mean()
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))
