"""Renders an animation into animated thumbnails, within bounds on its frames, their pixels and memory."""

import time
from dataclasses import dataclass
from typing import IO, cast

from PIL import Image

from thumbrun.imaging import animated_encode, animation_frames, animation_gif, animation_png, animation_webp, decode
from thumbrun.imaging.animation import FORMATS, MOST_FRAMES, MOST_MADE, Animation, Reader
from thumbrun.imaging.encode import encode
from thumbrun.imaging.geometry import fit
from thumbrun.imaging.memory_estimate import animation_bytes
from thumbrun.imaging.request import (
    BROKEN_PROFILE,
    TOO_MANY_FRAMES,
    TOO_MUCH_OF_FRAMES,
    Encoding,
    NeedsMemory,
    Picture,
    Request,
)

_READERS = {
    name: cast(Reader, module)
    for name, module in (("gif", animation_gif), ("png", animation_png), ("webp", animation_webp))
}


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
    if animation.pixels > request.max_pixels or made * len(moving) > MOST_MADE:
        return TOO_MUCH_OF_FRAMES
    needed = animation_bytes(animation, made, size)
    return NeedsMemory(needed) if needed > request.memory else _rendered(name, source, reader, animation, request)


def _sizes(animation: Animation, request: Request) -> list[tuple[int, int]]:
    """Return the sizes of the thumbnails, as stored or upright: they have as many pixels, to within a few."""
    return [fit(animation.width, animation.height, *box) for box in request.boxes]


def _rendered(name: str, source: IO[bytes], reader: Reader, animation: Animation, request: Request) -> Moving:
    frames: list[list[Image.Image]] = [[] for _ in request.boxes]
    source_size, broken = (0, 0), False
    for picture in animation_frames.pictures(name, source, reader, animation):
        reduced = decode.reduced(picture, request.width, request.height, 1, request.smaller)
        for made, thumbnail in zip(frames, (reduced.pixels, *reduced.smaller), strict=True):
            made.append(thumbnail)
        source_size, broken = reduced.source_size, reduced.broken_profile
    began = time.perf_counter()
    milliseconds = [frame.milliseconds for frame in animation.frames]
    pictures = [
        Picture(_encoded(made, milliseconds, animation.plays, encoding), *made[0].size)
        for made in frames
        for encoding in request.encodings
    ]
    seconds = time.perf_counter() - began
    return Moving(pictures, source_size, frames[-1][0], BROKEN_PROFILE if broken else "", seconds)


def _encoded(frames: list[Image.Image], milliseconds: list[int], plays: int, encoding: Encoding) -> bytes:
    form, quality = encoding
    if form in FORMATS:
        return animated_encode.encode_animation(frames, milliseconds, plays, form, quality)
    return encode(frames[0].copy(), form, quality)
