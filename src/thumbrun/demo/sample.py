"""An object of the demo's bucket, and functions that encode pictures as its bytes."""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from PIL import Image

from thumbrun.outcomes import Reason, Status

# How a turned camera stores a picture, for each EXIF orientation: the inverse of the turn that the tag asks for.
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
    """An object of the demo.

    Attributes:
        path: The path below the source.
        data: The bytes of the object.
        content_type: The content type, or None.
        note: A note on what the object shows or tests.
        status: The status that the demo intends, or None if the object is not an item.
        reason: The reason that the demo intends, unless the status is done.
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
    """Return a JPEG that shows the picture upright only in programs that follow its EXIF orientation."""
    turn = STORED_AS[orientation]
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return jpeg(picture if turn is None else picture.transpose(turn), exif=exif)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose header declares a size that fits into no memory."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    body = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)
