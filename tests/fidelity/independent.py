"""Decodes a picture by libraries that thumbrun does not use, so that they can judge what thumbrun makes of it."""

import io

import pyvips
from PIL import Image


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
