"""Reads what the colours of a PNG mean, from its chunks before the pixels (PNG, third edition, 4.3 and 11.3.2).

The standard's order is cICP, iCCP, sRGB, and last gAMA with cHRM. Pillow reads iCCP; it does not know cICP.
"""

import struct
import zlib
from typing import IO

from thumbrun.imaging.colour_numbers import SRGB_PRIMARIES, ColourSpace, Transfer, colour_space, known, spans_colours

_MOST_CHUNKS = 4096  # before the pixels; encoders write about ten
_LENGTHS = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}
_UNIT = 100_000  # of gAMA and cHRM
# Pictures of gamma 1/2.2 are meant for displays like sRGB. libpng takes a gamma for the same within 5 percent.
_LIKE_SRGB = (2.2 / 1.05, 2.2 * 1.05)
_EXPONENTS = (0.1, 10.0)  # a gamma beyond these says nothing about a real picture


def stated(source: IO[bytes], *, profiled: bool) -> ColourSpace | None:
    """Return the colour space that the chunks state; None if it is sRGB, or if the profile in iCCP is what counts.

    A chunk that is broken counts as missing.

    Args:
        source: The file; it is at the same place again when this returns.
        profiled: Whether the file has a profile.
    """
    at = source.tell()
    try:
        chunks = _chunks(source)
    finally:
        source.seek(at)
    if numbers := chunks.get(b"cICP"):
        primaries, transfer, matrix, full_range = numbers
        if matrix == 0 and full_range <= 1:  # no other values are allowed
            return colour_space(primaries, transfer, full_range=bool(full_range)) or ColourSpace()
    if profiled or b"sRGB" in chunks:
        return None
    return known(ColourSpace(_primaries(chunks.get(b"cHRM")), _transfer(chunks.get(b"gAMA"))))


def _chunks(source: IO[bytes]) -> dict[bytes, bytes]:
    """Return the chunks about colours that are whole; of several with the same name, the first."""
    found: dict[bytes, bytes] = {}
    source.seek(8)
    for _ in range(_MOST_CHUNKS):
        head = source.read(8)
        if len(head) < 8 or head[4:] in (b"IDAT", b"IEND"):
            break
        length, name = struct.unpack(">I4s", head)
        if _LENGTHS.get(name) != length:
            source.seek(length + 4, 1)
            continue
        content, checksum = source.read(length), source.read(4)
        if checksum == struct.pack(">I", zlib.crc32(name + content)):
            found.setdefault(name, content)
    return found


def _transfer(content: bytes | None) -> Transfer | float:
    """Return what gAMA says; it holds the exponent of the way from light to values."""
    (gamma,) = struct.unpack(">I", content) if content else (0,)
    exponent = _UNIT / gamma if gamma else 0.0
    if not _EXPONENTS[0] <= exponent <= _EXPONENTS[1] or _LIKE_SRGB[0] <= exponent <= _LIKE_SRGB[1]:
        return Transfer.SRGB
    return exponent


def _primaries(content: bytes | None) -> tuple[float, ...]:
    """Return what cHRM says; it holds x and y of white, red, green and blue."""
    if not content:
        return SRGB_PRIMARIES
    white_x, white_y, *rest = (value / _UNIT for value in struct.unpack(">8I", content))
    primaries = (*rest, white_x, white_y)
    return primaries if spans_colours(primaries) else SRGB_PRIMARIES
