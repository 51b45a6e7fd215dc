"""The low frequencies of a picture, by a discrete cosine transform."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def low_frequencies(channels: Values, across: int, down: int, shift: float) -> Values:
    """Return the lowest frequencies of each channel, by row and column; the first is the channel's average.

    Args:
        channels: The picture, with its rows, columns and channels as axes.
        across: The number of horizontal frequencies.
        down: The number of vertical frequencies.
        shift: Where in a pixel its cosines are taken: 0 at its beginning, 0.5 in its middle.
    """
    height, width, count = channels.shape
    # Not by matrix products: OpenBLAS takes 32 MiB of address space for the first, and has a result for each processor.
    columns = np.einsum("fy,yv->fv", _cosines(down, height, shift), channels.reshape(height, width * count))
    found: Values = np.einsum("fx,rxc->rfc", _cosines(across, width, shift), columns.reshape(down, width, count))
    found /= width * height
    return found


def rounded(value: float) -> int:
    """Return the nearest whole number, upwards from the middle, or from where rounding errors have left it."""
    return math.floor(value + 0.5 + 1e-9)


@lru_cache(maxsize=64)
def _cosines(count: int, length: int, shift: float) -> Values:
    cosines: Values = np.cos(np.pi / length * np.outer(np.arange(count), np.arange(length) + shift))
    return cosines
