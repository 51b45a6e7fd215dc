"""Broken and hostile images: those that are made here, and those in the folder that `THUMBRUN_HOSTILE` names."""

import io
import os
import random
import struct
import zlib
from pathlib import Path

from PIL import Image

from tests.photographs import draw


def hostile_images() -> dict[str, bytes]:
    """Return hostile files by name."""
    made = _mutations() | _bombs()
    folder = os.environ.get("THUMBRUN_HOSTILE")
    files = sorted(Path(folder).iterdir()) if folder else []
    return made | {path.name: path.read_bytes() for path in files}


def _mutations() -> dict[str, bytes]:
    """Return cut, flipped and spliced forms of one photograph in every format."""
    photograph = draw(320, 7)
    chance = random.Random(11)  # noqa: S311
    made: dict[str, bytes] = {}
    for format_, suffix in (
        ("JPEG", "jpg"),
        ("PNG", "png"),
        ("GIF", "gif"),
        ("WEBP", "webp"),
        ("AVIF", "avif"),
        ("TIFF", "tif"),
        ("BMP", "bmp"),
        ("JPEG2000", "jp2"),
    ):
        target = io.BytesIO()
        photograph.save(target, format_)
        whole = target.getvalue()
        for share in (1, 10, 50, 99):
            made[f"cut-{share}.{suffix}"] = whole[: max(1, len(whole) * share // 100)]
        for number in range(6):
            flipped = bytearray(whole)
            for _ in range(1 + 4 * number):
                flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            made[f"flipped-{number}.{suffix}"] = bytes(flipped)
        made[f"spliced.{suffix}"] = whole[: len(whole) // 2] + made["cut-50.jpg"]
        made[f"renamed-{suffix}.jpg"] = whole
    return made


def _bombs() -> dict[str, bytes]:
    """Return small files that declare, or decode to, far too much data."""
    icc = Image.new("RGB", (64, 64), "red")
    target = io.BytesIO()
    icc.save(target, "PNG", icc_profile=b"\0" * 5_000_000)
    frames = io.BytesIO()
    first = Image.new("P", (64, 64))
    first.save(frames, "GIF", save_all=True, append_images=[Image.new("P", (64, 64), i % 255) for i in range(2_000)])
    return {
        "bomb-50000.png": png_that_declares(50_000, 50_000),
        "bomb-wide.png": png_that_declares(1, 2**31 - 1),
        "bomb-9000.png": png_that_declares(9_000, 9_000),
        "bomb-profile.png": target.getvalue(),
        "bomb-frames.gif": frames.getvalue(),
        "bomb-lies.tif": b"II*\0\x08\0\0\0" + struct.pack("<H", 65535) + b"\xff" * 4096,
        "text.jpg": b"no image at all\n" * 100,
        "zeros.png": b"\0" * 100_000,
        "one-byte.jpg": b"\xff",
        "eps.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nquit\n",
    }


def png_that_declares(width: int, height: int) -> bytes:
    """Return a grey PNG that declares this size; it holds at most 100 MB of pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * min((width + 1) * height, 100_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
