"""Objects that are made to cost a task much: many parts, parts that overlap, numbers that promise far more.

Nothing in them is a picture. Each is large enough that a task looks at its first bytes before the rest.
"""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.images.handmade import PNG, box, full_box, segment

_LEAST, _MOST = 270_000, 1_500_000  # bytes of an object
_SIDES = (1, 8, 100, 1_600, 4_000, 10_000, 65_500)


@dataclass(frozen=True, slots=True)
class Structure:
    """An object of the campaign.

    Attributes:
        number: The number in the campaign, from 0.
        format: The name of the format, as in `formats`; items of this structure claim it.
        content: The bytes of the object.
    """

    number: int
    format: str
    content: bytes


def structure(seed: int, number: int) -> Structure:
    """Return one structure; the same seed and number give the same bytes."""
    chance = random.Random(f"structure-{seed}-{number}")  # noqa: S311
    name = chance.choice(("jpeg", "tiff", *_FORMATS))  # whose files are made, and not only cut off
    size = chance.randrange(_LEAST, _MOST)
    return Structure(number, name, _FORMATS[name](chance, size)[: 4 * _MOST].ljust(size, b"\0"))


def _jpeg(chance: random.Random, size: int) -> bytes:
    """Return a JPEG with many components, scans, tables or segments; most are plausible to a reader that trusts."""
    sound = chance.random() < 0.4
    plausible = sound or chance.random() < 0.5
    count = chance.choice((1, 3, 4) if sound else (1, 3, 4, 5, 20, 60, 255))
    sides = (1_600, 3_000) if sound else _SIDES[3:] if plausible else _SIDES
    width, height = chance.choice(sides), chance.choice(sides)
    means = chance.choice((1, 2, 3, 6, 10) if sound else (0, 1, 5, 6, 10, 200))
    tables = [segment(0xDB, bytes([table, 6 if table else means]) + bytes([9]) * 63) for table in (0, 1)]
    sampling = chance.choice((0x11, 0x21) if sound else (0x11, 0x22, 0x44, 0))
    layers = b"".join(bytes([name, 0x11 if name else sampling, name == count - 1]) for name in range(count))
    marker = 0xC2 if plausible else chance.choice((0xC0, 0xC2))
    frame = segment(marker, struct.pack(">BHHB", 8, height, width, count) + layers)
    filling = segment(chance.choice((0xE1, 0xFE)), b"") * chance.choice((0,) * 9 + (3, 1_500, 3_000))
    blocks = -(-width // 8) * -(-height // 8)
    many = chance.choice((1, 2, 3, 10, 60, 70, 300))
    scans = b"".join(_scan(chance, count, blocks, size // 4 // many) for _ in range(many))
    if plausible:
        scans = _means(chance, count, min(blocks, size), means) + scans
    return b"\xff\xd8" + filling + b"".join(tables) + frame + scans + chance.choice((b"\xff\xd9", b""))


def _means(chance: random.Random, count: int, blocks: int, quantiser: int) -> bytes:
    """Return the first scans of the means: many bits lack, and there is about a bit for each block, or nearly none."""
    low = max(low for low in range(16) if quantiser * ((1 << low) - 1) <= 10)
    scans = [(range(count - 1), low)] if chance.random() < 0.5 else [(range(n, n + 1), low) for n in range(count - 1)]
    shorter = chance.choice((4, 6, 7, 8, 9, 8_000))
    return b"".join(
        segment(0xDA, bytes([len(names)]) + bytes(b for name in names for b in (name, 0)) + bytes([0, 0, bits]))
        + bytes((len(names) + 3) * blocks // shorter)
        for names, bits in (*scans, (range(count - 1, count), 1))
        if names
    )


def _scan(chance: random.Random, count: int, blocks: int, most: int) -> bytes:
    """Return a scan of any coefficients of any components, and what can lie before it."""
    first, last = chance.choice(((0, 0), (0, 0), (1, 5), (1, 63), (5, 3)))
    low = chance.choice((0, 0, 1, 1, 2, 3, 13, 15))
    high = chance.choice((0, 0, 0, low + 1)) & 15
    names = chance.sample(range(count), k=1 if first else chance.choice((1, count, max(1, count - 1))))
    head = bytes([len(names)]) + bytes(b for name in names for b in (name, 0)) + bytes([first, last, high << 4 | low])
    length = min(chance.choice((0, 8, blocks // 8, len(names) * blocks // 8 + 1, blocks)), most)
    between = segment(chance.choice((0xC4, 0xDD, 0xFE)), b"\0\0") * chance.choice((0, 0, 1, 4, 60, 70))
    data = (chance.choice((b"\0\0", b"\xff\0")) * length)[:length]
    return between + chance.choice((b"", b"\xff" * 40)) + segment(0xDA, head) + data


def _tiff(chance: random.Random, size: int) -> bytes:
    """Return a TIFF of many directories, tags or pieces, which can share their places; most are plausible."""
    order, big, plausible = chance.choice("<>"), chance.random() < 0.3, chance.random() < 0.7
    offset, width = ("Q", 8) if big else ("I", 4)
    content = bytearray(size)
    numbers = (43, 8, 0, 16) if big else (42, 16)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + ("HHHQ" if big else "HI"), *numbers)
    content[: len(head)] = head
    spread = size // chance.choice((1, 4, 40))
    places = [16, *(chance.randrange(32, spread) for _ in range(0 if plausible else chance.choice((0, 2, 60))))]
    shared = chance.randrange(20_000, 20_000 + size // 12)
    longest = chance.choice((64, size // 300, size // 20, size // 8, *(() if plausible else (size,))))
    if plausible:  # positions of pieces that do not continue each other; their bytes can be lengths too
        kind = chance.choice("HI")
        most = min(65_536, (size - shared) // struct.calcsize("=" + kind))
        struct.pack_into(f"{order}{most}{kind}", content, shared, *(number * 7 % 60_000 for number in range(most)))
    for at in places:
        fields = _fields(chance, places, shared, longest, width)
        packed = b"".join(struct.pack(order + "HH" + offset * 2, *field) for field in sorted(fields))
        count = struct.pack(order + ("Q" if big else "H"), len(fields))
        whole = count + packed + struct.pack(order + offset, chance.choice((0, at, *places)))
        content[at : at + len(whole)] = whole
    return bytes(content[:size])


def _fields(
    chance: random.Random, places: list[int], shared: int, longest: int, width: int
) -> list[tuple[int, int, int, int]]:
    """Return the fields of a directory: tag, type, count, and value or place."""
    side = chance.choice(_SIDES)
    data, lengths = chance.choice(((273, 279), (324, 325)))
    fields = [(254, 4, 1, chance.randrange(2)), (256, 4, 1, side), (257, 4, 1, side), (259, 3, 1, 1), (262, 3, 1, 1)]
    pieces = chance.choice((1, 1, 1, 10, 5_000, 30_000, 65_536, 70_000))
    if pieces == 1:
        fields += [(data, 4, 1, shared), (lengths, 4, 1, longest)]
    else:  # the positions are numbers or zeros, and the lengths are small, zeros, or the positions themselves
        lie = chance.choice((shared, shared, places[0]))
        fields += [(data, chance.choice((3, 4)), pieces, shared), (lengths, chance.choice((1, 3, 4)), pieces, lie)]
    if chance.random() < 0.2:
        fields.append((330, 4, chance.choice((1, 24, 10_000)), chance.choice(places)))
    for tag in range(chance.choice((0, 1, 2, 5, 40, 240, 300, 990))):
        value = shared if chance.random() < 0.9 else chance.choice(places)
        fields.append((40_000 + tag, chance.choice((1, 7)), max(width + 1, longest), value))
    return fields


def _gif(chance: random.Random, size: int) -> bytes:
    """Return a GIF of many blocks before, in or after its first picture."""
    head = b"GIF89a" + struct.pack("<HHBBB", 90, 90, chance.choice((0, 0x87)), 0, 0) + bytes(3 << 8)
    comments = b"!\xfe" + (b"\1x" * chance.choice((1, 1, 1, 100, 100, 100, 100, 100, 100, 70_000))) + b"\0"
    data = chance.choice((b"\1x", b"\xff" + bytes(255))) * chance.choice((1, 10, 50, 100, 200, 300, 400, 600, 100_000))
    picture = b"," + struct.pack("<HHHHB", 0, 0, 90, 90, chance.choice((0, 0x87))) + b"\2" + data + b"\0"
    parts = [comments, picture, b"!\xf9\4\0\0\0\0\0", b"!\xfe\0" * chance.choice((1, 10, 100, 1_000, 70_000))]
    return (head[: 13 + (3 << 8) * (head[10] >> 7)] + b"".join(chance.choices(parts, k=chance.randint(1, 6))))[:size]


def _boxes(chance: random.Random, _: int) -> bytes:
    """Return the boxes of an AVIF or HEIC: nested, thousands side by side, or with extents that overlap."""
    brand = chance.choice((b"avif", b"heic"))
    count = chance.choice((1, 10, 200, 1_000, 2_000, 6_000))
    each = bytes([chance.choice((0, 1, 255))])
    named = struct.pack(">I", chance.choice((1, 10, 0xFFFFFFFF))) + b"\0\1" + each
    associations = b"".join(full_box(b"ipma", 0, named) for _ in range(count))
    properties = box(b"ipco", box(b"ispe", bytes(4) + struct.pack(">II", 90, 60)) + box(b"free") * count)
    extents = struct.pack(">HHII", 1, count & 0xFFFF, 0, 0xFFFFFF) * min(count, 3_000)
    inner = [
        full_box(b"pitm", 0, b"\0\1"),
        box(b"iprp", *chance.choices((properties, associations), k=chance.randint(1, 3))),
        full_box(b"iloc", 0, b"\x44\0" + struct.pack(">H", count & 0xFFFF) + extents),
        box(b"free") * count,
    ]
    chance.shuffle(inner)
    meta = full_box(b"meta", 0, *inner)
    for _ in range(chance.choice((0, 0, 0, 100))):
        meta = box(b"meta", bytes(4), meta)
    return box(b"ftyp", brand + bytes(4) + b"mif1") + meta


def _header(chance: random.Random, _: int) -> bytes:
    """Return the signature of another format and noise."""
    signature = chance.choice(
        (PNG, b"BM", b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPVP8L", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")
    )
    return signature + chance.randbytes(chance.choice((10, 100))) + b"\xff\x4f\xff\x51" * chance.choice((0, 60_000))


_FORMATS: dict[str, Callable[[random.Random, int], bytes]] = {
    "jpeg": _jpeg,
    "tiff": _tiff,
    "gif": _gif,
    "heic": _boxes,
    "png": _header,
}
