"""Turns rows of a TIFF's stored bytes into samples, and samples into pixels of 8 bits. Pure, with numpy.

Arrays of samples have the shape rows, columns, samples. "Unit" values are 0 for none and 1 for full, as float.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from thumbrun.imaging.colours import modes
from thumbrun.imaging.tiff.layout import CIELAB, CMYK, ICCLAB, PALETTE, RGB, WHITE_IS_ZERO, YCBCR, Layout
from thumbrun.imaging.tiff.tags import UnreadTiffError

Bytes = NDArray[np.uint8]
Samples = NDArray[Any]

_REVERSED = np.packbits(np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little"), axis=1)[:, 0]
_EXACT = 24  # bits that a float of 32 bits keeps
_ICC_LAB_WHITE = 0xFF00  # L* of 100 in 16 bits (TIFF Technical Notes for PageMaker 6, ICC.1:2001, A.4)
_OVERSHOOT = 0.1  # by which sharpening and resampling take colours beyond 0 and 1
_CHROMA = np.array([1, 127 / 255, 127 / 255], np.float32)  # the codes of full luma, and of full colour differences


def bits_turned(rows: Bytes) -> Bytes:
    """Return bytes with their bits in reverse (TIFF 6.0, FillOrder 2)."""
    return np.take(_REVERSED, rows)


def unpacked(rows: Bytes, layout: Layout, samples: int) -> Samples:
    """Return the samples of some rows, with the predictor undone and in this machine's byte order.

    Args:
        rows: The stored bytes, one row of a piece in each row.
        layout: The layout of the file.
        samples: How many samples a pixel has here: 1 in a plane, else all.
    """
    count, columns = len(rows), layout.piece[0]
    shape = count, columns, samples
    size = layout.bits // 8
    if layout.predictor == 3:
        # TIFF Technical Note 3: differences of bytes; of each row first all highest bytes, last all lowest.
        bytes_ = np.cumsum(rows.reshape(count, -1, samples), axis=1, dtype=np.uint8)
        planes = bytes_.reshape(count, size, columns * samples).transpose(0, 2, 1)
        return np.ascontiguousarray(planes).view(f">f{size}").reshape(shape).astype(f"f{size}")
    if layout.bits == 24:
        byte = rows.reshape(*shape, 3).astype(np.uint32)
        high, low = (byte[..., 0], byte[..., 2]) if layout.order == ">" else (byte[..., 2], byte[..., 0])
        return high << 16 | byte[..., 1] << 8 | low
    if layout.bits in (8, 16, 32, 64):
        values = np.ascontiguousarray(rows).view(f"{layout.order}{layout.form}{size}").reshape(shape)
        if layout.predictor == 2:
            whole = values.astype(values.dtype.newbyteorder("="), copy=False).view(f"u{size}")
            return np.cumsum(whole, axis=1, dtype=whole.dtype).view(f"{layout.form}{size}")
        return values.astype(values.dtype.newbyteorder("="), copy=False)
    return _odd_bits(rows, layout.bits, columns * samples).reshape(shape)


def _odd_bits(rows: Bytes, bits: int, count: int) -> NDArray[np.uint16]:
    """Return numbers of 1 to 15 bits, which follow each other with the highest bit first, up to each row's end."""
    single = np.unpackbits(rows, axis=1, count=count * bits).reshape(len(rows), count, bits)
    values = np.zeros((len(rows), count), np.uint16)
    for at in range(bits):
        values <<= 1
        values |= single[:, :, at]
    return values


def chroma_joined(rows: Bytes, layout: Layout) -> Samples:
    """Return the Y, Cb and Cr of rows of data units, each pixel with its unit's Cb and Cr (TIFF 6.0, section 21).

    Args:
        rows: The stored bytes; a row holds one row of data units: luma of all its pixels, then Cb, then Cr.
        layout: The layout of the file.
    """
    across, down = layout.subsampling
    units = rows.reshape(len(rows), -1, across * down + 2)
    luma = units[..., :-2].reshape(len(rows), -1, down, across).transpose(0, 2, 1, 3).reshape(len(rows) * down, -1)
    both = units[..., -2:].repeat(down, axis=0).repeat(across, axis=1)
    return np.concatenate([luma[..., None], both], axis=2)[:, : layout.piece[0]]


def needs_extremes(layout: Layout) -> bool:
    """Whether the scale depends on the values of the whole picture: those of floats and of wide or signed greys."""
    if layout.form == "u":
        return layout.bits >= 32 and layout.colours == 1 and layout.alpha is None
    return True


def scale(layout: Layout, low: float, high: float) -> tuple[float, float]:
    """Return the sample values of black and white, or of white and black where white is zero.

    Greys of floats, of 32 bits or signed have no range of their own, so `modes.value_range` chooses it. Unsigned
    samples of which some have the highest bit have their full range. Floating-point colours are sRGB from 0 to 1.

    Args:
        layout: The layout of the file.
        low: The smallest colour sample of the picture, if `needs_extremes`.
        high: The largest one, likewise.

    Raises:
        UnreadTiffError: Colours of floating point are beyond 0 to 1.
    """
    full = float((1 << layout.bits) - 1)
    if not needs_extremes(layout) or (layout.form == "u" and high > full / 2):
        return 0.0, full
    if not np.isfinite([low, high]).all():
        raise UnreadTiffError("some pixel values are not numbers")
    if layout.photometric == RGB or layout.alpha is not None:
        if low < -_OVERSHOOT or high > 1 + _OVERSHOOT:
            raise UnreadTiffError(f"floating-point colours from {low:g} to {high:g} are not read, only 0 to 1")
        return 0.0, 1.0
    return modes.value_range(low, high, whole=layout.form != "f")


