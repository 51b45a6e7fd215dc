"""Measures how close a thumbnail is to the right one."""

import math

import numpy as np
from PIL import Image

from thumbrun.imaging.geometry import fit

EQUAL = 99.0


def reference(truth: Image.Image, box: tuple[int, int] = (100, 100)) -> Image.Image:
    """Return the truth reduced in the plain way: by Lanczos over every pixel."""
    return truth.resize(fit(*truth.size, *box), Image.Resampling.LANCZOS)


def psnr(expected: Image.Image, actual: Image.Image) -> float:
    """Return the PSNR in dB, or `EQUAL` for equal pictures; with alpha, the worse value of black and white ground."""
    if expected.size != actual.size:
        raise AssertionError(f"{expected.size} expected, {actual.size} is")
    return min(_psnr(_on(expected, ground), _on(actual, ground)) for ground in ("black", "white"))


def _on(picture: Image.Image, ground: str) -> Image.Image:
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, ground), rgba).convert("RGB")


def _psnr(expected: Image.Image, actual: Image.Image) -> float:
    error = float(((np.asarray(expected, float) - np.asarray(actual, float)) ** 2).mean())
    return EQUAL if error == 0 else 10 * math.log10(255**2 / error)
