"""Turns one image's bytes into a thumbnail or a refusal. A decoding process does this with every image."""

import contextlib
import io
import struct
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import IO

from PIL import Image

from thumbrun.imaging import decode, headers, known_contents, memory_estimate, sniff, webp
from thumbrun.imaging.animation.render import Moving, render_animation
from thumbrun.imaging.encode import encode
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.ground import laid
from thumbrun.imaging.looks.dominant_colour import dominant_colour
from thumbrun.imaging.looks.placeholder import placeholder
from thumbrun.imaging.partial import dispatch
from thumbrun.imaging.partial.known_bytes import KnownBytes, MissingError
from thumbrun.imaging.request import (
    BROKEN_PROFILE,
    MOST_BYTES,
    NeedsMemory,
    Picture,
    Refused,
    Rendered,
    Request,
    Took,
    too_many_pixels,
)
from thumbrun.imaging.shape import USUAL_SHAPE, Placement, Shape
from thumbrun.outcomes import Reason

_LONGEST_DETAIL = 200
_FIRST_LOOK = 1 << 14  # bytes; most headers end within them
_MOST_STEPS = 128  # reads to find a shorter file; a JPEG of 250 MB takes 35, a pyramid of 20 levels about 60
_MOST_TWICE = 1 << 20  # bytes to read a second time at most, because ranges overlap
_UNCOUNTED = 1 << 20  # bytes that finding a shorter file takes without asking; every process may have more than that
_TAIL = 1 << 16  # bytes in which to look for the end marker of a JPEG
_BRANDED = 1 << 16  # bytes in which to look for what a HEIC or AVIF file holds
_NO_MEMORY = ("out of memory", "memory allocation", "decoder error -9")  # the last is Pillow's own code for it
_NO_LACK = ("security limit", "invalid image size")  # libheif reports these as lack of memory, and more changes nothing
_CUT_SHORT = (
    *("truncated", "unexpected end", "not enough data", "end of file", "premature"),
    *("not enough image data", "buffer is not large enough"),
)


def render(body: bytes | IO[bytes], request: Request) -> Rendered | Refused | NeedsMemory:
    """Make a thumbnail. This returns a verdict, whatever the bytes are.

    Args:
        body: The image's bytes, or a file that holds them.
        request: What to make of the bytes, and within which limits.
    """
    began = time.perf_counter()
    verdict = _verdict(body, request)
    encode = verdict.took.encode
    return replace(verdict, took=Took(time.perf_counter() - began - encode, encode))


