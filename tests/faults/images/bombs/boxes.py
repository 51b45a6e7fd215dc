"""Bombs in AVIF and HEIC: a grid can show one small tile any number of times, and boxes can refer to boxes."""

import io
import struct
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pillow_heif
from PIL import Image

from tests.faults.images import anatomy
from tests.faults.images.bombs.bomb import DONE, MEMORY, TOO_MANY, UNREADABLE, Bomb
from tests.faults.images.handmade import box, full_box

SIDE = 64  # the side of a tile, in pixels
_CODED = {"avif": (b"av01", b"av1C", b"avif"), "heic": (b"hvc1", b"hvcC", b"heic")}
_GRID = 1  # the number of the item that is shown


@cache
def encoded(format_: str, side: int) -> bytes:
    """Return a whole file of one flat picture."""
    target = io.BytesIO()
    picture = Image.new("RGB", (side, side), "teal")
    if format_ == "avif":
        picture.save(target, "AVIF", speed=10)
    else:
        pillow_heif.from_pillow(picture).save(target, quality=10, chroma=420)
    return target.getvalue()


def _body(whole: bytes, name: bytes) -> bytes:
    """Return the content of the first box of that name."""
    at, length = next((at, length) for at, length, found in anatomy.boxes(whole) if found == name)
    return whole[at + 8 : at + length]


def file(
    format_: str,
    items: Sequence[tuple[bytes, bytes | None]],
    references: Sequence[tuple[int, Sequence[int]]],
    size: tuple[int, int],
    *,
    side: int = SIDE,
) -> bytes:
    """Return a file of items, the first of which is shown.

    Args:
        format_: `avif` or `heic`.
        items: The type and content of each item, from number 1; all items without content show the same tile.
        references: The number of a derived item, and the numbers of the items that it is derived from.
        size: The size that the first item declares, in pixels.
        side: The side of the tile, in pixels.
    """
    _, configuration, brand = _CODED[format_]
    whole = encoded(format_, side)
    tile = _body(whole, b"mdat")
    payloads = b"".join(content or b"" for _, content in items)
    infos = [full_box(b"infe", 2, struct.pack(">HH", n, 0), kind, b"\0") for n, (kind, _) in enumerate(items, 1)]
    links = [
        box(b"dimg", struct.pack(f">HH{len(others)}H", number, len(others), *others)) for number, others in references
    ]
    properties = [
        full_box(b"ispe", 0, struct.pack(">II", *size)),
        full_box(b"ispe", 0, struct.pack(">II", side, side)),
        box(configuration, _body(whole, configuration)),
        full_box(b"pixi", 0, b"\3\x08\x08\x08"),
    ]
    owned = [b"\2\1\4" if content is not None else b"\3\2\x83\4" for _, content in items]
    owners = b"".join(struct.pack(">H", number) + owns for number, owns in enumerate(owned, 1))

    def meta(tile_at: int) -> bytes:
        places, at = b"", 0
        for number, (_, content) in enumerate(items, 1):
            method, start, length = (0, tile_at, len(tile)) if content is None else (1, at, len(content))
            places += struct.pack(">HHHHII", number, method, 0, 1, start, length)
            at += len(content or b"")
        return full_box(
            b"meta",
            0,
            full_box(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", 0, struct.pack(">H", _GRID)),
            full_box(b"iloc", 1, b"\x44\0", struct.pack(">H", len(items)), places),
            full_box(b"iinf", 0, struct.pack(">H", len(items)), *infos),
            full_box(b"iref", 0, *links),
            box(b"iprp", box(b"ipco", *properties), full_box(b"ipma", 0, struct.pack(">I", len(items)), owners)),
            box(b"idat", payloads),
        )

    head = box(b"ftyp", brand, bytes(4), brand + b"mif1miaf")
    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", tile)


def _layout(rows: int, columns: int, width: int, height: int) -> bytes:
    """Return the content of a grid item (ISO/IEC 23008-12, 6.6.2.3)."""
    return struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)


def grid(format_: str, across: int, side: int = SIDE, size: int | None = None) -> bytes:
    """Return a square grid that repeats one tile.

    Args:
        format_: `avif` or `heic`.
        across: The number of tiles in a row, and of rows.
        side: The side of the tile, in pixels.
        size: The side that the grid declares, in pixels; None declares the side that its tiles fill.
    """
    size = size or across * side
    count = across * across
    items = [(b"grid", _layout(across, across, size, size)), *[(_CODED[format_][0], None)] * count]
    return file(format_, items, [(_GRID, range(2, 2 + count))], (size, size), side=side)


