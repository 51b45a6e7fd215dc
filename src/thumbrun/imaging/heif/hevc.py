"""Reads the size of an HEVC picture from its sequence parameter set. It counts if a HEIC file itself states none."""

from thumbrun.imaging.bits import Bits

_SEQUENCE = 33  # the type of a unit that holds a sequence parameter set (ITU-T H.265, table 7-1)
_MOST_BYTES = 64  # of such a unit, up to the size


def size(configuration: bytes) -> tuple[int, int]:
    """Return the width and height in pixels of the decoded picture, before it is cropped.

    Args:
        configuration: The content of the hvcC property, or its first bytes (ISO/IEC 14496-15, 8.3.3.1).

    Raises:
        IndexError, EOFError: It has no sequence parameter set, or is cut short.
    """
    at = 23
    for _ in range(configuration[22]):
        kind, count = configuration[at] & 0x3F, int.from_bytes(configuration[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            start, length = at + 2, int.from_bytes(configuration[at : at + 2], "big")
            at = start + length
            if kind == _SEQUENCE:
                return _size(configuration[start : min(at, start + _MOST_BYTES)])
            if at > len(configuration):
                break
    raise IndexError("there is no sequence parameter set")


def _size(unit: bytes) -> tuple[int, int]:
    """Read a sequence parameter set up to the size (ITU-T H.265, 7.3.2.2)."""
    bits = Bits(unit[2:].replace(b"\0\0\3", b"\0\0"))  # that byte keeps start codes out of the data (7.4.2)
    bits.take(4)
    layers = bits.take(3)
    bits.take(1)
    bits.take(96)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.take_exponential()
    if bits.take_exponential() == 3:  # 4:4:4
        bits.take(1)
    return bits.take_exponential(), bits.take_exponential()
