"""Finds out from an object's first bytes if a part of it is enough, and how large its picture is. Pure.

No file leaves this module that is out of the bounds of `part.Part`, whatever its format.
"""

import struct
from collections.abc import Sequence

from thumbrun.imaging import headers, sniff
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.partial import gif, iso_boxes, jpeg, jpeg_scans, tiff
from thumbrun.imaging.partial.known_bytes import KnownBytes
from thumbrun.imaging.partial.part import Part
from thumbrun.imaging.shape import Shape


def partial_file(known: KnownBytes, boxes: Sequence[Box], shape: Shape) -> Part | None:
    """Return a file with everything that a thumbnail needs of an image, None if it needs the whole image.

    Args:
        known: The known bytes of the image, with its first bytes.
        boxes: The boxes of the thumbnails.
        shape: How the picture fits them.

    Raises:
        MissingError: More bytes are needed to decide, or to make the file.
    """
    match sniff.format_of(known.head[: sniff.HEAD]):
        case "jpeg":
            return Part.of(known, jpeg.part(known, boxes, shape))
        case "gif":
            return Part.of(known, gif.part(known))
        case "tiff":
            return Part.of(known, tiff.part(known, boxes, shape))
        case _:
            return None


def faster_file(known: KnownBytes, boxes: Sequence[Box], shape: Shape) -> Part | None:
    """Return a shorter file that makes the same thumbnail in less time, None if there is none.

    A GIF decoder reads no further than it must. A TIFF decoder does so too, unless there are smaller versions.

    Args:
        known: The known bytes of the image, with its first bytes.
        boxes: The boxes of the thumbnails.
        shape: How the picture fits them.

    Raises:
        MissingError: More bytes are needed to decide, or to make the file.
    """
    match sniff.format_of(known.head[: sniff.HEAD]):
        case "jpeg":
            return Part.of(known, jpeg.part(known, boxes, shape))
        case "tiff":
            return Part.of(known, tiff.part(known, boxes, shape, smaller=True))
        case _:
            return None


def declared_size(known: KnownBytes) -> tuple[int, int] | None:
    """Return the width and height in pixels that a header among the first bytes declares, None if there is none.

    Raises:
        MissingError: The header of a JPEG or TIFF is longer than these bytes, or elsewhere.
    """
    head = known.head
    name = sniff.format_of(head[: sniff.HEAD])
    try:
        match name:
            case "jpeg":
                return jpeg_scans.size(known)
            case "png":
                return headers.unpacked(">II", head, 16)
            case "gif":
                return headers.unpacked("<HH", head, 6)
            case "webp":
                return headers.webp(head[:30])
            case "tiff":
                return tiff.size(known)
            case "bmp":
                return _bitmap(head)
            case "jpeg2000":
                return _jpeg2000(head)
            case "avif" | "heic":
                return iso_boxes.size(head)
            case _:
                return None
    except (struct.error, ValueError, IndexError):
        return None


def _bitmap(head: bytes) -> tuple[int, int]:
    start = 14 if head.startswith(b"BM") else 0
    (length,) = struct.unpack_from("<I", head, start)
    across, down = headers.unpacked("<HH" if length == 12 else "<ii", head, start + 4)
    return abs(across), abs(down)


def _jpeg2000(head: bytes) -> tuple[int, int] | None:
    """Return the size in the SIZ marker of the first codestream: the grid's end less its start (ITU-T T.800, A.5.1)."""
    at = head.find(b"\xff\x4f\xff\x51")
    if at < 0:
        return None
    right, lower, left, upper = struct.unpack_from(">4I", head, at + 8)
    return max(0, right - left), max(0, lower - upper)
