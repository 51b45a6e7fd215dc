"""Finds the dominant colour of a thumbnail.

The colours are counted in a histogram of 16 x 16 x 16 boxes, as sharp's `stats().dominant` does, and the most frequent
box wins (the popularity algorithm; Heckbert, Color image quantization for frame buffer display, SIGGRAPH 1982). The
colour is the average of the pixels in that box. Of boxes with equally many pixels, the one with the least red wins,
then the least green, then the least blue. Pixels that are more than half transparent do not count.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_HALF = 128
_BOXES = 1 << 12
_PIECE = 1 << 18  # pixels to look at together; of all others, 6 bytes each are held


def dominant_colour(picture: Image.Image) -> str:
    """Return the dominant colour as CSS writes it, such as `#3a6ea5`; empty if no pixel can be seen.

    Args:
        picture: The picture, in mode L, LA, RGB or RGBA, in sRGB.
    """
    rows = max(1, _PIECE // picture.width)
    tops = range(0, picture.height, rows)
    pieces = [_counted(picture.crop((0, top, picture.width, min(top + rows, picture.height)))) for top in tops]
    counts = sum(np.bincount(boxes, minlength=_BOXES) for _, boxes in pieces)
    most_frequent = np.argmax(counts)
    chosen = np.concatenate([pixels[boxes == most_frequent] for pixels, boxes in pieces])
    if not len(chosen):
        return ""
    sums = chosen.view(np.uint8).reshape(-1, 4).sum(axis=0, dtype=np.uint64)
    return "#" + "".join(f"{int(band / len(chosen) + 0.5):02x}" for band in sums[:3])


def _counted(piece: Image.Image) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the pixels that can be seen, each as one number whose lowest byte is red, and the box of each."""
    pixels = np.frombuffer(piece.convert("RGBA").tobytes(), "<u4")
    if piece.mode in ("LA", "RGBA"):
        pixels = pixels[pixels >> 24 >= _HALF]
    high = pixels & 0xF0F0F0
    return pixels, ((high << 4 | high >> 8 | high >> 20) & 0xFFF).astype(np.int16)
