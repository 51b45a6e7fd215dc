"""Reads the values of a TIFF's tags as numbers. Pure."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class UnreadTiffError(ValueError):
    """The TIFF is broken, or of a kind that thumbrun does not read. The message says which."""


class Tag(IntEnum):
    """The tags that thumbrun needs to tell what a picture's bytes mean (TIFF 6.0, appendix A)."""

    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_LENGTHS = 279
    PLANAR = 284
    SOFTWARE = 305
    PREDICTOR = 317
    COLORMAP = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_LENGTHS = 325
    INK_SET = 332
    INKS = 334
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    COEFFICIENTS = 529
    SUBSAMPLING = 530
    REFERENCE = 532


def numbers(tags: Mapping[int, Any], tag: Tag) -> tuple[int, ...]:
    """Return the values of a tag, none if the page does not have it.

    Raises:
        UnreadTiffError: They are not whole numbers.
    """
    value = tags.get(tag, ())
    values = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(one, int) and one >= 0 for one in values):
        raise UnreadTiffError(f"tag {int(tag)} holds no whole numbers")
    return values


def number(tags: Mapping[int, Any], tag: Tag, default: int = 0) -> int:
    """Return the one value of a tag, the default if the page does not have it.

    Raises:
        UnreadTiffError: It is not exactly one whole number.
    """
    values = numbers(tags, tag) or (default,)
    if len(values) != 1:
        raise UnreadTiffError(f"tag {int(tag)} holds {len(values)} values, not one")
    return values[0]


def rationals(tags: Mapping[int, Any], tag: Tag, default: tuple[float, ...]) -> tuple[float, ...]:
    """Return the values of a tag that holds fractions, the default if the page does not have it.

    Raises:
        UnreadTiffError: They are not as many finite numbers as the default has.
    """
    value = tags.get(tag, default)
    try:
        values = tuple(float(one) for one in (value if isinstance(value, tuple) else (value,)))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        values = ()
    if len(values) != len(default) or not all(abs(one) < 1 << 32 for one in values):
        raise UnreadTiffError(f"tag {int(tag)} does not hold {len(default)} fractions")
    return values
