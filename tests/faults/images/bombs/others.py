"""Bombs in BMP, icons and JPEG 2000, and in formats that thumbrun gives to no decoder."""

import io
import struct
from functools import partial

from PIL import Image

from tests.faults.images.bombs import png
from tests.faults.images.bombs.bomb import DONE, MEMORY, TOO_MANY, TRUNCATED, UNREADABLE, Bomb

_RLE8 = 1


def _bitmap(width: int, height: int, data: bytes, *, bits: int = 8, packing: int = _RLE8, colours: int = 2) -> bytes:
    start = 54 + 4 * min(colours, 256)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, len(data), 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + header + bytes(start - 54) + data


def _runs(width: int, height: int) -> bytes:
    """Return run-length codes for empty rows."""
    row = b"\xff\0" * (width // 255) + bytes([width % 255, 0]) * (width % 255 > 0) + b"\0\0"
    return row * height + b"\0\1"


def _icon(*pictures: bytes, count: int | None = None) -> bytes:
    count = count or len(pictures)
    at = 6 + 16 * count
    entries, data = b"", b""
    for index in range(count):
        body = pictures[index % len(pictures)]
        if index < len(pictures):
            start, data = at + len(data), data + body
        entries += struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(body), start if index < len(pictures) else at)
    return struct.pack("<HHH", 0, 1, count) + entries + data


def _mask(width: int, height: int) -> bytes:
    """Return a picture as icons hold it: without a file header, and declared twice as high as it is."""
    return struct.pack("<IiiHHIIiiII", 40, width, 2 * height, 1, 32, 0, 0, 0, 0, 0, 0) + bytes(1000)


def _jpeg2000(**numbers: int) -> bytes:
    """Return a JPEG 2000 stream of a small grey picture, with some of its numbers changed."""
    target = io.BytesIO()
    Image.radial_gradient("L").save(target, "JPEG2000", no_jp2=True)
    stream = bytearray(target.getvalue())
    fields = ("width", "height", "left", "top", "tile_width", "tile_height", "tile_left", "tile_top")
    for name, value in numbers.items():
        if name == "components":
            struct.pack_into(">H", stream, 40, value)
        elif name == "levels":
            stream[stream.index(b"\xff\x52") + 9] = value
        else:
            struct.pack_into(">I", stream, 8 + 4 * fields.index(name), value)
    return bytes(stream)


def _in_boxes(declared: int, side: int) -> bytes:
    """Return a JPEG 2000 file whose boxes declare one size and whose stream has another."""
    target = io.BytesIO()
    Image.new("L", (side, side)).save(target, "JPEG2000")
    whole = bytearray(target.getvalue())
    struct.pack_into(">II", whole, whole.index(b"ihdr") + 4, declared, declared)
    return bytes(whole)


def _flat(side: int) -> bytes:
    target = io.BytesIO()
    Image.new("L", (side, side)).save(target, "JPEG2000", num_resolutions=2)
    return target.getvalue()


BOMBS = {
    "bmp of 50,000 x 50,000": Bomb(lambda: _bitmap(50_000, 50_000, b"\0\1"), TOO_MANY),
    "bmp of 2,147,483,647 x -2,147,483,648": Bomb(lambda: _bitmap(2**31 - 1, -(2**31), b"\0\1"), UNREADABLE),
    "bmp of 10,000 x 10,000, run-length": Bomb(lambda: _bitmap(10_000, 10_000, _runs(10_000, 10_000)), MEMORY),
    "bmp of 8,000 x 8,000, run-length": Bomb(lambda: _bitmap(8_000, 8_000, _runs(8_000, 8_000)), DONE),
    "bmp of 8,000 x 8,000, run-length, empty": Bomb(lambda: _bitmap(8_000, 8_000, b"\0\1"), TRUNCATED),
    "bmp of 8,000 x 8,000, run-length, cut": Bomb(lambda: _bitmap(8_000, 8_000, b"\xff\0" * 9), TRUNCATED),
    "bmp of 10,000 x 10,000 in colour": Bomb(lambda: _bitmap(10_000, 10_000, b"", bits=24, packing=0), MEMORY),
    "bmp of 7,000 x 7,000 in colour, cut": Bomb(lambda: _bitmap(7_000, 7_000, b"", bits=24, packing=0), TRUNCATED),
    "bmp of 4,294,967,295 colours": Bomb(lambda: _bitmap(64, 64, _runs(64, 64), colours=2**32 - 1), DONE),
    "ico with a png of 16,000 x 16,000": Bomb(lambda: _icon(png.black(16_000, 16_000)), TOO_MANY),
    "ico with a png of 9,000 x 9,000": Bomb(lambda: _icon(png.black(9_000, 9_000)), MEMORY),
    "ico with 10,000 pictures": Bomb(lambda: _icon(png.black(64, 64), count=10_000), DONE),
    "ico with a bitmap of 1,000,000,000 rows": Bomb(lambda: _icon(_mask(1, 10**9)), TOO_MANY),
    "ico with a bitmap of 3,000 x 3,000, cut": Bomb(lambda: _icon(_mask(3_000, 3_000)), TRUNCATED),
    "jpeg2000 of 4,294,967,295 x 4,294,967,295": Bomb(lambda: _jpeg2000(width=2**32 - 1, height=2**32 - 1), TOO_MANY),
    "jpeg2000 of 10,000 x 10,000, empty": Bomb(lambda: _jpeg2000(width=10_000, height=10_000), DONE),
    "jpeg2000 in tiles of one pixel": Bomb(lambda: _jpeg2000(tile_width=1, tile_height=1), UNREADABLE),
    "jpeg2000 in a tile of 4,294,967,295": Bomb(lambda: _jpeg2000(tile_width=2**32 - 1, tile_height=2**32 - 1), DONE),
    "jpeg2000 of 16,384 components": Bomb(lambda: _jpeg2000(components=16_384), UNREADABLE),
    "jpeg2000 of 32 levels": Bomb(lambda: _jpeg2000(levels=32), DONE),
    "jpeg2000 of 4,000 x 4,000": Bomb(lambda: _flat(4_000), DONE),
    "jpeg2000 of 4,000 x 4,000 that says 16 x 16": Bomb(lambda: _in_boxes(16, 4_000), DONE),
    "jpeg2000 of 16 x 16 that says 4,000 x 4,000": Bomb(lambda: _in_boxes(4_000, 16), DONE),
}

# A file that begins like a format that thumbrun never opens reaches no decoder, whatever its name is.
_FOREIGN = {
    "psd of 300,000 x 300,000": b"8BPS\0\2" + bytes(6) + struct.pack(">HIIHH", 3, 300_000, 300_000, 8, 3) + bytes(99),
    "dds of 65,535 x 65,535": b"DDS " + struct.pack("<IIII", 124, 7, 65_535, 65_535) + bytes(108),
    "qoi of 65,535 x 65,535": b"qoif" + struct.pack(">IIBB", 65_535, 65_535, 3, 0) + b"\xfd" * 99,
    "tga of 65,535 x 65,535": bytes([0, 0, 10]) + bytes(9) + b"\xff\xff\xff\xff\x18\0" + bytes(99),
    "icns with a png of 50,000 x 50,000": b"icns" + struct.pack(">I4sI", 99, b"ic10", 91) + png.black(50_000, 1_000),
    "ppm of 65,535 x 65,535": b"P6\n65535 65535\n255\n",
    "eps that runs for ever": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n{} loop\n",
    "svg of a billion laughs": b'<!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><svg>&b;</svg>',
}
BOMBS |= {name: Bomb(partial(bytes, content), UNREADABLE) for name, content in _FOREIGN.items()}
