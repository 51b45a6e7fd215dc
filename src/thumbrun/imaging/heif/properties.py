"""Reads the properties of the picture that a HEIC or AVIF file shows (ISO/IEC 23008-12, 6.5), from anywhere in it.

It also reads the first bytes of the coded picture, or of its first tile. Of all else, this reads the heads of boxes,
and the first bytes of properties: a profile among them can be large.
"""

import struct
from collections.abc import Iterator
from typing import IO

from thumbrun.imaging import headers

_MOST_BOXES = 5000
_MOST_ASSOCIATIONS = 1 << 20  # bytes
_VALUE = 512  # bytes of a property; those that thumbrun needs are shorter


def of_primary(source: IO[bytes], *, derived: bool = False) -> list[tuple[bytes, bytes]]:
    """Return the name and the first bytes of each property of the primary item, in the order of their application.

    Args:
        source: The file; it is at the same place again when this returns.
        derived: Whether to go to the first item that the primary one is derived from, if there is one.

    Raises:
        struct.error, IndexError: The boxes are broken.
    """
    place = source.tell()
    try:
        start, end = _meta(source)
        boxes = _inside(source, start, end, b"iprp")
        item = _primary(source, start, end)
        item = _first_origin(source, start, end, item) if derived else item
        return list(_properties(source, *boxes, item)) if boxes else []
    finally:
        source.seek(place)


def colour_numbers(source: IO[bytes]) -> tuple[int, int] | None:
    """Return the primary item's primaries and transfer by number (nclx, ITU-T H.273), None if it has none.

    Args:
        source: The file; it is at the same place again when this returns.
    """
    try:
        values = [value for name, value in of_primary(source) if name == b"colr" and value[:4] == b"nclx"]
        return headers.unpacked(">HH", values[0], 4) if values else None
    except (struct.error, IndexError):
        return None


def kind_of_primary(source: IO[bytes]) -> bytes:
    """Return the type of the primary item, such as `hvc1` or `grid` (ISO/IEC 14496-12, 8.11.6).

    Args:
        source: The file; it is at the same place again when this returns.

    Raises:
        struct.error, IndexError: The boxes are broken.
    """
    place = source.tell()
    try:
        start, end = _meta(source)
        item = _primary(source, start, end)
        infos = _inside(source, start, end, b"iinf")
        if infos is None:
            raise IndexError("there are no items")
        entries = infos[0] + (6 if _read(source, infos[0], 1) == b"\0" else 8)
        for _, begin, _ in _boxes(source, entries, infos[1]):
            head = _read(source, begin, 14)
            layout = ">4xI2x4s" if head[0] == 3 else ">4xH2x4s"
            number, kind = struct.unpack_from(layout, head)
            if number == item:
                return bytes(kind)
        raise IndexError("the primary item is not described")
    finally:
        source.seek(place)


def first_bytes(source: IO[bytes], count: int, *, derived: bool = True) -> bytes:
    """Return the first bytes of the primary item, or of the first item that it is derived from, such as a tile.

    Args:
        source: The file; it is at the same place again when this returns.
        count: How many bytes to return at most.
        derived: Whether to go to the item that it is derived from.

    Raises:
        struct.error, IndexError: The boxes are broken.
    """
    place = source.tell()
    try:
        start, end = _meta(source)
        item = _primary(source, start, end)
        item = _first_origin(source, start, end, item) if derived else item
        locations = _inside(source, start, end, b"iloc")
        if locations is None:
            return b""
        content = _read(source, locations[0], min(locations[1] - locations[0], _MOST_ASSOCIATIONS))
        inside, at, length = _location(content, item)
        if inside:
            data = _inside(source, start, end, b"idat")
            at += data[0] if data else 0
        return _read(source, at, min(length, count) if length else count)
    finally:
        source.seek(place)


def _meta(source: IO[bytes]) -> tuple[int, int]:
    """Return where the boxes in the file's meta box begin and end."""
    meta = _inside(source, 0, source.seek(0, 2), b"meta")
    if meta is None:
        raise IndexError("there is no meta box")
    return meta[0] + 4, meta[1]


