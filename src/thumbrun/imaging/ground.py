"""Lays a picture on the ground of its thumbnail: bars beside it, and colour behind what a format cannot leave open."""

from PIL import Image, ImageColor

from thumbrun.imaging.shape import Placement, Shape

_OPAQUE = 255
_WITH_ALPHA = ("LA", "RGBA")
Colour = tuple[int, int, int, int]  # red, green, blue and alpha


def laid(picture: Image.Image, placement: Placement, shape: Shape, *, transparent: bool) -> Image.Image:
    """Return a thumbnail: the picture itself if it fills the thumbnail and nothing of it must be hidden.

    A background that is transparent lies on white in a format without transparency.

    Args:
        picture: The picture in the thumbnail, in mode L, LA, RGB or RGBA.
        placement: How the picture becomes the thumbnail.
        shape: The background, and where the picture lies.
        transparent: Whether the thumbnail's format can be transparent.
    """
    has_bars = placement.size != picture.size
    if not has_bars and (transparent or picture.mode not in _WITH_ALPHA):
        return picture
    colour = _colour(shape.background)
    if not transparent:
        colour = _on_white(colour)
    is_grey = picture.mode in ("L", "LA") and len(set(colour[:3])) == 1
    mode = "L" if is_grey else "RGB"
    bands = colour[:1] if is_grey else colour[:3]
    if transparent and (colour[3] < _OPAQUE or picture.mode in _WITH_ALPHA):
        mode, bands = mode + "A", (*bands, colour[3])
    ground = Image.new(mode, placement.size, bands)
    at = placement.picture_at(shape.share)
    alpha = None if transparent or picture.mode not in _WITH_ALPHA else picture.getchannel("A")
    ground.paste(picture.convert(mode), at, alpha)
    return ground


def css_colour(name: str) -> str | None:
    """Return the colour of a name in CSS as `#rrggbb`, None if there is no such name.

    Args:
        name: The name, in lower case.
    """
    if name not in ImageColor.colormap:
        return None
    red, green, blue, *_ = ImageColor.getrgb(name)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _colour(background: str) -> Colour:
    red, green, blue, *alpha = ImageColor.getrgb(background)
    return red, green, blue, alpha[0] if alpha else _OPAQUE


def _on_white(colour: Colour) -> Colour:
    red, green, blue = (
        (value * colour[3] + _OPAQUE * (_OPAQUE - colour[3]) + _OPAQUE // 2) // _OPAQUE for value in colour[:3]
    )
    return red, green, blue, _OPAQUE
