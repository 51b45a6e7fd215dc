"""From bytes to a small picture in memory: the steps of `pixels`, in their order."""

import io
from mmap import mmap
from typing import IO, cast

from pi_heif import register_heif_opener
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from thumbrun.imaging import colour
from thumbrun.imaging.geometry import SIDEWAYS, fit

# Each is imported by name above, since Pillow would import all of its plugins to find one.
PLUGINS = (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
# What the bytes may be, most frequent first; nothing else is ever opened. MPO is JPEG with further pictures behind.
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "GIF", "AVIF", "TIFF", "BMP", "JPEG2000", "ICO", "DIB")

# A picture is decoded, or box-averaged, to no less than three times its thumbnail before Lanczos takes over:
# median PSNR 54 dB against Lanczos on every pixel, where 1 (no margin) has 45.
MARGIN = 3.0

register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
Image.MAX_IMAGE_PIXELS = None  # the limit is ours, and is checked before anything is decoded

_JPEG_LEVELS = 3
_J2K_HEAD = 1 << 16  # bytes in which the main header of a JPEG 2000 picture is looked for

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_image(body: bytes | mmap) -> Image.Image:
    """Read the header of an image.

    Raises:
        UnidentifiedImageError: The bytes are none of `FORMATS`.
        Exception: Whatever Pillow's plugins raise for broken headers.
    """
    file: IO[bytes] = cast("IO[bytes]", body) if isinstance(body, mmap) else io.BytesIO(body)  # a map reads as a file
    return Image.open(file, formats=FORMATS)


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation that is still to be applied, 1 where there is none or a broken one."""
    if image.format == "TIFF":
        return 1  # Pillow turns these while it loads them
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  (EXIF blocks are broken in every way, and none is worth an image)
        return 1
    return value if value in range(1, 9) else 1


def pixels(image: Image.Image, box_width: int, box_height: int) -> Image.Image:
    """Return the thumbnail's pixels, upright and in sRGB: mode L, LA, RGB or RGBA, no metadata.

    Args:
        image: As `open_image` returns it.
        box_width: Of the box, in pixels.
        box_height: As box_width.

    Raises:
        Exception: Whatever Pillow's decoders raise for broken images.
    """
    orientation = orientation_of(image)
    if orientation in SIDEWAYS:
        box_width, box_height = box_height, box_width
    size = fit(*image.size, box_width, box_height)
    profile = image.info.get("icc_profile")
    _scale_in_decoder(image, size)
    image.load()
    # Pillow averages boxes down to the margin in one fast pass, and only then filters.
    picture = colour.workable(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=MARGIN)
    picture = colour.to_srgb(picture, profile)
    if orientation in _TRANSPOSITIONS:
        picture = picture.transpose(_TRANSPOSITIONS[orientation])
    picture.info = {}
    return picture


def decoder_scale(image: Image.Image, box_width: int, box_height: int) -> int:
    """Return by what the decoder can divide width and height and still keep the margin: a power of two.

    JPEG decodes to a half, a quarter or an eighth, JPEG 2000 to as many halves as its wavelet has levels.
    """
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        most = _JPEG_LEVELS
    elif isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
        most = _levels(image)
    else:
        return 1
    # Which way the box lies does not matter here: the smaller quotient of the two ways keeps the margin for both.
    quotient = min(
        max(image.width / (box_width * MARGIN), image.height / (box_height * MARGIN)),
        max(image.width / (box_height * MARGIN), image.height / (box_width * MARGIN)),
    )
    return 1 << min(most, max(0, int(quotient).bit_length() - 1))


def _scale_in_decoder(image: Image.Image, size: tuple[int, int]) -> None:
    """Have the decoder make a smaller picture where it can, still with the margin."""
    scale = decoder_scale(image, *size)
    if scale > 1 and isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
        image.reduce = scale.bit_length() - 1
    elif scale > 1:
        image.draft(None, (image.width // scale, image.height // scale))


def _levels(image: Jpeg2KImagePlugin.Jpeg2KImageFile) -> int:
    """Return how often a JPEG 2000 picture can be halved: what its COD marker says of the wavelet's levels.

    ITU-T T.800, A.6.1: after the marker FF52, its length, the style and four bytes of progression and layers.
    """
    fp = image.fp
    if fp is None:
        return 0
    position = fp.tell()
    fp.seek(0)
    head = fp.read(_J2K_HEAD)
    fp.seek(position)
    marker = head.find(b"\xff\x52")
    return head[marker + 9] if 0 <= marker < len(head) - 9 else 0
