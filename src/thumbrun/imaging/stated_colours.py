"""Finds out what the colours of a picture mean if no profile says so, or if something else goes before its profile.

| format | order |
|---|---|
| HEIC, AVIF | profile, then nclx (ISO/IEC 23008-12, 6.5.5; MIAF, 7.3.6.4), then what the coded picture says (AVIF) |
| PNG | cICP, profile, sRGB, gAMA and cHRM (PNG, third edition, 4.3) |
| JPEG 2000 | the first colour specification that is understood (ITU-T T.800, I.5.3.3) |
| others | profile |

Matrix coefficients, and the range of HEIC and AVIF, are the decoders' business, which have applied them.
"""

import pi_heif
from PIL import ImageFile

from thumbrun.imaging import png_colours
from thumbrun.imaging.avif import AvifImage
from thumbrun.imaging.colour_numbers import ColourSpace, colour_space
from thumbrun.imaging.jpeg2000 import Jpeg2000Image
from thumbrun.imaging.png import PngImage


def stated(image: ImageFile.ImageFile) -> ColourSpace | None:
    """Return the colour space that counts in the profile's place; None if that is the profile, or sRGB without one.

    Args:
        image: The picture, not loaded.
    """
    profiled = bool(image.info.get("icc_profile"))
    if isinstance(image, PngImage) and image.fp is not None:
        return png_colours.stated(image.fp, profiled=profiled)
    if profiled:
        return None
    if isinstance(image, AvifImage | Jpeg2000Image):
        return image.space
    if isinstance(image, pi_heif.HeifImageFile):
        numbers = image.info.get("nclx_profile") or {}
        return colour_space(numbers.get("color_primaries", 2), numbers.get("transfer_characteristics", 2))
    return None
