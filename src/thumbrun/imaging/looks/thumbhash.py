"""Makes ThumbHashes: a picture in 17 to 25 bytes, with its proportions and its transparency.

The algorithm is Evan Wallace's (https://github.com/evanw/thumbhash). It keeps the lowest frequencies of a discrete
cosine transform of luminance, of yellow against blue, of red against green, and of alpha, with 4 bits each.
"""

import numpy as np
from PIL import Image

from thumbrun.imaging.looks.cosines import Values, low_frequencies, rounded

MOST_SIDE = 100  # pixels, each way; the algorithm takes no larger picture
_OF_LIGHT, _OF_LIGHT_WITH_ALPHA, _OF_COLOUR, _OF_ALPHA = 7, 5, 3, 5  # frequencies along the longer side
_NOTHING = 1e-9  # what rounding errors leave of frequencies that are not there


def thumbhash(picture: Image.Image) -> bytes:
    """Return the ThumbHash of a picture.

    Args:
        picture: The picture, in mode L, LA, RGB or RGBA, in sRGB, with sides of at most `MOST_SIDE` pixels.
    """
    width, height = picture.size
    channels = _channels(picture)
    transparent: bool = channels.shape[2] == 4
    most = _OF_LIGHT_WITH_ALPHA if transparent else _OF_LIGHT
    across, down = (max(1, rounded(most * side / max(width, height))) for side in (width, height))
    found = low_frequencies(channels, most, most, 0.5)
    red, green, blue = found[:, :, 0], found[:, :, 1], found[:, :, 2]
    light = _Packed((red + green + blue) / 3, max(3, across), max(3, down))
    yellow = _Packed((red + green) / 2 - blue, _OF_COLOUR, _OF_COLOUR)
    rose = _Packed(red - green, _OF_COLOUR, _OF_COLOUR)

    wide = width > height
    first = (
        rounded(63 * light.average)
        | rounded(31.5 + 31.5 * yellow.average) << 6
        | rounded(31.5 + 31.5 * rose.average) << 12
        | rounded(31 * light.scale) << 18
        | transparent << 23
    )
    second = (down if wide else across) | rounded(63 * yellow.scale) << 3 | rounded(63 * rose.scale) << 9 | wide << 15
    header = first.to_bytes(3, "little") + second.to_bytes(2, "little")
    halves = light.halves + yellow.halves + rose.halves
    if transparent:
        alpha = _Packed(found[:, :, 3], _OF_ALPHA, _OF_ALPHA)
        header += bytes((rounded(15 * alpha.average) | rounded(15 * alpha.scale) << 4,))
        halves += alpha.halves
    halves += [0] * (len(halves) % 2)
    return header + bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2], strict=True))


def _channels(picture: Image.Image) -> Values:
    """Return red, green, blue and, if some pixel is transparent, alpha; each from 0 to 1.

    What is transparent gets the average colour of what can be seen.
    """
    if picture.mode in ("L", "RGB"):
        return np.asarray(picture.convert("RGB")) / 255.0
    pixels = np.asarray(picture.convert("RGBA")) / 255.0
    colours, alpha = pixels[:, :, :3], pixels[:, :, 3:]
    if alpha.min() == 1:
        return np.ascontiguousarray(colours)
    visible = colours * alpha
    average = visible.sum(axis=(0, 1)) / (alpha.sum() or 1)
    return np.dstack((average * (1 - alpha) + visible, alpha))


class _Packed:
    """The frequencies of a channel, as the hash holds them.

    Attributes:
        average: The average of the channel.
        scale: The largest of the other frequencies.
        halves: The others in units of the scale, from 0 to 15, so that 7 and 8 are next to nothing.
    """

    def __init__(self, found: Values, across: int, down: int) -> None:
        """Choose frequencies: the higher a vertical one is, the fewer horizontal ones go with it."""
        others = [
            float(found[row, column])
            for row in range(down)
            for column in range(across)
            if column * down < across * (down - row) and (row or column)
        ]
        self.average = float(found[0, 0])
        self.scale = max(map(abs, others))
        if self.scale < _NOTHING:
            self.scale, others = 0.0, [0.0] * len(others)
        self.halves = [rounded(15 * (0.5 + 0.5 * other / (self.scale or 1))) for other in others]