def _primary(source: IO[bytes], start: int, end: int) -> int:
    """Return the number of the primary item."""
    primary = _inside(source, start, end, b"pitm")
    head = _read(source, primary[0], 8) if primary else b""
    number: int = struct.unpack_from(">I" if head[0] else ">H", head, 4)[0]
    return number


def _first_origin(source: IO[bytes], start: int, end: int, item: int) -> int:
    """Return the first item that an item is derived from; itself if there is none (ISO/IEC 14496-12, 8.11.12)."""
    references = _inside(source, start, end, b"iref")
    if references is None:
        return item
    layout = ">HHH" if _read(source, references[0], 1) == b"\0" else ">IHI"
    for name, begin, until in _boxes(source, references[0] + 4, references[1]):
        if name == b"dimg" and until - begin >= struct.calcsize(layout):
            derived, _, first = struct.unpack(layout, _read(source, begin, struct.calcsize(layout)))
            if derived == item:
                return int(first)
    return item


def _location(content: bytes, item: int) -> tuple[bool, int, int]:
    """Return whether an item's first bytes are in the idat box, where, and how many (ISO/IEC 14496-12, 8.11.3)."""
    version, at = content[0], 6
    offset_size, length_size = content[4] >> 4, content[4] & 15
    base_size, index_size = content[5] >> 4, content[5] & 15 if version else 0

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(content):
            raise IndexError("the locations are cut short")
        return int.from_bytes(content[at - size : at], "big")

    wide = 4 if version == 2 else 2
    for _ in range(min(number(wide), _MOST_BOXES)):
        found, method = number(wide), number(2) & 15 if version else 0
        number(2)
        base, first = number(base_size), None
        for _ in range(number(2)):
            number(index_size)
            offset, length = number(offset_size), number(length_size)
            first = first or (method == 1, base + offset, length)
        if found == item and first:
            return first
    raise IndexError("an item has no location")


def _properties(source: IO[bytes], start: int, end: int, item: int) -> Iterator[tuple[bytes, bytes]]:
    container = _inside(source, start, end, b"ipco")
    properties = list(_boxes(source, *container)) if container else []
    for name, begin, until in _boxes(source, start, end):
        if name != b"ipma":
            continue
        for index in associated(_read(source, begin, min(until - begin, _MOST_ASSOCIATIONS)), item):
            if 0 < index <= len(properties):
                kind, at, stop = properties[index - 1]
                yield kind, _read(source, at, min(stop - at, _VALUE))


def associated(content: bytes, item: int) -> Iterator[int]:
    """Yield the numbers of an item's properties, which count from 1, by the content of an ipma box."""
    wide, large = content[0] > 0, content[3] & 1
    (count,) = struct.unpack_from(">I", content, 4)
    at = 8
    for _ in range(min(count, _MOST_BOXES)):
        (number,) = struct.unpack_from(">I" if wide else ">H", content, at)
        at += 4 if wide else 2
        begin = at + 1
        at = begin + content[at] * (1 + large)
        if number == item:
            for place in range(begin, min(at, len(content)), 1 + large):
                yield int.from_bytes(content[place : place + 1 + large], "big") & (0x7FFF if large else 0x7F)


def _inside(source: IO[bytes], start: int, end: int, wanted: bytes) -> tuple[int, int] | None:
    """Return where the content of the first box of a name begins and ends."""
    return next(((begin, until) for name, begin, until in _boxes(source, start, end) if name == wanted), None)


def _boxes(source: IO[bytes], start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, begin and end of the content of each box between two places."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        head = _read(source, start, 16)
        length, name = struct.unpack_from(">I4s", head)
        begin = start + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", head, 8)
            begin += 8
        elif length == 0:  # up to the end
            length = end - start
        if length < begin - start or start + length > end:
            return
        yield name, begin, start + length
        start += length


def _read(source: IO[bytes], at: int, length: int) -> bytes:
    source.seek(at)
    return source.read(length)
