"""Bombs in GIF: four bytes declare a screen of any size."""

import io
import struct

from PIL import Image

from tests.faults.images.bombs.bomb import DONE, MEMORY, TOO_MANY, Bomb

_PALETTE = bytes(6)  # two colours
_TRAILER = b";"


def head(width: int, height: int) -> bytes:
    """Return the signature and the screen of a GIF."""
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + _PALETTE


def frame(width: int, height: int, left: int = 0, top: int = 0, codes: bytes = b"\x44\1") -> bytes:
    """Return a frame; by default its codes are for one pixel."""
    blocks = b"".join(bytes([len(codes[at : at + 255])]) + codes[at : at + 255] for at in range(0, len(codes), 255))
    return b"," + struct.pack("<HHHHBB", left, top, width, height, 0, 2) + blocks + b"\0"


def comments(count: int, length: int = 250) -> bytes:
    """Return comments that a reader might join."""
    return (b"!\xfe" + bytes([length]) + b"c" * length + b"\0") * count


def _flat(width: int, height: int) -> bytes:
    target = io.BytesIO()
    Image.new("P", (width, height)).save(target, "GIF")
    return target.getvalue()


def _frames(side: int, count: int) -> bytes:
    """Return one whole frame and many that change one pixel."""
    return _flat(side, side)[:-1] + frame(1, 1) * (count - 1) + _TRAILER


BOMBS = {
    "gif of 10,000 frames": Bomb(lambda: _frames(64, 10_000), DONE),
    "gif of 10,000 frames on 8,000 x 8,000": Bomb(lambda: _frames(8_000, 10_000), DONE),
    "gif of 10,000 frames of one pixel": Bomb(lambda: head(1, 1) + frame(1, 1) * 10_000 + _TRAILER, DONE),
    "gif of 65,535 x 65,535": Bomb(lambda: head(65_535, 65_535) + frame(1, 1) + _TRAILER, TOO_MANY),
    "gif of 10,000 x 10,000 with a frame of one pixel": Bomb(
        lambda: head(10_000, 10_000) + frame(1, 1, 9_999, 9_999) + _TRAILER, MEMORY
    ),
    "gif of 10,000 x 10,000": Bomb(lambda: _flat(10_000, 10_000), DONE),
    "gif with a frame larger than its screen": Bomb(lambda: head(1, 1) + frame(65_535, 65_535) + _TRAILER, TOO_MANY),
    "gif with a frame far beyond its screen": Bomb(
        lambda: head(1, 1) + frame(1, 1, 65_000, 65_000) + _TRAILER, TOO_MANY
    ),
    "gif with 100,000 comments": Bomb(lambda: head(1, 1) + comments(100_000) + frame(1, 1) + _TRAILER, DONE),
}
