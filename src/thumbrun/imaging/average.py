"""Reduces a picture: box averages down to a margin, then Lanczos, then sharpening for the detail that averages lost."""

import math
from functools import lru_cache

from PIL import Image, ImageFilter

from thumbrun.imaging.colours import modes
from thumbrun.imaging.geometry import MARGIN
from thumbrun.imaging.lanczos import resized

# How much of the second term of an average's frequency response to undo: a little more than all, as more terms follow.
_STRENGTH = 1.25
_HARDLY = 0.004  # share of a second difference that hardly shows: a level of 250; from a margin of 3.6 on it is less
Region = tuple[float, float, float, float]
_PIECE = 1 << 18  # pixels; their 1 MiB stays in a processor's cache from one step to the next


def shrunk(
    image: Image.Image,
    width: int,
    height: int,
    averaged: int = 1,
    region: Region | None = None,
    curve: bytes | None = None,
) -> Image.Image:
    """Return a part of the picture in another size, in mode L, LA, RGB, RGBA, CMYK or LAB.

    A picture that must be converted before it can be averaged is converted piece by piece. Converting all of it at once
    would take 4 more bytes for every pixel.

    Args:
        image: The picture, loaded.
        width: The new width, in pixels.
        height: The new height, in pixels.
        averaged: How many of the source's pixels, each way, a decoder has averaged to one pixel of the image.
        region: The part: its left, upper, right and lower edge, in the image's own pixels; None for all of it. It ends
            where the picture ends: a decoder that divides rounds up, and even a quarter of a pixel shows.
        curve: The values to put in the place of 0 to 255 in each channel of colour before averaging; None if all stay.

    Raises:
        ValueError: Some pixel values are not numbers.
    """
    left, top, right, lower = region or (0.0, 0.0, float(image.width), float(image.height))
    across = max(1, math.ceil(right - left) // (width * MARGIN))
    down = max(1, math.ceil(lower - top) // (height * MARGIN))
    convert = modes.conversion(image)
    convert = modes.curved(convert, curve) if curve else convert
    if (left + width, top + height) == (right, lower) and left.is_integer() and top.is_integer():
        part = image if (width, height) == image.size else image.crop((int(left), int(top), int(right), int(lower)))
        return modes.visible(convert(part) if convert else part)
    area = _around(image, (left, top, right, lower), (width, height), (across, down))
    if convert is not None or image.mode in ("LA", "RGBA"):
        reduced = _in_pieces(image, area, across, down, convert)
    elif across > 1 or down > 1:
        reduced = Image.Image.reduce(image, (across, down), area)  # JPEG 2000 has a `reduce` of its own
    else:
        reduced, area = image, (0, 0, *image.size)
    left, right = (left - area[0]) / across, (right - area[0]) / across
    top, lower = (top - area[1]) / down, (lower - area[1]) / down
    small = _reduced_first(reduced, width, height, (left, top, right, lower))
    margin = (right - left) / width, (lower - top) / height
    softer = _softening(averaged * across, margin[0]), _softening(averaged * down, margin[1])
    return modes.visible(_sharpened(small, *softer))


def _around(
    image: Image.Image, region: Region, size: tuple[int, int], averaged: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return the area of the pixels that a region is made of.

    Lanczos looks at three of the thumbnail's pixels beyond the region, or at three averages if it enlarges.

    Args:
        image: The picture.
        region: The region.
        size: The width and height of what becomes of it.
        averaged: How many pixels are averaged to one at first, across and down. The area begins at a multiple of them.
    """
    ends = []
    for axis in (0, 1):
        begin, end, step = region[axis], region[axis + 2], averaged[axis]
        beyond = 3 * max((end - begin) / size[axis], step) + step
        first = max(0, math.floor((begin - beyond) / step)) * step
        ends.append((first, min(image.size[axis], math.ceil(end + beyond))))
    (left, right), (top, lower) = ends
    return left, top, right, lower


def _reduced_first(image: Image.Image, width: int, height: int, region: Region) -> Image.Image:
    """Return a part of a picture in another size, first reduced, then enlarged.

    If one side is enlarged and the other reduced, both at once could take far more memory than either picture.
    """
    wide, high = round(region[2] - region[0]), round(region[3] - region[1])
    if (width > wide and height < high) or (width < wide and height > high):
        image = resized(image, (min(width, wide), min(height, high)), region)
        region = (0.0, 0.0, float(image.width), float(image.height))
    return resized(image, (width, height), region)


def _softening(averaged: int, margin: float) -> float:
    """Return how much averages of `averaged` pixels have weakened a thumbnail's finest detail.

    The frequency response of an average of n pixels is 1 - (n² - 1) ω² / 24 + …, with ω in radians a pixel. If n pixels
    cover 1/margin of a thumbnail's pixel, the second difference of the thumbnail's pixels times this value undoes the
    second term.
    """
    return _STRENGTH * (1 - 1 / averaged**2) / (24 * margin**2)


def _sharpened(picture: Image.Image, across: float, down: float) -> Image.Image:
    """Subtract these shares of the second differences of pixels side by side, and of pixels one above the other."""
    if max(across, down) < _HARDLY or picture.mode not in ("L", "RGB", "CMYK"):
        return picture
    return picture.filter(_kernel(round(across, 4), round(down, 4)))


@lru_cache(maxsize=64)
def _kernel(across: float, down: float) -> ImageFilter.Kernel:
    rows = ((-down, 1 + 2 * down, -down), (-across, 1 + 2 * across, -across))
    return ImageFilter.Kernel((3, 3), [y * x for y in rows[0] for x in rows[1]], scale=1)


def _in_pieces(
    image: Image.Image, area: tuple[int, int, int, int], across: int, down: int, convert: modes.Conversion | None
) -> Image.Image:
    """Convert and average an area by strips of rows, or by parts of strips if it is very wide or becomes very small."""
    begin, start, end, stop = area
    wide = (end - begin) * down > _PIECE
    columns = max(1, _PIECE // (across * down)) * across if wide else end - begin
    rows = max(1, _PIECE // (columns * down)) * down
    averaged: Image.Image | None = None
    for top in range(start, stop, rows):
        for left in range(begin, end, columns):
            piece = image.crop((left, top, min(left + columns, end), min(top + rows, stop)))
            part = Image.Image.reduce(modes.multiplied(convert(piece) if convert else piece), (across, down))
            if averaged is None:
                averaged = Image.new(part.mode, (-(-(end - begin) // across), -(-(stop - start) // down)))
            averaged.paste(part, ((left - begin) // across, (top - start) // down))
    assert averaged is not None  # noqa: S101  (a picture has pixels)
    return averaged
