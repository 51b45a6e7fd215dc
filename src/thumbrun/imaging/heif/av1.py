"""Reads which colours an AV1 stream states in its sequence header. They count if an AVIF file itself states none."""

from thumbrun.imaging.bits import Bits

_SEQUENCE_HEADER = 1
_MOST_UNITS = 16
_LONGEST = 512  # bytes of a sequence header to read


def colour_numbers(data: bytes) -> tuple[int, int] | None:
    """Return colour primaries and transfer characteristics by ITU-T H.273, None if the stream states none.

    Args:
        data: The first bytes of the stream (AV1 specification, 5.3 to 5.5: units, of which one is the header).
    """
    at = 0
    try:
        for _ in range(_MOST_UNITS):
            head = data[at]
            at += 2 if head & 4 else 1
            if not head & 2:  # a unit without its size reaches to the end
                size = len(data) - at
            else:
                size, at = _size(data, at)
            if head >> 3 & 15 == _SEQUENCE_HEADER:
                return _of_header(Bits(data[at : at + min(size, _LONGEST)]))
            at += size
    except (IndexError, EOFError):
        pass
    return None


def _size(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, the lowest first, and where it ends (4.10.5)."""
    size = 0
    for place in range(8):
        size |= (data[at + place] & 0x7F) << 7 * place
        if data[at + place] < 0x80:
            break
    return size, at + place + 1


def _of_header(bits: Bits) -> tuple[int, int] | None:
    """Read the header up to its colours (5.5.1)."""
    profile = bits.take(3)
    bits.take(1)
    reduced = bits.take(1)
    if reduced:
        bits.take(5)
    else:
        _skip_operating_points(bits)
    width, height = bits.take(4) + 1, bits.take(4) + 1
    bits.take(width)
    bits.take(height)
    if not reduced and bits.take(1):  # numbers of frames
        bits.take(7)
    bits.take(3)
    if not reduced:
        _skip_tools(bits)
    bits.take(3)
    return _of_colours(bits, profile)


def _skip_operating_points(bits: Bits) -> None:
    """Pass over timing, decoder models and operating points (5.5.1, 5.5.3, 5.5.4)."""
    delay = 0
    if bits.take(1):
        bits.take(64)
        if bits.take(1):
            zeros = 0
            while not bits.take(1):
                zeros += 1
            bits.take(zeros)
        if bits.take(1):
            delay = bits.take(5) + 1
            bits.take(42)
    displayed = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay and bits.take(1):
            bits.take(2 * delay + 1)
        if displayed and bits.take(1):
            bits.take(4)


def _skip_tools(bits: Bits) -> None:
    """Pass over the tools of moving pictures (5.5.1)."""
    bits.take(4)
    ordered = bits.take(1)
    if ordered:
        bits.take(2)
    forced = 2 if bits.take(1) else bits.take(1)
    if forced and not bits.take(1):
        bits.take(1)
    if ordered:
        bits.take(3)


def _of_colours(bits: Bits, profile: int) -> tuple[int, int] | None:
    """Read the description of colours (5.5.2)."""
    deep = bits.take(1)
    if profile == 2 and deep:
        bits.take(1)
    if profile != 1:
        bits.take(1)
    return (bits.take(8), bits.take(8)) if bits.take(1) else None
