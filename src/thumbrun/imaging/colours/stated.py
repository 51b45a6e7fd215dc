"""Finds out what the colours of a picture mean if no profile says so, or if something else goes before its profile.

| format | order |
|---|---|
| HEIC, AVIF | profile, then nclx (ISO/IEC 23008-12, 6.5.5; MIAF, 7.3.6.4), then what the coded picture says (AVIF) |
| PNG | cICP, profile, sRGB, gAMA and cHRM (PNG, third edition, 4.3) |
| JPEG 2000 | the first colour specification that is understood (ITU-T T.800, I.5.3.3) |
| others | profile |

A profile that cannot be read counts as none. Matrix coefficients, and the range of HEIC and AVIF, are the decoders'
business, which have applied them.
"""

import pi_heif
from PIL import ImageFile

from thumbrun.imaging.colours import icc
from thumbrun.imaging.colours.numbers import ColourSpace, colour_space
from thumbrun.imaging.heif import properties as iso_properties
from thumbrun.imaging.heif.avif import AvifImage
from thumbrun.imaging.jpeg2000.image import Jpeg2000Image
from thumbrun.imaging.png import colours as png_colours
from thumbrun.imaging.png.image import PngImage


def stated(image: ImageFile.ImageFile) -> ColourSpace | None:
    """Return the colour space that counts in the profile's place; None if that is the profile, or sRGB without one.

    Args:
        image: The picture, not loaded.
    """
    profile: bytes = image.info.get("icc_profile") or b""
    profiled = bool(profile) and icc.is_readable(profile)
    if isinstance(image, PngImage):
        return png_colours.stated(image.info, profiled=profiled)
    if profiled:
        return None
    if isinstance(image, AvifImage | Jpeg2000Image):
        return image.space
    if isinstance(image, pi_heif.HeifImageFile):
        return _of_heic(image, profile)
    return None


def _of_heic(image: ImageFile.ImageFile, broken: bytes) -> ColourSpace | None:
    """Return the colour space of nclx, which pi_heif gives only if there is no profile, not even a broken one."""
    numbers = image.info.get("nclx_profile")
    if numbers:
        return colour_space(numbers["color_primaries"], numbers["transfer_characteristics"])
    found = iso_properties.colour_numbers(image.fp) if broken and image.fp is not None else None
    return colour_space(*found) if found else None
