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
    pixels = np.asarray(picture.convert("RGBA")).reshape(-1, 4)
    if picture.mode in ("LA", "RGBA"):
        pixels = pixels[pixels[:, 3] >= _HALF]
    if not len(pixels):
        return ""
    packed = np.ascontiguousarray(pixels).view("<u4")[:, 0]  # red is the lowest byte
    boxes = (packed & 0xF0) << 4 | packed >> 8 & 0xF0 | packed >> 20 & 0xF
    most_frequent = np.bincount(boxes).argmax()
    chosen = packed[boxes == most_frequent]
    return "#" + "".join(f"{int((chosen >> shift & 0xFF).mean() + 0.5):02x}" for shift in (0, 8, 16))
