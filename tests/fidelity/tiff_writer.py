"""Writes TIFF of any kind, so that the tests can make files that no library writes (TIFF 6.0; BigTIFF)."""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import imagecodecs
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]
Encode = Callable[[bytes], bytes | bytearray]

COMPRESS: dict[int, Encode] = {
    1: bytes,
    5: imagecodecs.lzw_encode,
    8: zlib.compress,
    32946: zlib.compress,
    32773: imagecodecs.packbits_encode,
    34925: imagecodecs.lzma_encode,
    50000: imagecodecs.zstd_encode,
}
_FORMATS = {"u": 1, "i": 2, "f": 3}


@dataclass(frozen=True)
class Kind:
    """How a TIFF stores samples.

    Attributes:
        photometric: What the samples mean.
        bits: Bits a sample.
        form: `u`, `i` or `f`: unsigned, signed or floating point.
        extra: The kinds of the extra samples.
        planar: Whether each sample has a plane of its own.
        compression: The number of the compression.
        predictor: 1 for none, 2 for differences, 3 for those of floating point.
        fill_order: 2 if the bits of each byte are reversed.
        order: The byte order, `<` or `>`.
        big: Whether it is a BigTIFF.
        tile: The width and height of the tiles, None for strips.
        rows: The rows of a strip, 0 for all.
        tags: Other tags, which replace those that follow from the above; None removes one. Whole numbers.
        fractions: Tags that hold fractions, in thousandths.
    """

    photometric: int
    bits: int = 8
    form: str = "u"
    extra: tuple[int, ...] = ()
    planar: bool = False
    compression: int = 1
    predictor: int = 1
    fill_order: int = 1
    order: Literal["<", ">"] = "<"
    big: bool = False
    tile: tuple[int, int] | None = None
    rows: int = 0
    tags: Mapping[int, tuple[int, ...] | None] = field(default_factory=dict)
    fractions: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


def written(samples: Samples, kind: Kind) -> bytes:
    """Return a TIFF of some samples: rows, columns, samples; whole numbers may have any type that holds them."""
    height, width, count = samples.shape
    tile_width, tile_height = kind.tile or (width, kind.rows or height)
    planes = [samples[..., at : at + 1] for at in range(count)] if kind.planar else [samples]
    pieces = []
    for plane in planes:
        for top in range(0, height, tile_height):
            for left in range(0, width, tile_width):
                piece = plane[top : top + tile_height, left : left + tile_width]
                if kind.tile:
                    missing = tile_height - piece.shape[0], tile_width - piece.shape[1]
                    piece = np.pad(piece, ((0, missing[0]), (0, missing[1]), (0, 0)))
                pieces.append(bytes(COMPRESS[kind.compression](_stored(piece, kind))))
    if kind.fill_order == 2:
        pieces = [bytes(imagecodecs.bitorder_encode(piece)) for piece in pieces]
    return joined(pieces, (width, height), count, kind)


def joined(pieces: list[bytes], size: tuple[int, int], count: int, kind: Kind) -> bytes:
    """Return a TIFF of some stored pieces, in the order that the standard gives them.

    Args:
        pieces: The strips or tiles.
        size: The width and height of the picture.
        count: The samples of a pixel.
        kind: How they are stored.
    """
    width, height = size
    code, unit = ("Q", 8) if kind.big else ("I", 4)
    head = kind.order + ("2sHHHQ" if kind.big else "2sHI")
    offsets, at = [], struct.calcsize(head)
    for piece in pieces:
        offsets.append(at)
        at += len(piece) + len(piece) % 2
    values: dict[int, tuple[int, ...] | None] = {
        256: (width,),
        257: (height,),
        258: (kind.bits,) * count,
        259: (kind.compression,),
        262: (kind.photometric,),
        266: (kind.fill_order,),
        277: (count,),
        284: (2 if kind.planar else 1,),
        317: (kind.predictor,),
        338: kind.extra or None,
        339: (_FORMATS[kind.form],) * count,
        322: (kind.tile[0],) if kind.tile else None,
        323: (kind.tile[1],) if kind.tile else None,
        278: None if kind.tile else (kind.rows or height,),
        324 if kind.tile else 273: tuple(offsets),
        325 if kind.tile else 279: tuple(map(len, pieces)),
        **kind.tags,
    }
    fields = [(tag, _type(tag, some, kind), some) for tag, some in values.items() if some is not None]
    fields += [(tag, 5, tuple(n for one in some for n in (one, 1000))) for tag, some in kind.fractions.items()]
    fields.sort()
    end = at + (8 if kind.big else 2) + len(fields) * (20 if kind.big else 12) + unit
    entries, lists = b"", b""
    for tag, type_, some in fields:
        data = struct.pack(
            f"{kind.order}{len(some)}{ {1: 'B', 3: 'H', 4: 'I', 5: 'I', 7: 'B', 16: 'Q'}[type_] }", *some
        )
        number = len(some) // 2 if type_ == 5 else len(some)
        place = data.ljust(unit, b"\0") if len(data) <= unit else struct.pack(kind.order + code, end + len(lists))
        lists += b"" if len(data) <= unit else data + bytes(len(data) % 2)
        entries += struct.pack(f"{kind.order}HH{code}", tag, type_, number) + place
    mark = b"II" if kind.order == "<" else b"MM"
    header = struct.pack(head, mark, 43, 8, 0, at) if kind.big else struct.pack(head, mark, 42, at)
    body = b"".join(piece + bytes(len(piece) % 2) for piece in pieces)
    number_of = struct.pack(kind.order + ("Q" if kind.big else "H"), len(fields))
    return header + body + number_of + entries + bytes(unit) + lists


def _stored(piece: Samples, kind: Kind) -> bytes:
    """Return the bytes of a piece before compression, with the predictor applied."""
    rows = piece.shape[0]
    size = kind.bits // 8
    if kind.predictor == 3:  # TIFF Technical Note 3
        planes = piece.astype(f">f{size}").view(np.uint8).reshape(rows, -1, size).transpose(0, 2, 1)
        flat = planes.reshape(rows, -1, piece.shape[2])
        return np.diff(flat, axis=1, prepend=np.zeros_like(flat[:, :1])).astype(np.uint8).tobytes()
    if kind.bits in (8, 16, 32, 64):
        values = piece.astype(f"{kind.form}{size}")
        if kind.predictor == 2:
            whole = values.view(f"u{size}")
            values = np.diff(whole, axis=1, prepend=np.zeros_like(whole[:, :1]))
        return values.astype(values.dtype.newbyteorder(kind.order)).tobytes()
    if kind.bits == 24:
        wide = piece.astype(kind.order + "u4").view(np.uint8).reshape(-1, 4)
        return np.ascontiguousarray(wide[:, :3] if kind.order == "<" else wide[:, 1:]).tobytes()
    numbers = piece.astype(np.uint32).reshape(rows, -1, 1)
    bits = (numbers >> np.arange(kind.bits - 1, -1, -1, dtype=np.uint32)) & 1
    return np.packbits(bits.astype(np.uint8).reshape(rows, -1), axis=1).tobytes()


def _type(tag: int, values: tuple[int, ...], kind: Kind) -> int:
    """Return the type of a field: bytes, short, long, undefined or, in a BigTIFF, long of 64 bits."""
    if tag in (700, 34675) and max(values) <= 0xFF:
        return 1 if tag == 700 else 7
    if kind.big and tag in (273, 279, 324, 325):
        return 16
    return 4 if max(values) > 0xFFFF or tag in (273, 324) else 3
