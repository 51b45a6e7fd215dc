"""Bombs in WebP: in a lossless picture whose codes have one symbol each, a pixel takes no bit at all."""

import struct

from tests.faults.images.bombs.bomb import DONE, MEMORY, TOO_MANY, Bomb
from tests.faults.images.handmade import riff


def flat(width: int, height: int) -> bytes:
    """Return the VP8L stream of a picture in one colour (RFC 9649, section 3), 12 bytes for any size."""
    bits = [(width - 1, 14), (height - 1, 14), (0, 1), (0, 3)]  # no alpha, version
    bits += [(0, 1), (0, 1), (0, 1)]  # no transform, no colour cache, no meta codes
    bits += 5 * [(1, 1), (0, 1), (0, 1), (0, 1)]  # a simple code of one symbol, which is 0 and takes one bit to declare
    value = shift = 0
    for number, width_ in bits:
        value |= number << shift
        shift += width_
    return b"\x2f" + value.to_bytes(-(-shift // 8) + 4, "little")


def _still(width: int, height: int) -> bytes:
    return riff([(b"VP8L", flat(width, height))])


def _canvas(width: int, height: int, *chunks: tuple[bytes, bytes], flags: int = 0) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff([(b"VP8X", bytes([flags, 0, 0, 0]) + size), *chunks])


def _animated(side: int, frames: int, inner: int) -> bytes:
    picture = flat(inner, inner)
    data = b"VP8L" + struct.pack("<I", len(picture)) + picture + b"\0" * (len(picture) & 1)
    size = 2 * (inner - 1).to_bytes(3, "little")
    one = (b"ANMF", bytes(6) + size + (100).to_bytes(3, "little") + b"\0" + data)
    return _canvas(side, side, (b"ANIM", bytes(6)), *[one] * frames, flags=2)


def _lossy(width: int, height: int) -> bytes:
    return riff([(b"VP8 ", b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(200))])


BOMBS = {
    "webp lossless, 16,383 x 16,383": Bomb(lambda: _still(16_383, 16_383), TOO_MANY),
    "webp lossless, 10,000 x 10,000": Bomb(lambda: _still(10_000, 10_000), MEMORY),
    "webp lossless, 3,500 x 3,500": Bomb(lambda: _still(3_500, 3_500), DONE),
    "webp lossy, 16,383 x 16,383": Bomb(lambda: _lossy(16_383, 16_383), TOO_MANY),
    "webp with a canvas of 16,777,216 x 16,777,216": Bomb(
        lambda: _canvas(1 << 24, 1 << 24, (b"VP8L", flat(8, 8))), TOO_MANY
    ),
    "webp of 10,000 frames": Bomb(lambda: _animated(64, 10_000, 64), DONE),
    "webp of 10,000 frames on 16,000 x 16,000": Bomb(lambda: _animated(16_000, 10_000, 16_000), TOO_MANY),
    "webp of 1,000 frames on 3,000 x 3,000": Bomb(lambda: _animated(3_000, 1_000, 3_000), DONE),
    "webp with 50 MB of EXIF": Bomb(
        lambda: _canvas(64, 64, (b"VP8L", flat(64, 64)), (b"EXIF", bytes(50 << 20)), flags=8), DONE
    ),
    "webp with 50 MB of profile": Bomb(
        lambda: _canvas(64, 64, (b"ICCP", bytes(50 << 20)), (b"VP8L", flat(64, 64)), flags=32), DONE
    ),
}
