"""Reads the sizes of pictures that can take their memory as soon as they are opened: WebP and ICO. Pure.

Pillow itself reads the header of every other format before anything is decoded.
"""

import struct
from typing import IO

_PNG = b"\x89PNG\r\n\x1a\n"


def declared_size(name: str, source: IO[bytes]) -> tuple[int, int] | None:
    """Return width and height in pixels, for an icon the largest of each; None if Pillow can read the size.

    Args:
        name: The format.
        source: The file at its start; it is at its start again when this returns.

    Raises:
        struct.error: The header is cut short.
        ValueError: The header is broken.
    """
    try:
        if name == "webp":
            return webp(source.read(30))
        if name == "ico":
            return _icon(source)
        return None
    finally:
        source.seek(0)


def webp(head: bytes) -> tuple[int, int]:
    """Read the size of the canvas from a WebP file's first chunk (RFC 9649, sections 2.5 to 2.7)."""
    chunk = head[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("the WebP file has no picture")


def unpacked(layout: str, head: bytes, at: int) -> tuple[int, int]:
    """Return two numbers of a header.

    Raises:
        struct.error: The header is cut short.
    """
    first: int
    second: int
    first, second = struct.unpack_from(layout, head, at)
    return first, second


def _icon(source: IO[bytes]) -> tuple[int, int]:
    """Read the sizes that the pictures of an icon declare.

    The icon's directory declares sizes too, but has one byte for each, and can be wrong.
    """
    _, _, count = struct.unpack("<HHH", source.read(6))
    directory = source.read(16 * count)
    width = height = 0
    for at in range(0, len(directory) - 15, 16):
        (offset,) = struct.unpack_from("<I", directory, at + 12)
        source.seek(offset)
        head = source.read(24)
        if head.startswith(_PNG):
            across, down = struct.unpack_from(">II", head, 16)
        else:
            across, twice = struct.unpack_from("<ii", head, 4)
            down = abs(twice) // 2  # picture and mask, one above the other
        width, height = max(width, abs(across)), max(height, down)
    return width, height
