"""TIFFs with smaller versions of their picture, as libvips and GDAL write them: tiled, without compression."""

import struct
from functools import cache

import numpy as np

from tests.photographs import draw

_TILE = 128


@cache
def pyramid(side: int, *, order: str = "<", big: bool = False, below: bool = False, levels: int = 4) -> bytes:
    """Return a TIFF.

    Args:
        side: The longest, in pixels, of the first page.
        order: Of the bytes, as `struct` spells it.
        big: Whether it is a BigTIFF.
        below: Whether the smaller versions are SubIFDs rather than pages of their own.
        levels: How many pictures.
    """
    offset, width = ("Q", 8) if big else ("I", 4)
    mark = b"II" if order == "<" else b"MM"
    start = mark + (struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HI", 42, 0))
    file = bytearray(start)
    picture = np.asarray(draw(side, 3), np.uint16)
    directories = []
    for level in range(levels):
        pixels = picture.astype(np.uint8)
        places, lengths = [], []
        for top in range(0, pixels.shape[0], _TILE):
            for left in range(0, pixels.shape[1], _TILE):
                tile = np.zeros((_TILE, _TILE, 3), np.uint8)
                part = pixels[top : top + _TILE, left : left + _TILE]
                tile[: part.shape[0], : part.shape[1]] = part
                places.append(len(file))
                lengths.append(tile.nbytes)
                file += tile.tobytes()
        fields = {254: [int(level > 0)], 256: [pixels.shape[1]], 257: [pixels.shape[0]], 258: [8, 8, 8], 259: [1]}
        fields |= {262: [2], 277: [3], 284: [1], 322: [_TILE], 323: [_TILE], 324: places, 325: lengths}
        directories.append(fields)
        even = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        picture = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2] + 2) // 4

    link = len(start) - width
    if below:
        lower = [_write(file, order, offset, width, fields)[0] for fields in directories[1:]]
        directories = [directories[0] | {330: lower}]
    for fields in directories:
        at, following = _write(file, order, offset, width, fields)
        struct.pack_into(order + offset, file, link, at)
        link = following
    return bytes(file)


def _write(file: bytearray, order: str, offset: str, width: int, fields: dict[int, list[int]]) -> tuple[int, int]:
    """Append a directory and its values; return its place, and that of the link to the next."""
    kind = 16 if width == 8 else 4
    entries = b""
    for tag, values in sorted(fields.items()):
        content = struct.pack(f"{order}{len(values)}{offset}", *values)
        if len(content) > width:
            content, values_at = struct.pack(order + offset, len(file)), content
            file += values_at
        entries += struct.pack(order + "HH" + offset, tag, kind, len(values)) + content
    at = len(file)
    file += struct.pack(order + ("Q" if width == 8 else "H"), len(fields)) + entries + bytes(width)
    return at, len(file) - width
