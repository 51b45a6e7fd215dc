"""Reads the properties of the picture that a HEIC or AVIF file shows (ISO/IEC 23008-12, 6.5), from anywhere in it.

This reads the heads of boxes, and the first bytes of properties: a profile among them can be large.
"""

import struct
from collections.abc import Iterator
from typing import IO

_MOST_BOXES = 5000
_MOST_ASSOCIATIONS = 1 << 20  # bytes
_VALUE = 64  # bytes of a property; those that thumbrun needs are shorter


def of_primary(source: IO[bytes]) -> list[tuple[bytes, bytes]]:
    """Return the name and the first bytes of each property of the primary item, in the order of their application.

    Args:
        source: The file; it is at the same place again when this returns.

    Raises:
        struct.error, IndexError: The boxes are broken.
    """
    place = source.tell()
    try:
        meta = _inside(source, 0, source.seek(0, 2), b"meta")
        if meta is None:
            return []
        start, end = meta[0] + 4, meta[1]
        primary, boxes = _inside(source, start, end, b"pitm"), _inside(source, start, end, b"iprp")
        if primary is None or boxes is None:
            return []
        head = _read(source, primary[0], 8)
        (item,) = struct.unpack_from(">I" if head[0] else ">H", head, 4)
        return list(_properties(source, *boxes, item))
    finally:
        source.seek(place)


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
