"""Makes thumbnails of each shape by libvips alone: its decoders, its arithmetic, its reduction, its canvas."""

import io
from typing import Any

import pyvips
from PIL import Image

from thumbrun.imaging.shape import Shape

_HUGE = 10_000_000
# libvips' words for directions.
_COMPASS = {
    "northeast": "north-east",
    "southeast": "south-east",
    "southwest": "south-west",
    "northwest": "north-west",
}


def shaped(body: bytes, box: tuple[int, int], shape: Shape) -> Image.Image:
    """Return the thumbnail that libvips makes of a picture, upright, in RGB or RGBA."""
    picture = pyvips.Image.new_from_buffer(body, "").autorot().colourspace("srgb")
    if shape.fit == "contain":
        small = _inside(picture, box, shape)
        if not small.hasalpha():
            small = small.addalpha()
        made = small.gravity(_compass(shape), *box, extend="background", background=_bands(shape))
    elif shape.fit == "cover":
        made = _cover(picture, box, shape)
    elif shape.fit == "fill":
        across, down = box if shape.enlarge else (min(box[0], picture.width), min(box[1], picture.height))
        made = picture.thumbnail_image(across, height=down, size="force")
    elif shape.fit == "outside":
        made = _outside(picture, box, shape)
    else:
        made = _inside(picture, box, shape)
    return _pillow(made)


def _inside(picture: Any, box: tuple[int, int], shape: Shape) -> Any:
    return picture.thumbnail_image(box[0] or _HUGE, height=box[1] or _HUGE, size="both" if shape.enlarge else "down")


def _outside(picture: Any, box: tuple[int, int], shape: Shape) -> Any:
    wider = picture.width * box[1] > picture.height * box[0]
    around = (0, box[1]) if wider else (box[0], 0)
    return _inside(picture, around, shape)


def _cover(picture: Any, box: tuple[int, int], shape: Shape) -> Any:
    if not shape.enlarge and (box[0] > picture.width or box[1] > picture.height):
        scale = min(picture.width / box[0], picture.height / box[1])
        box = max(1, int(box[0] * scale + 0.5)), max(1, int(box[1] * scale + 0.5))
        return picture.gravity(_compass(shape), *box)
    return _outside(picture, box, shape).gravity(_compass(shape), *box)


def _compass(shape: Shape) -> str:
    return _COMPASS.get(shape.gravity, shape.gravity)


def _bands(shape: Shape) -> list[int]:
    return [*bytes.fromhex(shape.background[1:].ljust(8, "f"))]


def _pillow(picture: Any) -> Image.Image:
    whole = picture.cast("uchar")
    return Image.open(io.BytesIO(whole.write_to_buffer(".png"))).convert("RGBA" if whole.hasalpha() else "RGB")
