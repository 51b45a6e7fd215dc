"""Finds the parts of a file that a mutant can shuffle, and the numbers that it can change."""

import itertools
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.faults.images import handmade

_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"iprp", b"ipco", b"dinf")
_FULL_CONTAINERS = {b"meta": 4, b"iinf": 6, b"iref": 4}  # bytes between their header and their first box
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a file.

    Attributes:
        what: The meaning of the number.
        at: The offset of the number, in bytes.
        width: The width of the number, in bytes.
        order: The byte order, `big` or `little`.
    """

    what: str
    at: int
    width: int
    order: Literal["big", "little"] = "big"


def parts(format_: str, content: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Return a healthy file's head, the parts that follow it, and the rest; joined, they are the file."""
    cuts = sorted({at for at in _CUTS.get(format_, _even_cuts)(content) if 0 <= at <= len(content)})
    if len(cuts) < 2:
        return content, [], b""
    pieces = [content[start:end] for start, end in itertools.pairwise(cuts)]
    return content[: cuts[0]], pieces, content[cuts[-1] :]


def numbers(format_: str, content: bytes) -> list[Number]:
    """Return the numbers of a healthy file's headers: sizes, lengths, counts and offsets."""
    return list(_NUMBERS[format_](content))


def mended(format_: str, content: bytes) -> bytes:
    """Return a file with its checksums, or its outermost length, corrected, so that the decoder reads on."""
    if format_ == "webp":
        return content[:4] + struct.pack("<I", max(0, len(content) - 8) & 0xFFFFFFFF) + content[8:]
    if format_ != "png":
        return content
    whole = bytearray(content)
    for at, length, name in _chunks(content):
        end = at + 8 + length
        if end + 4 <= len(whole):
            struct.pack_into(">I", whole, end, zlib.crc32(name + content[at + 8 : end]))
    return bytes(whole)


