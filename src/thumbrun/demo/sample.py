"""One object of the demo's bucket, and how pictures become its bytes."""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from PIL import Image

from thumbrun.outcomes import Reason, Status

# What a camera that was held askew stores, for each EXIF orientation: the inverse of what the tag asks viewers to do.
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Sample:
    """One object.

    Attributes:
        path: Below the source.
        data: Its bytes.
        content_type: Or None.
        note: What is worth seeing about it.
        status: What becomes of it, or None where it is no item.
        reason: Why, unless done.
    """

    path: str
    data: bytes
    content_type: str | None
    note: str
    status: Status | None = Status.DONE
    reason: Reason | None = None


def encoded(picture: Image.Image, format_: str, **options: Any) -> bytes:
    """Return the picture as a file of one of Pillow's formats."""
    target = io.BytesIO()
    picture.save(target, format_, **options)
    return target.getvalue()


def jpeg(picture: Image.Image, **options: Any) -> bytes:
    """Return the picture as a JPEG of good quality."""
    return encoded(picture, "JPEG", **{"quality": 88, **options})


def turned(picture: Image.Image, orientation: int) -> bytes:
    """Return a JPEG that shows the picture upright only to those who follow its EXIF orientation."""
    turn = STORED_AS[orientation]
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return jpeg(picture if turn is None else picture.transpose(turn), exif=exif)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose header declares a size that no memory holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    body = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)
