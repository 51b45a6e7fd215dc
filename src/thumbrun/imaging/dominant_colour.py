"""Finds the dominant colour of a thumbnail.

The colours are counted in a histogram of 16 x 16 x 16 boxes, as sharp's `stats().dominant` does, and the most frequent
box wins (the popularity algorithm; Heckbert, Color image quantization for frame buffer display, SIGGRAPH 1982). The
colour is the average of the pixels in that box. Of boxes with equally many pixels, the one with the least red wins,
then the least green, then the least blue. Pixels that are more than half transparent do not count.
"""

import numpy as np
from PIL import Image

_HALF = 128


def dominant_colour(picture: Image.Image) -> str:
    """Return the dominant colour as CSS writes it, such as `#3a6ea5`; empty if no pixel can be seen.

    Args:
        picture: The picture, in mode L, LA, RGB or RGBA, in sRGB.
    """
    pixels = np.frombuffer(picture.convert("RGBA").tobytes(), "<u4")  # red is the lowest byte
    if picture.mode in ("LA", "RGBA"):
        pixels = pixels[pixels >> 24 >= _HALF]
    if not len(pixels):
        return ""
    high = pixels & 0xF0F0F0
    boxes = (high << 4 | high >> 8 | high >> 20) & 0xFFF
    chosen = pixels[boxes == np.bincount(boxes.view("<i4")).argmax()]
    sums = chosen.view(np.uint8).reshape(-1, 4).sum(axis=0, dtype=np.uint64)
    return "#" + "".join(f"{int(band / len(chosen) + 0.5):02x}" for band in sums[:3])
