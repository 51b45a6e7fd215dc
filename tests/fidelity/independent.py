"""Decodes a picture by libraries that thumbrun does not use, so that they can judge what thumbrun makes of it."""

import io
from typing import Any

import numpy as np
import pyvips
import tifffile
from numpy.typing import NDArray
from PIL import Image

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_MOST = 1_000_000  # samples; a mutated header can tell any number


def by_libvips(body: bytes) -> Image.Image:
    """Return the picture as libvips shows it: the first page, upright, in sRGB of 8 bits, RGB or RGBA.

    Raises:
        pyvips.Error: libvips refuses the picture.
    """
    picture = pyvips.Image.new_from_buffer(body, "").autorot()
    if picture.get_typeof("icc-profile-data") or picture.interpretation == "cmyk":
        picture = picture.icc_transform("srgb", embedded=True)
    shown = picture.colourspace("srgb").cast("uchar")
    return Image.open(io.BytesIO(shown.write_to_buffer(".png"))).convert("RGBA" if shown.hasalpha() else "RGB")


def samples_by_libvips(body: bytes) -> NDArray[Any]:
    """Return the samples of a TIFF as libvips reads them, in the shape rows, columns, samples.

    Raises:
        pyvips.Error: libvips refuses the picture.
    """
    return np.atleast_3d(pyvips.Image.new_from_buffer(body, "").numpy())


def samples_by_tifffile(body: bytes) -> tuple[NDArray[Any], bool]:
    """Return the samples of a TIFF as tifffile reads them, in the shape rows, columns, samples; and if white is zero.

    Raises:
        ValueError: The picture is not upright, not grey or RGB without more, or large; or tifffile refuses it.
    """
    try:
        with tifffile.TiffFile(io.BytesIO(body)) as file:
            page = file.pages.first
            kind = int(page.photometric), int(page.samplesperpixel)
            known = kind in ((_WHITE_IS_ZERO, 1), (_BLACK_IS_ZERO, 1), (_RGB, 3))
            known = known and page.size <= _MOST and page.tags.valueof("Orientation", 1) == 1
            samples = page.asarray() if known else None
            planes = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE
    except Exception as error:  # a mutant can make it raise anything
        raise ValueError(str(error)) from error
    if samples is None:
        raise ValueError("the picture is not one of those that can be judged by their samples")
    whole = np.moveaxis(samples, 0, -1) if planes and samples.ndim == 3 else samples
    return np.atleast_3d(whole), kind[0] == _WHITE_IS_ZERO


def drawn(samples: NDArray[Any], *, white_is_zero: bool) -> Image.Image:
    """Return a picture of samples that may have no range of their own, by the rule that thumbrun documents.

    Colours of floating point are 0 to 1. Unsigned samples have their full range if some have the highest bit, or if
    there are three, or 16 bits at most. Else white is the first of 1 (floats only), 255 and 65535 that no sample is
    beyond, or the largest sample; and black is 0, or the smallest sample if that is below.

    Raises:
        ValueError: No sample is a number.
    """
    form, bits = samples.dtype.kind, samples.dtype.itemsize * 8
    values = samples.astype(np.float64)
    if not np.isfinite(values).any():
        raise ValueError("no sample is a number")
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    black = min(0.0, low)
    if samples.shape[2] == 3 or (form == "u" and (bits <= 16 or high >= 1 << (bits - 1))):
        black, white = 0.0, 1.0 if form == "f" else float((1 << bits) - 1)
    elif low < 0:
        white = high
    else:
        white = float(next((full for full in (1, 255, 65535) if high <= full and (full > 1 or form == "f")), high))
    unit = (np.nan_to_num(values, nan=black) - black) / (white - black or 1)
    shown = ((1 - unit if white_is_zero else unit) * 255).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(shown if shown.shape[2] == 3 else shown[..., 0]).convert("RGB")
