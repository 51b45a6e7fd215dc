"""Converts every picture mode into a mode that can be averaged."""

from collections.abc import Callable

from PIL import Image

_WHITE = 255
_16_BITS = 65535
_AVERAGED = ("L", "LA", "RGB", "RGBA", "CMYK", "LAB")

_CHANNELS = {"L": 1, "LA": 1, "RGB": 3, "RGBA": 3}  # of colour

Conversion = Callable[[Image.Image], Image.Image]


def conversion(image: Image.Image) -> Conversion | None:
    """Return a function that converts any part of a picture to L, LA, RGB or RGBA; None if it needs no conversion.

    Pictures in these modes, CMYK or LAB need none. Transparency that is stored beside the pixels becomes alpha. More
    than 8 bits are scaled to 8.

    Args:
        image: The whole picture, loaded.

    Raises:
        ValueError: Some pixel values are not numbers.
    """
    mode = image.mode
    if mode in ("1", "L", "P", "RGB") and "transparency" in image.info:
        return _with_alpha("LA" if mode in ("1", "L") else "RGBA", "L" if mode in ("1", "L") else "RGB")
    if mode in _AVERAGED:
        return None
    if mode == "1":
        return lambda part: part.convert("L")
    if mode in ("P", "PA"):
        transparent = "A" in mode + (image.palette.mode if image.palette else "")
        return lambda part: part.convert("RGBA" if transparent else "RGB")
    if mode.startswith("I;16"):
        return lambda part: part.convert("I").point(lambda value: value * (_WHITE / _16_BITS) + 0.5).convert("L")
    if mode in ("I", "F"):
        return _by_extremes(image)
    return lambda part: part.convert("RGBA" if mode.lower().endswith("a") else "RGB")


def curved(convert: Conversion | None, curve: bytes) -> Conversion:
    """Return a function that applies a curve to grey or red, green and blue, after another conversion.

    Args:
        convert: What `conversion` returned.
        curve: The values to put in the place of 0 to 255.
    """

    def apply(part: Image.Image) -> Image.Image:
        part = convert(part) if convert else part
        if part.mode not in _CHANNELS:
            return part
        table = [*curve] * _CHANNELS[part.mode]
        return part.point([*table, *range(256)] if part.mode.endswith("A") else table)

    return apply


def multiplied(picture: Image.Image) -> Image.Image:
    """Return a picture with its alpha multiplied into the colours, so that invisible pixels add no colour."""
    return picture.convert(picture.mode[:-1] + "a") if picture.mode in ("LA", "RGBA") else picture


def visible(picture: Image.Image) -> Image.Image:
    """Return a picture with its alpha beside the colours again, or without alpha if every pixel is opaque."""
    if picture.mode in ("La", "RGBa"):
        picture = picture.convert(picture.mode[:-1] + "A")
    if picture.mode in ("LA", "RGBA") and picture.getchannel("A").getextrema() == (_WHITE, _WHITE):
        picture = picture.convert(picture.mode[:-1])
    return picture


def _with_alpha(mode: str, opaque: str) -> Conversion:
    def convert(part: Image.Image) -> Image.Image:
        try:
            return part.convert(mode)
        except (ValueError, TypeError, IndexError, OverflowError):  # the file names an impossible transparent colour
            part.info.pop("transparency", None)
            return part.convert(opaque).convert(mode)

    return convert


def _by_extremes(image: Image.Image) -> Conversion:
    """Return a function that scales pixels of 32 bits or floating point, which can have any range of values.

    The range is 0 to 1, 0 to 255 or 0 to 65535 if the values fit, else that between their own extremes.
    """
    low, high = image.getextrema()
    if not isinstance(low, int | float) or not isinstance(high, int | float) or low != low or high != high:
        raise ValueError("some pixel values are not numbers")
    low, high = value_range(low, high, whole=image.mode != "F")
    scale = _WHITE / (high - low) if high > low else 0.0
    offset = 0.5 - low * scale
    return lambda part: part.point(lambda value: value * scale + offset).convert("L")


def value_range(low: float, high: float, *, whole: bool) -> tuple[float, float]:
    """Return the values of black and white for samples that have no range of their own.

    Args:
        low: The smallest sample of the picture.
        high: The largest one.
        whole: Whether the samples are whole numbers.
    """
    if low < 0:
        return low, high
    return 0, next((full for full in (1, _WHITE, _16_BITS) if high <= full and (full > 1 or not whole)), high)
