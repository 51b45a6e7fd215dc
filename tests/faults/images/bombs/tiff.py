"""Bombs in TIFF: a directory can declare any number of pixels at any place."""

import io
import struct
from typing import Any

from PIL import Image

from tests.faults.images.bombs.bomb import DONE, MEMORY, TOO_MANY, TRUNCATED, UNREADABLE, Bomb
from tests.faults.images.handmade import zeros

_SHORT, _LONG = 3, 4
_HEAD = 8
Entry = tuple[int, int, int, int]  # tag, type, count, value


def directory(entries: list[Entry], following: int = 0) -> bytes:
    """Return a directory with its entries in order."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return struct.pack("<H", len(entries)) + packed + struct.pack("<I", following)


def tiff(entries: list[Entry], data: bytes = b"", following: int = 0) -> bytes:
    """Return a little-endian TIFF of one directory, with data behind it."""
    return b"II*\0" + struct.pack("<I", _HEAD) + directory(entries, following) + data


def picture(width: int, height: int, **changes: Entry | None) -> list[Entry]:
    """Return the entries of a grey picture in one strip, some of them changed or left out."""
    entries: dict[str, Entry | None] = {
        "across": (256, _LONG, 1, width),
        "down": (257, _LONG, 1, height),
        "bits": (258, _SHORT, 1, 8),
        "packing": (259, _SHORT, 1, 1),
        "meaning": (262, _SHORT, 1, 1),
        "offsets": (273, _LONG, 1, _HEAD),
        "samples": (277, _SHORT, 1, 1),
        "rows": (278, _LONG, 1, height),
        "lengths": (279, _LONG, 1, width * height & 0xFFFFFFFF),
    }
    return [entry for entry in (entries | changes).values() if entry is not None]


def _packed(width: int, height: int, packed: bytes, *, packing: int = 8, rows: int | None = None) -> bytes:
    """Return a picture whose one strip is compressed."""
    entries = picture(
        width,
        height,
        packing=(259, _SHORT, 1, packing),
        rows=(278, _LONG, 1, rows or height),
        lengths=(279, _LONG, 1, len(packed)),
        offsets=(273, _LONG, 1, _HEAD + 2 + 9 * 12 + 4),
    )
    return tiff(entries, packed)


def _tiles(width: int, height: int, side: int, *, packing: int = 1, count: int = 1) -> bytes:
    entries = picture(width, height, offsets=None, rows=None, lengths=None, packing=(259, _SHORT, 1, packing))
    entries += [(322, _LONG, 1, side), (323, _LONG, 1, side), (324, _LONG, count, _HEAD), (325, _LONG, count, 1 << 20)]
    return tiff(entries, bytes(1000))


def _pages(count: int) -> bytes:
    size = len(directory(picture(1, 1)))
    pages = [directory(picture(1, 1), _HEAD + (number + 1) * size) for number in range(count)]
    return b"II*\0" + struct.pack("<I", _HEAD) + b"".join(pages) + bytes(size)


def _looped(side: int) -> bytes:
    """Return a picture whose directory follows itself, and holds itself as EXIF, GPS and sub-directories."""
    itself: list[Entry] = [(0x014A, _LONG, 1, _HEAD), (0x8769, _LONG, 1, _HEAD), (0x8825, _LONG, 1, _HEAD)]
    return tiff(picture(side, side) + itself, bytes(side * side), following=_HEAD)


def _big(count: int) -> bytes:
    """Return a BigTIFF whose directory declares that many entries."""
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, count) + bytes(20) * 100


def _saved(side: int, **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new("L", (side, side)).save(target, "TIFF", **options)
    return target.getvalue()


def _group4(side: int) -> bytes:
    target = io.BytesIO()
    Image.new("1", (side, side)).save(target, "TIFF", compression="group4")
    return target.getvalue()


def _whole(**changes: Entry) -> bytes:
    """Return a picture of 64 x 64 with all its pixels, and with some entries changed."""
    return tiff(picture(64, 64, **changes), bytes(64 * 64))


_MOST = 0xFFFFFFFF
BOMBS = {
    "tiff with a strip beyond the end": Bomb(lambda: tiff(picture(64, 64, offsets=(273, _LONG, 1, _MOST))), TRUNCATED),
    "tiff with a strip longer than the file": Bomb(
        lambda: tiff(picture(64, 64, lengths=(279, _LONG, 1, _MOST))), TRUNCATED
    ),
    "tiff with 1,000,000,000 strips": Bomb(
        lambda: tiff(picture(64, 64, offsets=(273, _LONG, 10**9, _HEAD), lengths=(279, _LONG, 10**9, _HEAD))), TRUNCATED
    ),
    "tiff with 1,000,000,000 widths": Bomb(lambda: _whole(across=(256, _LONG, 10**9, 64)), UNREADABLE),
    "tiff with 65,535 entries of nothing": Bomb(
        lambda: b"II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + b"\xff" * 65_535 * 12, UNREADABLE
    ),
    "tiff with entries beyond the end": Bomb(
        lambda: b"II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + b"\xff" * 4_096, TRUNCATED
    ),
    "tiff with 65,535 samples": Bomb(
        lambda: tiff(picture(64, 64, samples=(277, _SHORT, 1, 65_535)), bytes(9_999)), UNREADABLE
    ),
    "tiff whose directories point at themselves": Bomb(lambda: _looped(64), DONE),
    "tiff of 20,000 pages": Bomb(lambda: _pages(20_000), DONE),
    "tiff of 60,000 x 60,000": Bomb(lambda: tiff(picture(60_000, 60_000)), TOO_MANY),
    "tiff of 4,294,967,295 x 4,294,967,295": Bomb(lambda: tiff(picture(_MOST, _MOST)), TOO_MANY),
    "tiff of 10,000 x 10,000 with no pixels": Bomb(lambda: tiff(picture(10_000, 10_000)), TRUNCATED),
    "tiff deflated, 10,000 x 10,000 in one strip": Bomb(lambda: _packed(10_000, 10_000, zeros(10**8)), DONE),
    "tiff deflated, 10,000 x 10,000 in rows": Bomb(lambda: _saved(10_000, compression="tiff_adobe_deflate"), DONE),
    "tiff deflated to far more than its strip": Bomb(lambda: _packed(64, 64, zeros(1 << 30)), DONE),
    "tiff deflated, rows beyond its height": Bomb(lambda: _packed(64, 64, zeros(1 << 20), rows=_MOST), DONE),
    "tiff in group 4, 10,000 x 10,000": Bomb(lambda: _group4(10_000), DONE),
    "tiff of 30,000 x 30,000 in tiles": Bomb(lambda: _tiles(30_000, 30_000, 16), TRUNCATED),
    "tiff of one tile of 1,000,000 x 1,000,000": Bomb(lambda: _tiles(64, 64, 1_000_000), TRUNCATED),
    "tiff of one deflated tile of 1,000,000 x 1,000,000": Bomb(lambda: _tiles(64, 64, 1_000_000, packing=8), MEMORY),
    "tiff of 10,000 x 10,000 in tiles of one pixel": Bomb(
        lambda: _tiles(10_000, 10_000, 1, count=10**8, packing=8), TRUNCATED
    ),
    "big tiff with 2^60 entries": Bomb(lambda: _big(1 << 60), UNREADABLE),
    "big tiff with 2^64 - 1 entries": Bomb(lambda: _big((1 << 64) - 1), UNREADABLE),
}
