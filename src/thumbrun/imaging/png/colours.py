"""Tells what the colours of a PNG mean, from its chunks before the pixels (PNG, third edition, 4.3 and 11.3.2).

The standard's order is cICP, iCCP, sRGB, and last gAMA with cHRM. `chunks` reads them. Pure.
"""

from collections.abc import Mapping
from typing import Any

from thumbrun.imaging.colours.numbers import SRGB_PRIMARIES, ColourSpace, Transfer, colour_space, known, spans_colours

# Pictures of gamma 1/2.2 are meant for displays like sRGB. libpng takes a gamma for the same within 5 percent.
_LIKE_SRGB = (2.2 / 1.05, 2.2 * 1.05)
_EXPONENTS = (0.1, 10.0)  # a gamma beyond these says nothing about a real picture


def stated(info: Mapping[Any, Any], *, profiled: bool) -> ColourSpace | None:
    """Return the colour space that the chunks state; None if it is sRGB, or if the profile in iCCP is what counts.

    Args:
        info: What `chunks` has read: `cicp`, `srgb`, `gamma` and `chromaticity`, if they are there and whole.
        profiled: Whether the file has a profile.
    """
    if numbers := info.get("cicp"):
        primaries, transfer, matrix, full_range = numbers
        if matrix == 0 and full_range <= 1:  # no other values are allowed
            return colour_space(primaries, transfer, full_range=bool(full_range)) or ColourSpace()
    if profiled or "srgb" in info:
        return None
    return known(ColourSpace(_primaries(info.get("chromaticity")), _transfer(info.get("gamma"))))


def _transfer(gamma: float | None) -> Transfer | float:
    """Return what gAMA says; it holds the exponent of the way from light to values."""
    exponent = 1 / gamma if gamma else 0.0
    if not _EXPONENTS[0] <= exponent <= _EXPONENTS[1] or _LIKE_SRGB[0] <= exponent <= _LIKE_SRGB[1]:
        return Transfer.SRGB
    return exponent


def _primaries(chromaticity: tuple[float, ...] | None) -> tuple[float, ...]:
    """Return what cHRM says; it holds x and y of white, red, green and blue."""
    if not chromaticity:
        return SRGB_PRIMARIES
    white_x, white_y, *rest = chromaticity
    primaries = (*rest, white_x, white_y)
    return primaries if spans_colours(primaries) else SRGB_PRIMARIES