def _itself(format_: str) -> bytes:
    items = [(b"grid", _layout(1, 1, SIDE, SIDE))]
    return file(format_, items, [(_GRID, [_GRID])], (SIDE, SIDE))


def _nested(format_: str, depth: int) -> bytes:
    """Return grids of four grids each, the last of four tiles: 4 to the power of the depth tiles."""
    items = [(b"grid", _layout(2, 2, SIDE << depth, SIDE << depth)) for _ in range(depth)]
    links = [(number, [number + 1] * 4) for number in range(1, depth + 1)]
    return file(format_, [*items, (_CODED[format_][0], None)], links, (SIDE << depth, SIDE << depth))


def _chain(format_: str, length: int) -> bytes:
    """Return a chain of pictures; each is the next one, unchanged."""
    items = [(b"iden", b"") for _ in range(length)]
    links = [(number, [number + 1]) for number in range(1, length + 1)]
    return file(format_, [*items, (_CODED[format_][0], None)], links, (SIDE, SIDE))


def _overlay(format_: str, size: int, count: int) -> bytes:
    """Return a canvas on which one tile lies many times."""
    content = struct.pack(">BBHHHHII", 0, 1, 0, 0, 0, 0, size, size) + bytes(8 * count)
    items = [(b"iovl", content), *[(_CODED[format_][0], None)] * count]
    return file(format_, items, [(_GRID, range(2, 2 + count))], (size, size))


def _lying(format_: str, side: int, declared: int) -> bytes:
    """Return a file whose boxes declare another size than its picture has."""
    whole = encoded(format_, side)
    at = whole.index(b"ispe") + 8
    return whole[:at] + struct.pack(">II", declared, declared) + whole[at + 8 :]


def _with(format_: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture = Image.new("RGB", (SIDE, SIDE))
    if format_ == "avif":
        picture.save(target, "AVIF", speed=10, **options)
    else:
        pillow_heif.from_pillow(picture).save(target, **options)
    return target.getvalue()


def _of(format_: str, make: Callable[..., bytes], *arguments: Any, **options: Any) -> Callable[[], bytes]:
    return lambda: make(format_, *arguments, **options)


_EXIF = b"Exif\0\0II*\0\x08\0\0\0" + bytes(50 << 20)
BOMBS = {
    f"{format_} {what}": Bomb(_of(format_, make, *arguments), expected if isinstance(expected, str) else expected[way])
    for way, format_ in enumerate(_CODED)
    for what, make, arguments, expected in (
        ("grid of 15,872 x 15,872", grid, (31, 512), TOO_MANY),
        ("grid of 7,936 x 7,936", grid, (31, 256), MEMORY),
        ("grid of 3,200 x 3,200", grid, (25, 128), DONE),
        ("grid of 900 tiles that declares 64 x 64", grid, (30, 64, 64), (UNREADABLE, DONE)),
        ("grid of 10,000 tiles", grid, (100, 64), (MEMORY, UNREADABLE)),
        ("grid of one tile that declares 4,000 x 4,000", grid, (1, 64, 4_000), UNREADABLE),
        ("grid that shows itself", _itself, (), UNREADABLE),
        ("grids of grids, 4^16 tiles", _nested, (16,), UNREADABLE),
        ("grids of grids, 4^5 tiles", _nested, (5,), UNREADABLE),
        ("chain of 10,000", _chain, (10_000,), UNREADABLE),
        ("chain of 500", _chain, (500,), (UNREADABLE, DONE)),
        ("overlay of 4,000,000,000 x 4,000,000,000", _overlay, (4_000_000_000, 1), UNREADABLE),
        ("overlay of 4,000 tiles", _overlay, (64, 4_000), UNREADABLE),
        ("overlay of 900 tiles", _overlay, (64, 900), (UNREADABLE, DONE)),
        ("of 2,048 x 2,048 that declares 16 x 16", _lying, (2_048, 16), (DONE, UNREADABLE)),
        ("of 64 x 64 that declares 60,000 x 60,000", _lying, (64, 60_000), (UNREADABLE, TOO_MANY)),
        ("of 64 x 64 that declares 2,000 x 2,000", _lying, (64, 2_000), (DONE, UNREADABLE)),
    )
}
BOMBS |= {
    "avif with 50 MB of EXIF": Bomb(lambda: _with("avif", exif=_EXIF), MEMORY),
    "heic with 50 MB of EXIF": Bomb(lambda: _with("heic", exif=_EXIF), DONE),
    "avif with 50 MB of profile": Bomb(lambda: _with("avif", icc_profile=bytes(50 << 20)), MEMORY),
}
