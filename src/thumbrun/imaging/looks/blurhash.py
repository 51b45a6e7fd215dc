"""Makes BlurHashes: a picture as 28 characters, without its proportions and without transparency.

The algorithm is Wolt's (https://github.com/woltapp/blurhash, Algorithm.md, and the encoder in C). It keeps the lowest
frequencies of a discrete cosine transform of the picture in linear light.
"""

import math
from collections.abc import Iterable

import numpy as np
from PIL import Image

from thumbrun.imaging.looks.cosines import low_frequencies

_MORE, _FEWER = 4, 3  # components along the longer and along the shorter side
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_VALUES = np.arange(256) / 255
_LINEAR = np.where(_VALUES <= 0.04045, _VALUES / 12.92, ((_VALUES + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1
_LEVELS = 19  # of a component; 9 is none
_LARGEST, _STEPS = 82, 166  # the largest scale, in steps of 1 / 166


def blurhash(picture: Image.Image) -> str:
    """Return the BlurHash of a picture, with its transparent parts on white.

    Args:
        picture: The picture, in mode L, LA, RGB or RGBA, in sRGB.
    """
    if picture.mode in ("LA", "RGBA"):
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture.convert("RGBA"))
    across, down = (_FEWER, _MORE) if picture.height > picture.width else (_MORE, _FEWER)
    average, *others = low_frequencies(_LINEAR[np.asarray(picture.convert("RGB"))], across, down, 0.0).reshape(-1, 3)
    largest = min(_LARGEST, max(0, math.floor(2 * max(float(abs(one).max()) for one in others) * _STEPS - 0.5)))
    scale = (largest + 1) / _STEPS
    text = _digits(across - 1 + 9 * (down - 1), 1) + _digits(largest, 1)
    text += _digits(_number(map(_in_srgb, average), 256), 4)
    for one in others:
        text += _digits(_number((_quantised(2 * value / scale) for value in one), _LEVELS), 2)
    return text


def _in_srgb(linear: float) -> int:
    """Return a linear value in sRGB, from 0 to 255."""
    value = min(max(linear, 0.0), 1.0)
    return int((value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055) * 255 + 0.5)


def _quantised(value: float) -> int:
    """Return a value from -1 to 1 as one of the levels, which are closer to each other near 0."""
    return min(_LEVELS - 1, max(0, math.floor(math.copysign(abs(value) ** 0.5, value) * 9 + 9.5)))


def _number(values: Iterable[int], base: int) -> int:
    """Return the number whose digits are these values."""
    number = 0
    for value in values:
        number = number * base + value
    return number


def _digits(number: int, count: int) -> str:
    """Return a number in the digits of the hash, of which there are 83."""
    return "".join(_DIGITS[number // 83**place % 83] for place in reversed(range(count)))