def pixels(samples: Samples, layout: Layout, black: float, white: float) -> Bytes:
    """Return pixels of 8 bits: grey, RGB, CMYK, or CIELAB as Pillow takes it; then alpha, if the layout has it.

    Args:
        samples: The samples of some rows.
        layout: The layout of the file.
        black: The value that `scale` returned first.
        white: The value that it returned second.
    """
    colours = samples[..., : layout.colours]
    if layout.photometric in (CIELAB, ICCLAB):
        return _lab(colours, layout)
    if layout.photometric == YCBCR:
        return _rounded(_rgb_of_ycbcr(colours, layout))
    alpha = None if layout.alpha is None else samples[..., layout.alpha, None]
    if layout.photometric == PALETTE:
        shown = _palette(layout)[colours[..., 0]]
        return shown if alpha is None else np.dstack([shown, _rounded(_unit(alpha, 0, (1 << layout.bits) - 1))])
    if layout.bits == 8 and layout.form == "u" and layout.photometric != WHITE_IS_ZERO and not layout.associated:
        return colours if alpha is None else np.concatenate([colours, alpha], axis=2)
    unit = _unit(colours, black, white)
    if layout.photometric == WHITE_IS_ZERO:
        unit = 1 - unit
    if alpha is None:
        return _rounded(unit)
    opacity = _unit(alpha, black, white).clip(0, 1)
    if layout.associated:  # TIFF 6.0, section 18: the colours are multiplied by alpha
        unit = np.divide(unit, opacity, out=np.zeros_like(unit), where=opacity > 0)
    return np.concatenate([_rounded(unit), _rounded(opacity)], axis=2)


def _unit(values: Samples, black: float, white: float) -> NDArray[Any]:
    """Return samples as new unit values. What is not a number becomes black, as in libvips."""
    kind = "f4" if white - black < 1 << _EXACT and values.dtype != np.float64 else "f8"
    if white <= black:
        return np.zeros(values.shape, kind)
    scaled = values.astype(kind)
    if values.dtype.kind == "f":
        np.nan_to_num(scaled, copy=False, nan=black)
    if black:
        scaled -= black
    scaled *= 1 / (white - black)
    return scaled


def _rounded(unit: NDArray[Any]) -> Bytes:
    """Return unit values as bytes. This changes the array."""
    unit *= 255
    unit += 0.5
    rounded: Bytes = np.clip(unit, 0, 255, out=unit).astype(np.uint8)
    return rounded


def _palette(layout: Layout) -> Bytes:
    """Return the colours of a palette. Some writers state 0 to 255 where the standard has 0 to 65535."""
    stored = np.array(layout.colormap, np.float64).reshape(3, -1).T
    return _rounded(stored / (0xFFFF if stored.max() > 0xFF else 0xFF))


def _rgb_of_ycbcr(samples: Samples, layout: Layout) -> NDArray[np.float32]:
    """Return unit red, green and blue (TIFF 6.0, section 21, "RGB from YCbCr", and section 20, ReferenceBlackWhite)."""
    black, white = np.array(layout.reference, np.float32).reshape(3, 2).T
    luma, blueness, redness = np.moveaxis((samples - black) / (white - black) * _CHROMA, 2, 0)
    of_red, of_green, of_blue = layout.coefficients
    red = luma + redness * np.float32(2 - 2 * of_red)
    blue = luma + blueness * np.float32(2 - 2 * of_blue)
    green = (luma - np.float32(of_red) * red - np.float32(of_blue) * blue) / np.float32(of_green)
    return np.stack([red, green, blue], axis=2).astype(np.float32, copy=False)


def _lab(samples: Samples, layout: Layout) -> Bytes:
    """Return L* as a byte of 0 to 100, and a* and b* as signed bytes.

    Photometric interpretation 8 has signed a* and b* (TIFF 6.0, section 23; with 16 bits, 256 times as much). In 9 they
    are 128 or 0x8000 above that, and L* of 16 bits is 100 at 0xFF00.
    """
    values = samples.astype(np.int32)
    lightness, both = values[..., :1], values[..., 1:]
    offset = 0x80 if layout.photometric == ICCLAB else 0
    if layout.bits == 16:
        lightness = (lightness * 255 / (_ICC_LAB_WHITE if offset else 0xFFFF)).round().clip(0, 255).astype(np.int32)
        both = both if offset else both.astype(np.uint16).view(np.int16).astype(np.int32)
        lowest, highest = (0, 255) if offset else (-128, 127)
        both = ((both + 128) >> 8).clip(lowest, highest)
    return np.concatenate([lightness, both - offset], axis=2).astype(np.uint8)


def inks_have_alpha(layout: Layout) -> bool:
    """Whether the pixels are CMYK with alpha, for which Pillow has no mode."""
    return layout.photometric == CMYK and layout.alpha is not None