def _verdict(body: bytes | IO[bytes], request: Request) -> Rendered | Refused | NeedsMemory:
    source = io.BytesIO(body) if isinstance(body, bytes | bytearray | memoryview) else body
    head = source.read(known_contents.HEAD)
    name = sniff.format_of(head[: sniff.HEAD])
    source.seek(0)
    try:
        if name is None:
            return _unknown(head, claimed=request.claimed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of oddities that do not matter for a thumbnail
            return _render(name, source, request)
    except MemoryError:
        return Refused(Reason.OUT_OF_MEMORY, "decoding took more memory than the decoding process may have")
    except Exception as error:  # noqa: BLE001  (hostile bytes can make decoders raise anything)
        return _refused(name or "unknown", source, error)


def _unknown(head: bytes, *, claimed: bool) -> Refused:
    """Return the refusal of bytes that begin like no image that thumbrun reads.

    It is a failure if something else says that they are an image. Else a decoding process that an attacker controls
    could have images skipped.
    """
    found = known_contents.content_of(head)
    if found and found.is_image:
        reason = Reason.UNREADABLE if claimed else Reason.UNSUPPORTED
        return Refused(reason, f"the bytes are {found.name}, a format that thumbrun does not read")
    reason = Reason.UNREADABLE if claimed else Reason.NOT_AN_IMAGE
    if not head:
        return Refused(reason, "the file is empty")
    named = f": they are {found.name}" if found else ""
    return Refused(reason, f"the bytes are in no image format that thumbrun reads{named}")


def thumbnail_pixels(
    body: bytes | IO[bytes], width: int, height: int, shape: Shape = USUAL_SHAPE, *, whole: bool = False
) -> Image.Image:
    """Return a thumbnail's pixels before they are encoded. This checks no limits.

    Args:
        body: The image's bytes, or a file that holds them.
        width: The width of the box, in pixels.
        height: The height of the box, in pixels.
        shape: How the picture fits the box.
        whole: Whether to decode all of the image, even if a part is enough.

    Raises:
        Exception: The image cannot be decoded; decoders raise exceptions of any kind.
    """
    source = io.BytesIO(body) if isinstance(body, bytes | bytearray | memoryview) else body
    name = sniff.format_of(source.read(sniff.HEAD))
    source.seek(0)
    if name is None:
        raise ValueError("the bytes are in no image format that thumbrun reads")
    known = KnownBytes(source.seek(0, io.SEEK_END))
    boxes = ((width, height),)
    needed = None if whole else _needed(name, source, known, boxes, shape)
    source.seek(0)
    with decode.open_image(name, needed if isinstance(needed, io.BytesIO) else source) as image:
        reduced = decode.reduced(image, boxes, shape, decode.decoder_scale(image, boxes, shape))
    return laid(reduced.pixels, shape.placement(*reduced.source_size, *boxes), shape, transparent=True)


def _render(name: str, source: IO[bytes], request: Request) -> Rendered | Refused | NeedsMemory:
    """Decode the part of the image that is needed; if that fails, decode all of it."""
    size = source.seek(0, io.SEEK_END)
    known = KnownBytes(size)
    needed = _needed(name, source, known, request.boxes, request.shape, request.memory)
    if isinstance(needed, NeedsMemory):
        return needed
    declared = None if needed is None else dispatch.declared_size(known)
    del known  # it can be as large as the file, and would lie beside the picture
    if needed is not None:
        if declared and (refused := too_many_pixels(*declared, request.max_pixels)):
            return refused
        with contextlib.suppress(Exception):
            made = needed.seek(0, io.SEEK_END)
            return _decoded(name, needed, made, request, beside=made)
    return _decoded(name, source, size, request)


def _needed(
    name: str,
    source: IO[bytes],
    known: KnownBytes,
    boxes: Sequence[Box],
    shape: Shape,
    memory: int | None = None,
) -> io.BytesIO | NeedsMemory | None:
    """Return a shorter file that makes the same thumbnail in less time, None if there is none.

    Args:
        name: The name of the format.
        source: The file.
        known: The bytes that are known of it, none at first.
        boxes: The boxes of the thumbnails.
        shape: How the picture fits them.
        memory: The most bytes that reading and making may take together, None for any number.
    """
    if name not in ("jpeg", "tiff"):
        return None
    missing = (0, min(known.size, _FIRST_LOOK))
    for _ in range(_MOST_STEPS):
        read = known.count + missing[1] - missing[0]
        if read > known.size + _MOST_TWICE:
            break
        if memory is not None and read > memory + _UNCOUNTED:
            return NeedsMemory(max(read, 2 * known.size))  # enough for a file that needs all of its bytes
        source.seek(missing[0])
        known.add(missing[0], source.read(missing[1] - missing[0]))
        try:
            part = dispatch.faster_file(known, boxes, shape)
        except MissingError as error:
            missing = error.start, error.end
        else:
            if part is None or (name == "jpeg" and not _is_whole(source, known.size, part.size)):
                return None
            if memory is not None and known.count + part.size > memory + _UNCOUNTED:
                return NeedsMemory(known.count + part.size)
            needed = io.BytesIO()
            needed.writelines(part.chunks())
            needed.seek(0)
            return needed
    return None


def _is_whole(source: IO[bytes], size: int, needed: int) -> bool:
    """Whether a JPEG's end marker is there. Without it, the file has lost pixels, though none that the thumbnail needs.

    Applications can write data behind the end. This looks past such data, unless they are long.
    """
    source.seek(max(size - _TAIL, needed))
    return b"\xff\xd9" in source.read()


def _decoded(
    name: str, source: IO[bytes], size: int, request: Request, beside: int = 0
) -> Rendered | Refused | NeedsMemory:
    """Check the limit of pixels, then the limit of memory, and only then decode and encode.

    Args:
        name: The name of the format.
        source: The file to decode.
        size: The size of the file, in bytes.
        request: What to make of the file, and within which limits.
        beside: The bytes that this process holds already, because it made the file.
    """
    moving = render_animation(name, source, size, request)
    if isinstance(moving, Moving):
        return _told(moving.pictures, moving.source_size, moving.smallest, moving.seconds, moving.remark, name, request)
    if isinstance(moving, NeedsMemory):
        return moving
    source.seek(0)
    declared = headers.declared_size(name, source) or (0, 0)
    opened = 0 if webp.opens_lightly(name, source) else memory_estimate.when_opened(name, *declared, size)
    if opened is not None and (verdict := _beyond(declared, opened, request)):
        return verdict
    with decode.open_image(name, source) as image:
        scale = decode.decoder_scale(image, request.boxes, request.shape)
        needed = memory_estimate.decoded_bytes(name, image, scale, size) + memory_estimate.thumbnails_bytes(
            image.size, request.boxes, request.shape
        )
        names = [encoding.format for encoding in request.encodings]
        needed = max(needed, memory_estimate.encoding_bytes(image.size, request.boxes, request.shape, names)) + beside
        if verdict := _beyond(image.size, needed, request):
            return verdict
        reduced = decode.reduced(image, request.boxes, request.shape, scale)
    if refused := too_many_pixels(*reduced.source_size, request.max_pixels):  # a few decoders find out only now
        return refused
    began = time.perf_counter()
    made: list[Picture] = []
    for pixels, box in zip((reduced.pixels, *reduced.smaller), request.boxes, strict=True):
        placement = request.shape.placement(*reduced.source_size, box)
        made += (_encoded(pixels, placement, request.shape, *encoding) for encoding in request.encodings)
        if sum(len(picture.data) for picture in made) > MOST_BYTES:
            return Refused(Reason.OUT_OF_MEMORY, f"its thumbnails take more than {MOST_BYTES:,} bytes together")
    seconds = time.perf_counter() - began
    remark = moving or (BROKEN_PROFILE if reduced.broken_profile else "")
    return _told(made, reduced.source_size, pixels, seconds, remark, name, request)


def _told(
    made: list[Picture],
    source_size: Box,
    smallest: Image.Image,
    seconds: float,
    remark: str,
    name: str,
    request: Request,
) -> Rendered:
    first, *others = made
    shown = ""
    if request.placeholder:
        placement = request.shape.placement(*source_size, request.boxes[-1])
        shown = placeholder(laid(smallest, placement, request.shape, transparent=True), request.placeholder)
    return Rendered(
        *(first.data, first.width, first.height, *source_size, name, tuple(others), remark, Took(encode=seconds)),
        colour=dominant_colour(smallest),
        placeholder=shown,
    )


def _encoded(pixels: Image.Image, placement: Placement, shape: Shape, format_: str, quality: int) -> Picture:
    whole = laid(pixels, placement, shape, transparent=format_ != "jpeg")
    return Picture(encode(whole, format_, quality), *whole.size)


def _beyond(size: tuple[int, int], needed: int, request: Request) -> Refused | NeedsMemory | None:
    """Return the verdict on a picture that exceeds the request's limits, None if it is within them."""
    if refused := too_many_pixels(*size, request.max_pixels):
        return refused
    return NeedsMemory(needed) if needed > request.memory else None


def _refused(name: str, source: IO[bytes], error: Exception) -> Refused:
    """Return the refusal of an image that its decoder could not decode.

    Its detail is one short line without control characters.
    """
    source.seek(0)
    wrong = known_contents.wrong_coding(name, source.read(_BRANDED)) if name in ("avif", "heic") else None
    text = " ".join(f"{name}: {wrong or error or type(error).__name__}".split())
    detail = "".join(c if c.isprintable() else "?" for c in text)[:_LONGEST_DETAIL]
    if wrong or any(phrase in detail.lower() for phrase in _NO_LACK):
        return Refused(Reason.UNREADABLE, detail)
    if any(phrase in detail.lower() for phrase in _NO_MEMORY):
        return Refused(Reason.OUT_OF_MEMORY, detail)
    said_so = isinstance(error, EOFError | struct.error) or any(phrase in detail.lower() for phrase in _CUT_SHORT)
    truncated = said_so or sniff.ends_early(name, source)
    return Refused(Reason.TRUNCATED if truncated else Reason.UNREADABLE, detail)
