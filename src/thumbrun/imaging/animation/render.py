"""Renders an animation into animated thumbnails, within bounds on its frames, their pixels and memory."""

import time
from dataclasses import dataclass
from typing import IO, cast

from PIL import Image

from thumbrun.imaging import decode
from thumbrun.imaging.animation import gif, png, webp
from thumbrun.imaging.animation.animation import FORMATS, MOST_FRAMES, MOST_MADE, MOST_READ, Animation, Reader
from thumbrun.imaging.animation.encode import encode_animation
from thumbrun.imaging.animation.frames import pictures_seen
from thumbrun.imaging.encode import encode
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.ground import laid
from thumbrun.imaging.memory_estimate import animation_bytes
from thumbrun.imaging.request import (
    BROKEN_PROFILE,
    TOO_MANY_FRAMES,
    TOO_MUCH_OF_FRAMES,
    NeedsMemory,
    Picture,
    Request,
)

_READERS = {name: cast(Reader, module) for name, module in (("gif", gif), ("png", png), ("webp", webp))}


@dataclass(frozen=True, slots=True)
class Moving:
    """The thumbnails of an animation.

    Attributes:
        pictures: The thumbnails, in the order of the request; those in a format without animation show the first frame.
        source_size: The width and height of the animation, upright, in pixels.
        smallest: The first frame of the smallest thumbnail.
        remark: What people should know of it, one of `request.REMARKS`; else empty.
        seconds: The seconds that encoding took.
    """

    pictures: list[Picture]
    source_size: tuple[int, int]
    smallest: Image.Image
    remark: str
    seconds: float


def render_animation(name: str, source: IO[bytes], size: int, request: Request) -> Moving | NeedsMemory | str:
    """Return the thumbnails of an animation; if only its first frame can be shown, a text that says why.

    The text is empty for a still picture, and where no animated thumbnail is wanted.

    Args:
        name: The format of the file.
        source: The file.
        size: The size of the file, in bytes.
        request: What to make of it, and within which limits.

    Raises:
        EOFError: The file is cut short.
        Exception: The animation is broken; decoders raise exceptions of any kind.
    """
    reader = _READERS.get(name)
    moving = [encoding for encoding in request.encodings if request.animates(encoding)]
    if reader is None or not moving:
        return ""
    animation = reader.animation(source)
    if animation is None:
        return ""
    if len(animation.frames) > MOST_FRAMES:
        return TOO_MANY_FRAMES
    made = sum(across * down for across, down in _sizes(animation, request)) * len(animation.frames)
    if animation.pixels > min(MOST_READ, request.max_pixels) or made * len(moving) > MOST_MADE:
        return TOO_MUCH_OF_FRAMES
    needed = animation_bytes(animation, made, size)
    return NeedsMemory(needed) if needed > request.memory else _rendered(name, source, reader, animation, request)


def _sizes(animation: Animation, request: Request) -> list[Box]:
    """Return the sizes of the thumbnails if the animation is stored upright; else they have about as many pixels."""
    return [request.shape.placement(animation.width, animation.height, box).size for box in request.boxes]


def _rendered(name: str, source: IO[bytes], reader: Reader, animation: Animation, request: Request) -> Moving:
    frames: list[list[Image.Image]] = [[] for _ in request.boxes]
    interest, reduced = None, None
    for picture in pictures_seen(name, source, reader, animation):
        reduced = decode.reduced(picture, request.boxes, request.shape, interest=interest)
        interest = reduced.interest  # the first frame decides, so that the part that shows does not jump
        for made, thumbnail in zip(frames, (reduced.pixels, *reduced.smaller), strict=True):
            made.append(thumbnail)
    assert reduced is not None  # noqa: S101  (an animation has frames)
    began = time.perf_counter()
    milliseconds = [frame.milliseconds for frame in animation.frames]
    pictures = []
    for made, box in zip(frames, request.boxes, strict=True):
        placement = request.shape.placement(*reduced.source_size, box)
        for form, quality in request.encodings:
            if form in FORMATS:
                whole = [laid(frame, placement, request.shape, transparent=True) for frame in made]
                data = encode_animation(whole, milliseconds, animation.plays, form, quality)
            else:
                data = encode(laid(made[0], placement, request.shape, transparent=form != "jpeg"), form, quality)
            pictures.append(Picture(data, *placement.size))
    remark = BROKEN_PROFILE if reduced.broken_profile else ""
    return Moving(pictures, reduced.source_size, frames[-1][0], remark, time.perf_counter() - began)
