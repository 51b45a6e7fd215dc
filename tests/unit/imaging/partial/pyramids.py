"""TIFFs with smaller versions of their picture, tiled, as libvips and GDAL write them."""

import io
import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.photographs import draw

_TILE = 128
_BYTES, _TEXT = 7, 2  # types of fields


@cache
def pyramid(side: int, **options: Any) -> bytes:
    """Return a TIFF of a drawn picture.

    Args:
        side: The longer side of the first page, in pixels.
        options: The options of `pyramid_of`.
    """
    return pyramid_of(draw(side, 3), **options)


def pyramid_of(
    whole: Image.Image,
    *,
    order: str = "<",
    big: bool = False,
    below: bool = False,
    levels: int = 4,
    quality: int | None = None,
    rgb: bool = False,
    sampled: bool = False,
    said: bytes = b"",
    of_a_map: bool = False,
    apart: bool = False,
    orientation: int = 1,
) -> bytes:
    """Return a TIFF.

    Args:
        whole: The first page.
        order: The order of the bytes in a number, as `struct` spells it.
        big: Whether it is a BigTIFF.
        below: Whether the smaller versions are SubIFDs rather than pages of their own.
        levels: How many pictures it has.
        quality: The quality of its JPEG pictures; with None, nothing is compressed.
        rgb: Whether that JPEG is of red, green and blue, rather than of brightness and colours of half the size.
        sampled: Whether the smaller versions are made of every second pixel, rather than of averages.
        said: The resampling that the smaller versions name, as those of GDAL do.
        of_a_map: Whether the first page says where it lies on earth.
        apart: Whether each directory lies behind its tiles, as in libvips' files, rather than all at the end.
        orientation: The orientation that the first page states, if it is not 1.
    """
    offset, width = ("Q", 8) if big else ("I", 4)
    mark = b"II" if order == "<" else b"MM"
    file = bytearray(mark + (struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HI", 42, 0)))
    link = len(file) - width
    directories = []
    for number, pixels in enumerate(_versions(whole, levels, sampled=sampled)):
        fields = _tiled(file, pixels, quality, rgb=rgb) | {254: [int(number > 0)]}
        if said and number:
            fields[42112] = b'<GDALMetadata><Item name="RESAMPLING" sample="0">%s</Item></GDALMetadata>\0' % said
        if orientation != 1 and not number:
            fields[274] = [orientation]
        if of_a_map and not number:
            fields[34735] = [1, 1, 0, 0]
        if apart:
            link = _linked(file, order, offset, fields, link)
        directories.append(fields)
    if below:
        lower = [_write(file, order, offset, width, fields)[0] for fields in directories[1:]]
        directories = [directories[0] | {330: lower}]
    for fields in () if apart else directories:
        link = _linked(file, order, offset, fields, link)
    return bytes(file)


def _versions(whole: Image.Image, levels: int, *, sampled: bool) -> Iterator[NDArray[np.uint8]]:
    """Yield a picture in ever smaller sizes."""
    picture = np.asarray(whole, np.uint16)
    for _ in range(levels):
        yield picture.astype(np.uint8)
        even = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        if sampled:
            picture = even[::2, ::2]
        else:
            picture = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2] + 2) // 4


def _tiled(
    file: bytearray, pixels: NDArray[np.uint8], quality: int | None, *, rgb: bool
) -> dict[int, list[int] | bytes]:
    """Append a picture's tiles; return the fields of its directory."""
    places, lengths, tables = [], [], b""
    for top in range(0, pixels.shape[0], _TILE):
        for left in range(0, pixels.shape[1], _TILE):
            tile = np.zeros((_TILE, _TILE, 3), np.uint8)
            part = pixels[top : top + _TILE, left : left + _TILE]
            tile[: part.shape[0], : part.shape[1]] = part
            content = tile.tobytes()
            if quality is not None:
                content, tables = _jpeg(tile, quality, rgb=rgb)
            places.append(len(file))
            lengths.append(len(content))
            file += content
    fields: dict[int, list[int] | bytes] = {256: [pixels.shape[1]], 257: [pixels.shape[0]], 258: [8, 8, 8]}
    fields |= {277: [3], 284: [1], 322: [_TILE], 323: [_TILE], 324: places, 325: lengths}
    if quality is None:
        return fields | {259: [1], 262: [2]}
    fields |= {259: [7], 347: tables}
    return fields | ({262: [2]} if rgb else {262: [6], 530: [2, 2]})


def _jpeg(tile: NDArray[np.uint8], quality: int, *, rgb: bool) -> tuple[bytes, bytes]:
    """Return a tile as JPEG, and a JPEG of its quantisers alone (TIFF Technical Note 2)."""
    target = io.BytesIO()
    options = {"keep_rgb": True, "subsampling": 0} if rgb else {"subsampling": "4:2:0"}
    Image.fromarray(tile).save(target, "JPEG", quality=quality, **options)
    body = target.getvalue()
    tables, at = b"", 2
    while body[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(body[at + 2 : at + 4], "big")
        tables += body[at:end] if body[at + 1] == 0xDB else b""
        at = end
    return body, b"\xff\xd8" + tables + b"\xff\xd9"


def _linked(file: bytearray, order: str, offset: str, fields: dict[int, list[int] | bytes], link: int) -> int:
    """Append a directory, and point to it; return the position of the link to the next."""
    at, following = _write(file, order, offset, struct.calcsize("=" + offset), fields)
    struct.pack_into(order + offset, file, link, at)
    return following


def _write(
    file: bytearray, order: str, offset: str, width: int, fields: dict[int, list[int] | bytes]
) -> tuple[int, int]:
    """Append a directory and then its values; return its position, and that of the link to the next."""
    at = len(file)
    head = struct.pack(order + ("Q" if width == 8 else "H"), len(fields))
    entries, contents = b"", b""
    behind = at + len(head) + (20 if width == 8 else 12) * len(fields) + width
    for tag, values in sorted(fields.items()):
        if isinstance(values, bytes):
            kind, content = _TEXT if tag == 42112 else _BYTES, values
        else:
            kind, content = 16 if width == 8 else 4, struct.pack(f"{order}{len(values)}{offset}", *values)
        field = content.ljust(width, b"\0")
        if len(content) > width:
            field = struct.pack(order + offset, behind + len(contents))
            contents += content
        entries += struct.pack(order + "HH" + offset, tag, kind, len(values)) + field
    file += head + entries + bytes(width) + contents
    return at, behind - width