def _even_cuts(content: bytes) -> Iterator[int]:
    return iter(range(0, len(content), max(1, len(content) // 16)))


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield offset, marker and length of a JPEG's (or JPEG 2000 stream's) segments."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker, length = struct.unpack_from(">BH", content, at + 1)
        yield at, marker, length
        at += 2 + length
        if marker in (0xDA, 0x93):  # entropy-coded data follow, up to the next marker that is not part of them
            while at + 2 <= len(content) and not (
                content[at] == 0xFF and 0xC0 <= content[at + 1] <= 0xFE and not 0xD0 <= content[at + 1] <= 0xD7
            ):
                at += 1
            if content[at + 1 : at + 2] == b"\xd9":
                return


def _jpeg_cuts(content: bytes) -> Iterator[int]:
    return (at for at, _, _ in _segments(content))


def _jpeg_numbers(content: bytes) -> Iterator[Number]:
    for at, marker, length in _segments(content):
        yield Number(f"length of {marker:02x}", at + 2, 2)
        if marker in range(0xC0, 0xC4) and length >= 11:
            yield from (Number("height", at + 5, 2), Number("width", at + 7, 2))
            yield from (Number("depth", at + 4, 1), Number("components", at + 9, 1))
            yield from (Number("sampling", at + 11 + 3 * index, 1) for index in range((length - 8) // 3))
            yield from (Number("table", at + 12 + 3 * index, 1) for index in range((length - 8) // 3))
        elif marker == 0xC4:
            yield from (Number("codes", at + 4 + index, 1) for index in range(17))
        elif marker in (0xDB, 0xDA, 0xDD, 0xEE):
            yield from (Number(f"in {marker:02x}", at + 4 + index, 1) for index in range(min(12, length - 2)))
        elif marker == 0xE1:
            yield from (Number("in EXIF", at + 4 + index, 1) for index in range(6, min(60, length - 2)))
        elif marker == 0xE2:
            yield from (Number("in ICC", at + 4 + index, 1) for index in range(12, min(160, length - 2)))


def _chunks(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = len(handmade.PNG)
    while at + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        yield at, length, name
        at += 12 + length


def _png_cuts(content: bytes) -> Iterator[int]:
    return (at for at, _, _ in _chunks(content))


def _png_numbers(content: bytes) -> Iterator[Number]:
    yield from (Number("width", 16, 4), Number("height", 20, 4))
    yield from (
        Number(what, 24 + index, 1) for index, what in enumerate(("depth", "colour", "packing", "filter", "interlace"))
    )
    yield from (Number(f"length of {name.decode('latin-1')}", at, 4) for at, _, name in _chunks(content))


def _gif_blocks(content: bytes) -> Iterator[int]:
    """Yield the offsets of a GIF's blocks."""
    at = 13 + (3 * 2 ** (1 + (content[10] & 7)) if content[10] & 128 else 0)
    while at < len(content) and content[at] in b"!,":
        yield at
        if content[at] == 0x2C:
            packed = content[at + 9]
            at += 11 + (3 * 2 ** (1 + (packed & 7)) if packed & 128 else 0)
        else:
            at += 2
        while at < len(content) and content[at]:
            at += 1 + content[at]
        at += 1
    yield at


def _gif_numbers(content: bytes) -> Iterator[Number]:
    yield from (Number("screen width", 6, 2, "little"), Number("screen height", 8, 2, "little"))
    yield from (Number("screen flags", 10, 1), Number("background", 11, 1), Number("aspect", 12, 1))
    for at in _gif_blocks(content):
        if content[at : at + 1] == b",":
            fields = ("left", "top", "width", "height")
            yield from (Number(what, at + 1 + 2 * index, 2, "little") for index, what in enumerate(fields))
            yield from (Number("flags", at + 9, 1), Number("code size", at + 10, 1), Number("block", at + 11, 1))
        elif content[at : at + 1] == b"!":
            yield from (Number("label", at + 1, 1), Number("block", at + 2, 1))


def _riff_chunks(content: bytes) -> Iterator[int]:
    at = 12
    while at + 8 <= len(content):
        yield at
        (length,) = struct.unpack_from("<I", content, at + 4)
        at += 8 + length + (length & 1)
    yield at


def _webp_numbers(content: bytes) -> Iterator[Number]:
    yield Number("length of RIFF", 4, 4, "little")
    for at in _riff_chunks(content):
        name = content[at : at + 4].decode("latin-1")
        if at + 8 > len(content):
            return
        yield Number(f"length of {name}", at + 4, 4, "little")
        fields = {"VP8X": (0, 4, 7), "VP8L": (1, 2, 3), "VP8 ": (0, 6, 8), "ANMF": (0, 3, 6, 9, 12), "ANIM": (4,)}
        for field in fields.get(name, ()):
            yield Number(f"{name} {field}", at + 8 + field, 3 if name in ("VP8X", "ANMF") else 2, "little")


def _tiff_directory(content: bytes) -> tuple[str, int, int, int]:
    """Return the byte order, the offset of the first entry, the number of entries, and the bytes of each."""
    order = "<" if content[:2] == b"II" else ">"
    if struct.unpack_from(order + "H", content, 2)[0] == 43:
        (at,) = struct.unpack_from(order + "Q", content, 8)
        (count,) = struct.unpack_from(order + "Q", content, at)
        return order, at + 8, count, 20
    (at,) = struct.unpack_from(order + "I", content, 4)
    (count,) = struct.unpack_from(order + "H", content, at)
    return order, at + 2, count, 12


def _tiff_cuts(content: bytes) -> Iterator[int]:
    _, start, count, step = _tiff_directory(content)
    return iter(range(start, start + step * (count + 1), step))


def _tiff_numbers(content: bytes) -> Iterator[Number]:
    order, start, count, step = _tiff_directory(content)
    way: Literal["big", "little"] = "little" if order == "<" else "big"
    wide = step == 20
    yield Number("first directory", 8 if wide else 4, 8 if wide else 4, way)
    yield Number("entries", start - (8 if wide else 2), 8 if wide else 2, way)
    for at in range(start, start + step * count, step):
        tag, kind = struct.unpack_from(order + "HH", content, at)
        yield from (Number("tag", at, 2, way), Number(f"type of {tag}", at + 2, 2, way))
        yield Number(f"count of {tag}", at + 4, 8 if wide else 4, way)
        value = at + (12 if wide else 8)
        yield Number(f"value of {tag}", value, min(_BYTES.get(kind, 4), 8 if wide else 4), way)
    yield Number("next directory", start + step * count, 8 if wide else 4, way)


def _bmp_numbers(content: bytes) -> Iterator[Number]:
    fields = (("file", 2, 4), ("pixels at", 10, 4), ("header", 14, 4), ("width", 18, 4), ("height", 22, 4))
    more = (
        ("planes", 26, 2),
        ("bits", 28, 2),
        ("packing", 30, 4),
        ("image", 34, 4),
        ("colours", 46, 4),
        ("used", 50, 4),
    )
    return (Number(what, at, width, "little") for what, at, width in (*fields, *more))


def _boxes(content: bytes, start: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield offset, length and name of boxes, including boxes within boxes."""
    at = start
    while at + 8 <= end:
        length, name = struct.unpack_from(">I4s", content, at)
        if length < 8 or at + length > end:
            return
        yield at, length, name
        if name in _CONTAINERS:
            yield from _boxes(content, at + 8, at + length)
        elif name in _FULL_CONTAINERS:
            yield from _boxes(content, at + 8 + _FULL_CONTAINERS[name], at + length)
        at += length


def boxes(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield offset, length and name of all boxes of a file."""
    return _boxes(content, 0, len(content))


def _box_cuts(content: bytes) -> Iterator[int]:
    found = [(at, length) for at, length, _ in _boxes(content, 0, len(content))]
    return (at for at in {*(at for at, _ in found), *(at + length for at, length in found)})


def _box_numbers(content: bytes) -> Iterator[Number]:
    for at, length, name in _boxes(content, 0, len(content)):
        text = name.decode("latin-1")
        yield Number(f"length of {text}", at, 4)
        if name == b"ispe":
            yield from (Number("width", at + 12, 4), Number("height", at + 16, 4))
        elif name not in (*_CONTAINERS, b"mdat"):
            yield from (Number(f"in {text}", at + 8 + index, 1) for index in range(min(48, length - 8)))
            yield from (Number(f"in {text}", at + 8 + index, 2) for index in range(0, min(48, length - 9), 2))


def _jpeg2000_numbers(content: bytes) -> Iterator[Number]:
    start = max(0, content.find(b"\xff\x4f\xff\x51"))
    if start:
        for at, _, name in _boxes(content, 0, start):
            yield Number(f"length of {name.decode('latin-1')}", at, 4)
        inner = content.find(b"ihdr")
        yield from (Number("height of ihdr", inner + 4, 4), Number("width of ihdr", inner + 8, 4))
        yield Number("components of ihdr", inner + 12, 2)
    for field in range(8):
        yield Number(f"SIZ {field}", start + 8 + 4 * field, 4)
    yield Number("components", start + 40, 2)
    for at, marker, length in _segments(b"\0\0" + content[start + 2 :]):
        yield Number(f"length of {marker:02x}", start + at + 2, 2)
        yield from (Number(f"in {marker:02x}", start + at + 4 + index, 1) for index in range(min(14, length - 2)))


def _ico_numbers(content: bytes) -> Iterator[Number]:
    (count,) = struct.unpack_from("<H", content, 4)
    yield from (Number("type", 2, 2, "little"), Number("count", 4, 2, "little"))
    for index in range(count):
        at = 6 + 16 * index
        yield from (Number("side", at, 1), Number("side", at + 1, 1), Number("bits", at + 6, 2, "little"))
        yield from (Number("length", at + 8, 4, "little"), Number("offset", at + 12, 4, "little"))
        (offset,) = struct.unpack_from("<I", content, at + 12)
        if content[offset : offset + 8] == handmade.PNG:
            yield from (Number("width", offset + 16, 4), Number("height", offset + 20, 4))
        else:
            yield from (Number("width", offset + 4, 4, "little"), Number("height", offset + 8, 4, "little"))
            yield from (Number("bits", offset + 14, 2, "little"), Number("packing", offset + 16, 4, "little"))


_CUTS = {
    "jpeg": _jpeg_cuts,
    "png": _png_cuts,
    "gif": _gif_blocks,
    "webp": _riff_chunks,
    "tiff": _tiff_cuts,
    "avif": _box_cuts,
    "heic": _box_cuts,
}
_NUMBERS = {
    "jpeg": _jpeg_numbers,
    "png": _png_numbers,
    "gif": _gif_numbers,
    "webp": _webp_numbers,
    "tiff": _tiff_numbers,
    "avif": _box_numbers,
    "heic": _box_numbers,
    "jpeg2000": _jpeg2000_numbers,
    "bmp": _bmp_numbers,
    "ico": _ico_numbers,
}
