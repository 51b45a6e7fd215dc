"""Builds pieces of image files by hand that no encoder would write."""

import struct
import zlib
from collections.abc import Iterable

from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"
# The passes of Adam7: first column and row, and the steps in both directions (PNG, section 8.2).
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a PNG chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 0, interlaced: bool = False) -> bytes:
    """Return a PNG with a header of these values, and with these chunks."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return PNG + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def interlaced_png(picture: Image.Image) -> bytes:
    """Return an RGB picture as an interlaced PNG, which Pillow reads but never writes."""
    rows = bytearray()
    for left, top, across, down in _PASSES:
        for y in range(top, picture.height, down):
            pixels = picture.crop((0, y, picture.width, y + 1)).tobytes()
            if left < picture.width:
                rows.append(0)
                rows += b"".join(pixels[3 * x : 3 * x + 3] for x in range(left, picture.width, across))
    return png(*picture.size, chunk(b"IDAT", zlib.compress(rows)), colour=2, interlaced=True)


def zeros(count: int) -> bytes:
    """Return a zlib stream of this many zeros, a thousandth as long; it is quick to make, because its blocks repeat."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    last = packer.compress(bytes(count & 0xFFFFF)) + packer.flush()
    # Adler-32 of zeros: the first sum stays 1, the second counts them (RFC 1950, section 9).
    return b"\x78\xda" + block * (count >> 20) + last + struct.pack(">HH", count % 65_521, 1)


def segment(marker: int, body: bytes) -> bytes:
    """Return a JPEG segment with its length."""
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


def riff(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return a WebP file of chunks."""
    body = b"".join(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def box(name: bytes, *bodies: bytes) -> bytes:
    """Return a box of an ISO base media file."""
    body = b"".join(bodies)
    return struct.pack(">I", 8 + len(body)) + name + body


def full_box(name: bytes, version: int, *bodies: bytes, flags: int = 0) -> bytes:
    """Return a box with version and flags."""
    return box(name, struct.pack(">I", version << 24 | flags), *bodies)
