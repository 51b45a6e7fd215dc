"""Colours: modes that can be resized, and sRGB whatever the picture was in."""

import io

from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")
_LAB = ImageCms.createProfile("LAB")
_WHITE = 255
# Which modes of a picture a profile's colour space can describe (ICC.1:2022, table 19).
_SPACES = {"RGB ": ("RGB", "RGBA"), "GRAY": ("L", "LA"), "CMYK": ("CMYK",)}


def workable(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be averaged: L, LA, RGB, RGBA, CMYK or LAB.

    Transparency that is kept beside the pixels becomes alpha; more than 8 bits are scaled to 8.
    """
    if image.mode in ("L", "RGB", "P", "PA", "1") and "transparency" in image.info:
        return image.convert("LA" if image.mode == "L" else "RGBA")
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if "A" in (image.palette.mode if image.palette else "") + image.mode else "RGB")
    if image.mode.startswith("I") or image.mode == "F":
        return _to_8_bits(image)
    return image.convert("RGBA" if image.mode.lower().endswith("a") else "RGB")


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Scale one channel of 16 or 32 bits, or of floating point, to 8 bits.

    16 bits go by their full range. What may hold anything goes by the values that it holds: 0 to 1, 0 to 255, 0 to
    65535, or its own extremes.
    """
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
    low, high = image.getextrema()
    assert isinstance(low, int | float)  # noqa: S101  (one channel)
    assert isinstance(high, int | float)  # noqa: S101
    if low >= 0:
        low = 0
        high = next((full for full in (1, 255, 65535) if high <= full and (full > 1 or image.mode == "F")), high)
    scale = _WHITE / (high - low) if high > low else 0.0
    return image.point(lambda value: value * scale - low * scale).convert("L")


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the picture in sRGB, by its embedded profile where that can be used; mode L, LA, RGB or RGBA.

    A broken profile, or one of another colour space than the pixels', is ignored: the picture is worth more.
    """
    if picture.mode == "LAB":
        return ImageCms.profileToProfile(picture, _LAB, _SRGB, outputMode="RGB") or picture.convert("RGB")
    if profile and not _says_srgb(profile):
        try:
            return _converted(picture, ImageCms.getOpenProfile(io.BytesIO(profile)))
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # as if it had none
    return picture.convert("RGB") if picture.mode == "CMYK" else picture


def _says_srgb(profile: bytes) -> bool:
    """Whether the profile's description is that of sRGB, as nearly all are: nothing needs converting then."""
    head = profile[:4096]
    return b"sRGB" in head or "sRGB".encode("utf-16-be") in head


def _converted(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    space = profile.profile.xcolor_space
    if picture.mode not in _SPACES.get(space, ()):
        raise ValueError(f"a profile of {space} on a picture in {picture.mode}")
    alpha = picture.getchannel("A") if picture.mode.endswith("A") else None
    grey = space == "GRAY"
    opaque = picture.convert(picture.mode[:-1]) if alpha else picture
    colours = ImageCms.profileToProfile(opaque, profile, _SRGB, outputMode="RGB")
    if colours is None:
        raise ValueError("nothing was converted")
    if grey:
        colours = colours.getchannel("G")
    if alpha:
        colours.putalpha(alpha)
    return colours
