"""Makes stand-ins for the last bits of a progressive JPEG's means, if thumbrun does not read their scans. Pure.

A mean that lacks its last bit is too small, on average by half of that bit's value. With a quantiser of 16, that makes
a picture darker by a level, and changes its colours by as much. A scan that refines means is one plain bit for each
block, and uses no table (ITU-T T.81, G.1.2.1.2). So thumbrun can make one, which sets the bit of every other block.
That is right on average, and averaging blocks removes the pattern. The thumbnail comes much nearer to one with all
scans.
"""

import struct

from thumbrun.imaging.partial.jpeg_scans import Frame, units_of
from thumbrun.imaging.partial.part import Piece, Repeated

_NO_RESTARTS = b"\xff\xdd\x00\x04\x00\x00"  # a DRI segment: the scans after it have no restart markers
_SOS = b"\xff\xda"


def stand_ins(frame: Frame, lacking: dict[int, int]) -> list[Piece]:
    """Return the pieces of scans with stand-ins for the last bits of means.

    Args:
        frame: The frame that the scans belong to.
        lacking: How many bits each component lacks.
    """
    pieces: list[Piece] = []
    for bit in range(max(lacking.values(), default=0), 0, -1):
        names = tuple(name for name in frame.components if lacking.get(name, 0) >= bit)
        head = bytes((len(names), *(byte for name in names for byte in (name, 0)), 0, 0, bit << 4 | bit - 1))
        pieces += (_SOS + struct.pack(">H", 2 + len(head)) + head, _every_other(*units_of(frame, names)))
    return [_NO_RESTARTS, *pieces] if pieces else []


def _every_other(units: int, blocks: int) -> Repeated:
    """Return one bit for each block; bits alternate within a unit, and for each of its blocks from unit to unit."""
    one = "".join("01"[index % 4 in (1, 2)] for index in range(blocks))
    other = one.translate({ord("0"): "1", ord("1"): "0"})
    eight_units = int(4 * (one + other), 2).to_bytes(blocks, "big")
    return Repeated(eight_units, -(-units * blocks // 8))
