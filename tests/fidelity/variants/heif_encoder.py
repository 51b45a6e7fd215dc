"""Takes HEIC and AVIF files of one picture apart, and makes files of any items and properties of the parts."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

Property = tuple[bytes, bytes]  # a box's name and content
Reference = tuple[bytes, int, tuple[int, ...]]  # its kind, from which item, to which items


@dataclass(frozen=True)
class Coded:
    """A coded picture: its data, and the properties that a decoder needs (hvcC or av1C, pixi, ispe, colr, …)."""

    data: bytes
    properties: dict[bytes, bytes]


@dataclass(frozen=True)
class Item:
    """An item of a file, with its properties in their order."""

    kind: bytes
    data: bytes
    properties: list[Property] = field(default_factory=list)


def coded(body: bytes) -> Coded:
    """Return the primary picture of a file that Pillow or pillow_heif made of one picture without alpha."""
    meta = dict(_boxes(body))[b"meta"][4:]
    inner = dict(_boxes(meta))
    (primary,) = struct.unpack(">H", inner[b"pitm"][4:6])
    within = dict(_boxes(inner[b"iprp"]))
    properties = list(_boxes(within[b"ipco"]))
    return Coded(
        _data(body, inner[b"iloc"], primary), dict(properties[at - 1] for at in _associated(within[b"ipma"], primary))
    )


def heif(brand: bytes, items: list[Item], references: tuple[Reference, ...] = (), primary: int = 1) -> bytes:
    """Return a file of items, which are numbered from 1, by ISO/IEC 14496-12 and 23008-12.

    Args:
        brand: `heic` or `avif`.
        items: The items.
        references: The references between them.
        primary: The number of the item to show.
    """
    shared: list[Property] = []
    for item in items:
        shared += [one for one in item.properties if one not in shared]
    associations = b""
    for number, item in enumerate(items, 1):
        numbers = [shared.index(one) + 1 | (0x80 if one[0] in _ESSENTIAL else 0) for one in item.properties]
        associations += struct.pack(">HB", number, len(numbers)) + bytes(numbers)
    infos = b"".join(
        _full(b"infe", struct.pack(">HH4sB", number, 0, item.kind, 0), version=2)
        for number, item in enumerate(items, 1)
    )
    head = _box(b"ftyp", brand + b"\0\0\0\0" + brand + b"mif1miaf")
    refs = b"".join(_box(kind, struct.pack(f">HH{len(to)}H", source, len(to), *to)) for kind, source, to in references)

    def meta(start: int) -> bytes:
        places, at = b"", start
        for number, item in enumerate(items, 1):
            places += struct.pack(">HHHII", number, 0, 1, at, len(item.data))
            at += len(item.data)
        return _full(
            b"meta",
            _full(b"hdlr", b"\0\0\0\0pict" + bytes(13))
            + _full(b"pitm", struct.pack(">H", primary))
            + _full(b"iloc", struct.pack(">BBH", 0x44, 0, len(items)) + places)
            + _full(b"iinf", struct.pack(">H", len(items)) + infos)
            + (_full(b"iref", refs) if refs else b"")
            + _box(
                b"iprp",
                _box(b"ipco", b"".join(_box(*one) for one in shared))
                + _full(b"ipma", struct.pack(">I", len(items)) + associations),
            ),
        )

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + _box(b"mdat", b"".join(item.data for item in items))


def ispe(width: int, height: int) -> Property:
    """Return the property of a picture's size."""
    return b"ispe", bytes(4) + struct.pack(">II", width, height)


def nclx(primaries: int, transfer: int, matrix: int, *, full_range: bool = True) -> Property:
    """Return the property of colours by number."""
    return b"colr", b"nclx" + struct.pack(">3HB", primaries, transfer, matrix, full_range << 7)


def clap(box: tuple[int, int, int, int], size: tuple[int, int]) -> Property:
    """Return the property that crops a picture of a size to a box: left, upper, right, lower."""
    width, height = box[2] - box[0], box[3] - box[1]
    right, down = box[0] + box[2] - size[0], box[1] + box[3] - size[1]
    return b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, right, 2, down, 2)


def irot(quarters: int) -> Property:
    """Return the property that turns a picture by quarters, against the clock."""
    return b"irot", bytes([quarters])


def imir(axis: int) -> Property:
    """Return the property that mirrors a picture: top to bottom for 0, left to right for 1."""
    return b"imir", bytes([axis])


def grid(columns: int, rows: int, width: int, height: int) -> bytes:
    """Return the data of an item that puts tiles together (ISO/IEC 23008-12, 6.6.2.3)."""
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


_ESSENTIAL = (b"hvcC", b"av1C", b"clap", b"irot", b"imir")


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def _full(name: bytes, content: bytes, version: int = 0) -> bytes:
    return _box(name, bytes([version, 0, 0, 0]) + content)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + length]
        at += length


def _associated(content: bytes, item: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">I", content, 4)
    at = 8
    for _ in range(count):
        number, length = struct.unpack_from(">HB", content, at)
        if number == item:
            yield from (value & 0x7F for value in content[at + 3 : at + 3 + length])
        at += 3 + length


def _data(body: bytes, content: bytes, item: int) -> bytes:
    """Return the data of an item, by an iloc box of version 0 or 1."""
    version, sizes, base = content[0], content[4], content[5] >> 4
    offset_size, length_size, index_size = sizes >> 4, sizes & 15, content[5] & 15 if version else 0
    (count,) = struct.unpack_from(">H", content, 6)
    at = 8

    def number(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(content[at - size : at], "big")

    for _ in range(count):
        found, method, _, start = number(2), number(2) if version else 0, number(2), number(base)
        pieces = []
        for _ in range(number(2)):
            number(index_size)
            offset, length = number(offset_size), number(length_size)
            pieces.append(body[start + offset : start + offset + length])
        if found == item:
            assert method == 0
            return b"".join(pieces)
    raise AssertionError(f"there is no item {item}")
