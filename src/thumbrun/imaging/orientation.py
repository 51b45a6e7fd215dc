"""The orientation of a picture: which one applies, and how a thumbnail is turned by it.

It is that of EXIF, in HEIC and AVIF that of the container. XMP has an orientation too, which counts in no format, as in
libvips, ImageMagick and browsers: editors that turn a picture leave it behind.
"""

import pi_heif
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin

# EXIF orientations in which the picture's rows are stored as columns.
SIDEWAYS = frozenset((5, 6, 7, 8))

# EXIF orientations in which the first stored pixel lies at the right, or at the bottom, of the upright picture.
_FROM_THE_RIGHT, _FROM_BELOW = frozenset((2, 3, 6, 7)), frozenset((3, 4, 7, 8))

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(image: ImageFile.ImageFile) -> int:
    """Return the orientation that must still be applied, 1 if there is none or it is broken.

    The decoders of TIFF and HEIC turn pictures themselves. Pillow's AVIF decoder writes the container's orientation
    into the EXIF block. A PNG tells its orientation only once it is loaded, because its EXIF can follow its pixels.
    """
    if isinstance(image, TiffImagePlugin.TiffImageFile | pi_heif.HeifImageFile):
        return 1
    try:
        value = _exif(image).get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  (EXIF can be broken in any way, and the image matters more)
        return 1
    return value if isinstance(value, int) and value in _TRANSPOSITIONS else 1


def forget_xmp(image: ImageFile.ImageFile) -> None:
    """Drop the XMP of a TIFF that is not loaded yet: Pillow would turn the picture by it if there is no EXIF."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        image.info.pop("xmp", None)


def _exif(image: ImageFile.ImageFile) -> Image.Exif:
    """Return the picture's EXIF alone; `Image.getexif` would add the orientation of XMP."""
    exif = Image.Exif()
    if block := image.info.get("exif"):
        exif.load(block)
    elif text := image.info.get("Raw profile type exif"):  # in PNG, as ImageMagick writes it: three lines, then digits
        exif.load(bytes.fromhex("".join(text.split("\n")[3:])))
    return exif


def turned(picture: Image.Image, orientation: int) -> Image.Image:
    """Return a picture with an EXIF orientation applied."""
    return picture.transpose(_TRANSPOSITIONS[orientation]) if orientation in _TRANSPOSITIONS else picture


def stored_region(
    region: tuple[float, float, float, float], width: int, height: int, orientation: int
) -> tuple[float, float, float, float]:
    """Return where a region of an upright picture lies in the picture as it is stored.

    Args:
        region: The region: its left, upper, right and lower edge, in pixels.
        width: The width of the upright picture, in pixels.
        height: The height of the upright picture, in pixels.
        orientation: The EXIF orientation of the stored picture.
    """
    left, top, right, lower = region
    if orientation in _FROM_THE_RIGHT:
        left, right = width - right, width - left
    if orientation in _FROM_BELOW:
        top, lower = height - lower, height - top
    return (top, left, lower, right) if orientation in SIDEWAYS else (left, top, right, lower)


def upright(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return the size of a stored picture after its EXIF orientation is applied."""
    return (height, width) if orientation in SIDEWAYS else (width, height)
