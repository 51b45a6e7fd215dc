"""Bombs in PNG: a deflate stream of zeros is a thousandth as long as the zeros."""

import struct
import zlib

from tests.faults.images.bombs.bomb import DONE, MEMORY, TOO_MANY, Bomb
from tests.faults.images.handmade import chunk, png, zeros

GREY, RGB, PALETTE, RGBA = 0, 2, 3, 6
_CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, RGBA: 4}


def black(width: int, height: int, colour: int = GREY, depth: int = 8) -> bytes:
    """Return a complete PNG whose pixels are all zero."""
    row = 1 + (width * depth * _CHANNELS[colour] + 7) // 8
    before = chunk(b"PLTE", bytes(3 * 2)) if colour == PALETTE else b""
    return png(width, height, before, chunk(b"IDAT", zeros(row * height)), colour=colour, depth=depth)


def _interlaced(side: int, colour: int) -> bytes:
    rows = (side * _CHANNELS[colour] + 1) * side * 2  # more than its passes hold
    return png(side, side, chunk(b"IDAT", zeros(rows)), colour=colour, interlaced=True)


def beside(*chunks: bytes) -> bytes:
    """Return a small PNG with chunks before its pixels."""
    return png(64, 64, *chunks, chunk(b"IDAT", zeros(65 * 64)))


def profile(size: int) -> bytes:
    """Return a colour profile of this many zeros."""
    return chunk(b"iCCP", b"profile\0\0" + zeros(size))


def _text(size: int) -> bytes:
    return chunk(b"zTXt", b"Comment\0\0" + zeros(size))


def _international(size: int) -> bytes:
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zeros(size))


def _frames(count: int) -> bytes:
    control = [chunk(b"fcTL", struct.pack(">IIIIIHHBB", 2 * n, 64, 64, 0, 0, 1, 9, 0, 0)) for n in range(count)]
    data = zlib.compress(bytes(65 * 64))
    frames = [
        control[n] + chunk(b"fdAT", struct.pack(">I", 2 * n + 1) + data) if n else control[0] + chunk(b"IDAT", data)
        for n in range(count)
    ]
    return png(64, 64, chunk(b"acTL", struct.pack(">II", count, 0)), *frames)


BOMBS = {
    "png of 50,000 x 50,000": Bomb(lambda: black(50_000, 50_000), TOO_MANY),
    "png of 50,000 x 50,000 in one bit": Bomb(lambda: black(50_000, 50_000, depth=1), TOO_MANY),
    "png of 10,000 x 10,000 in one bit": Bomb(lambda: black(10_000, 10_000, depth=1), DONE),
    "png of 10,000 x 10,000 in grey": Bomb(lambda: black(10_000, 10_000), DONE),
    "png of 10,000 x 10,000 in 16 bits": Bomb(lambda: black(10_000, 10_000, depth=16), DONE),
    "png of 10,000 x 10,000 in 16 bits and colour": Bomb(lambda: black(10_000, 10_000, RGBA, 16), MEMORY),
    "png of 1 x 2,147,483,647": Bomb(lambda: png(1, 2**31 - 1, chunk(b"IDAT", zeros(1 << 20))), TOO_MANY),
    "png of one row of 100 megapixels": Bomb(lambda: black(100_000_000, 1), MEMORY),
    "png of one row, grey": Bomb(lambda: black(40_000_000, 1), DONE),
    "png of one row, palette": Bomb(lambda: black(40_000_000, 1, PALETTE), DONE),
    "png of one row, alpha": Bomb(lambda: black(10_000_000, 1, RGBA), DONE),
    "png of one column of 100 megapixels": Bomb(lambda: black(1, 100_000_000), MEMORY),
    "png of one column, palette": Bomb(lambda: black(1, 20_000_000, PALETTE), DONE),
    "png interlaced, 50,000 x 50,000": Bomb(lambda: _interlaced(50_000, GREY), TOO_MANY),
    "png interlaced, 9,000 x 9,000": Bomb(lambda: _interlaced(9_000, RGB), MEMORY),
    "png interlaced, 7,000 x 7,000": Bomb(lambda: _interlaced(7_000, RGB), DONE),
    "png with a profile of 1 GB": Bomb(lambda: beside(profile(1 << 30)), DONE),
    "png with 30 profiles of 15 MB": Bomb(lambda: beside(*[profile(15 << 20)] * 30), DONE),
    "png with a text of 1 GB": Bomb(lambda: beside(_text(1 << 30)), DONE),
    "png with 100 texts of 15 MB": Bomb(lambda: beside(*[_text(15 << 20)] * 100), DONE),
    "png with XMP of 1 GB": Bomb(lambda: beside(_international(1 << 30)), DONE),
    "png with 10,000 frames": Bomb(lambda: _frames(10_000), DONE),
    "png with 1 GB after its pixels": Bomb(lambda: png(64, 64, chunk(b"IDAT", zeros(1 << 30))), DONE),
    "png of 200,000 empty chunks": Bomb(lambda: beside(*[chunk(b"teSt", b"")] * 200_000), DONE),
}
