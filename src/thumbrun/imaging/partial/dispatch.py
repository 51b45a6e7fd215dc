"""What an object's first bytes say: that a part of it is enough, that it declares too many pixels, or neither. Pure."""

import struct

from thumbrun.imaging import headers, sniff
from thumbrun.imaging.partial import boxes, gif, jpeg, jpeg_scans, tiff
from thumbrun.imaging.partial.known_bytes import KnownBytes


def partial_file(known: KnownBytes, width: int, height: int) -> bytes | None:
    """Return a file that holds all of an image that a thumbnail needs, None where the whole image is needed.

    Args:
        known: What is known of the image, at its first bytes.
        width: Of the largest box, in pixels.
        height: As width.

    Raises:
        MissingError: More bytes are needed to tell, or to make it.
    """
    match sniff.format_of(known.head[: sniff.HEAD]):
        case "jpeg":
            return jpeg.part(known, width, height)
        case "gif":
            return gif.part(known)
        case "tiff":
            return tiff.part(known, width, height)
        case _:
            return None


def faster_file(known: KnownBytes, width: int, height: int) -> bytes | None:
    """Return a shorter file that makes the same thumbnail in less time, None where there is none.

    A decoder of GIF reads no further than it must, nor does one of TIFF but where there are smaller versions.

    Args:
        known: As for `partial_file`.
        width: As for `partial_file`.
        height: As for `partial_file`.

    Raises:
        MissingError: As for `partial_file`.
    """
    match sniff.format_of(known.head[: sniff.HEAD]):
        case "jpeg":
            return jpeg.part(known, width, height)
        case "tiff":
            return tiff.part(known, width, height, smaller=True)
        case _:
            return None


def declared_size(known: KnownBytes) -> tuple[int, int] | None:
    """Return width and height in pixels as a header among the first bytes declares them, None where it does not.

    Raises:
        MissingError: The header of a JPEG or TIFF is longer, or elsewhere.
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
                return boxes.size(head)
            case _:
                return None
    except (struct.error, ValueError, IndexError):
        return None


def _bitmap(head: bytes) -> tuple[int, int]:
    (length,) = struct.unpack_from("<I", head, 14)
    across, down = headers.unpacked("<HH" if length == 12 else "<ii", head, 18)
    return abs(across), abs(down)


def _jpeg2000(head: bytes) -> tuple[int, int] | None:
    """Read the SIZ marker of the first codestream: the grid's end less its beginning (ITU-T T.800, A.5.1)."""
    at = head.find(b"\xff\x4f\xff\x51")
    if at < 0:
        return None
    right, lower, left, upper = struct.unpack_from(">4I", head, at + 8)
    return max(0, right - left), max(0, lower - upper)
