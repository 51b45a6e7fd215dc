"""From bytes to a small picture in memory: the steps of `reduced`, in their order."""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO

import pi_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
)

from thumbrun.imaging import icc
from thumbrun.imaging.average import shrunk
from thumbrun.imaging.geometry import JPEG_MARGIN, MARGIN, SIDEWAYS, Box, fit, upright
from thumbrun.imaging.png import PngImage
from thumbrun.imaging.webp import StillWebP, open_webp

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # one image keeps one processor busy, and its time limit means something
pi_heif.options.DECODE_THREADS = 1
pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False
Image.MAX_IMAGE_PIXELS = None  # the limit is ours, and is checked before anything is decoded
# A picture is not refused for the text in it, as long as that is bounded; editors store large XMP blocks.
PngImagePlugin.MAX_TEXT_CHUNK = 16 << 20

_JPEG_LEVELS = 3  # libjpeg scales to a half, a quarter and an eighth
_J2K_HEAD = 1 << 16  # bytes in which the main header of a JPEG 2000 picture is looked for

# The only decoders that are ever given a byte. The JPEG one is asked directly since Pillow's registry hands
# photographs with further pictures behind them (MPO) to a plugin that would parse those too.
_DECODERS: dict[str, Callable[[IO[bytes]], ImageFile.ImageFile]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImage,
    "gif": GifImagePlugin.GifImageFile,
    "webp": open_webp,
    "avif": AvifImagePlugin.AvifImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "jpeg2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
    "ico": IcoImagePlugin.IcoImageFile,
    "heic": pi_heif.HeifImageFile,  # not registered with Pillow: nothing else needs to find it
}

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Reduced:
    """A thumbnail's pixels before they are encoded.

    Attributes:
        pixels: Upright, in sRGB, of mode L, LA, RGB or RGBA, with no metadata.
        source_size: Width and height of the source in pixels, upright.
        smaller: As pixels, for the other boxes.
    """

    pixels: Image.Image
    source_size: tuple[int, int]
    smaller: tuple[Image.Image, ...] = ()


def open_image(name: str, source: IO[bytes]) -> ImageFile.ImageFile:
    """Read the header of an image; nothing is decoded, except of animated WebP and ICO (see `headers`).

    Args:
        name: The format that its bytes are.
        source: The bytes, at their start.

    Raises:
        Exception: Whatever decoders raise for broken headers.
    """
    return _DECODERS[name](source)


def decoder_scale(image: ImageFile.ImageFile, box_width: int, box_height: int) -> int:
    """Return by what the decoder can divide width and height and still keep the margin.

    JPEG decodes to a half, a quarter or an eighth, JPEG 2000 to as many halves as its wavelet has levels, still WebP
    to any fraction. No other decoder can do it.
    """
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        most, orientation = _JPEG_LEVELS, _orientation(image)
    elif isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
        most, orientation = _levels(image), 1
    elif isinstance(image, StillWebP) and image.is_scalable:
        most, orientation = 0, _orientation(image)
    else:
        return 1
    width, height = _stored_size(image, box_width, box_height, orientation)
    margin = JPEG_MARGIN if isinstance(image, JpegImagePlugin.JpegImageFile) else MARGIN
    quotient = int(min(image.width / width, image.height / height) / margin)
    if isinstance(image, StillWebP):
        return max(1, quotient)
    return 1 << min(most, max(0, quotient.bit_length() - 1))


def reduced(
    image: ImageFile.ImageFile, box_width: int, box_height: int, scale: int = 1, smaller: Iterable[Box] = ()
) -> Reduced:
    """Return the thumbnail's pixels.

    Args:
        image: As `open_image` returns it.
        box_width: Of the box, in pixels.
        box_height: As box_width.
        scale: What `decoder_scale` said.
        smaller: Other boxes, of which thumbnails are made of what was decoded once.

    Raises:
        Exception: Whatever decoders raise for broken images.
    """
    width, height = image.size
    if scale > 1 and isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
        image.reduce = scale.bit_length() - 1
        # Pillow rounds where the format rounds up, and then refuses what it gets; of multiples both make the same.
        image._size = (-(-width // scale) * scale, -(-height // scale) * scale)  # noqa: SLF001
    elif scale > 1 and isinstance(image, StillWebP):
        image.divide(scale)
    elif scale > 1:
        image.draft(None, (width // scale, height // scale))
    image.load()
    if scale == 1:
        width, height = image.size  # HEIC, AVIF and icons may know better once they are decoded
    orientation = _orientation(image)
    profile = image.info.get("icc_profile")
    # Half-bands of JPEG 2000's wavelet are no averages; WebP's decoder makes pixels of equal size of the whole picture.
    averaged = 1 if isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile) else scale
    extent = None if isinstance(image, StillWebP) else (width / scale, height / scale)
    made: list[Image.Image] = []
    for box in ((box_width, box_height), *smaller):
        size = _stored_size(image, *box, orientation, (width, height))
        # A larger thumbnail serves where averaging would stop at its size or above.
        enough = [other for other in made if other.width >= size[0] * MARGIN and other.height >= size[1] * MARGIN]
        made.append(shrunk(enough[-1], *size) if enough else shrunk(image, *size, averaged, extent))
    first, *others = (_finished(picture, profile, orientation) for picture in made)
    return Reduced(first, upright(width, height, orientation), tuple(others))


def _finished(picture: Image.Image, profile: bytes | None, orientation: int) -> Image.Image:
    """Bring to sRGB and turn what is small by now."""
    picture = icc.to_srgb(picture, profile)
    if orientation in _TRANSPOSITIONS:
        picture = picture.transpose(_TRANSPOSITIONS[orientation])
    picture.info = {}
    return picture


def _stored_size(
    image: Image.Image, box_width: int, box_height: int, orientation: int, size: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Return the thumbnail's size the way the source lies."""
    if orientation in SIDEWAYS:
        box_width, box_height = box_height, box_width
    return fit(*(size or image.size), box_width, box_height)


def _orientation(image: ImageFile.ImageFile) -> int:
    """Return the EXIF orientation that is still to be applied, 1 where there is none or a broken one.

    TIFF and HEIC are turned by their decoders. A PNG tells only once it is loaded: its EXIF may follow its pixels.
    """
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  (EXIF blocks are broken in every way, and none is worth an image)
        return 1
    return value if isinstance(value, int) and value in _TRANSPOSITIONS else 1


def _levels(image: Jpeg2KImagePlugin.Jpeg2KImageFile) -> int:
    """Return how often a JPEG 2000 picture can be halved: what its COD marker says of the wavelet's levels.

    ITU-T T.800, A.6.1: after the marker FF52, its length, the style and four bytes of progression and layers. Pillow
    halves no picture that does not begin at its grid's corner, and may not find the place of tiles whose sides cannot
    be halved without rest (A.5.1: the SIZ marker has the picture's borders, its corner, the sides of a tile).
    """
    fp = image.fp
    if fp is None:
        return 0
    position = fp.tell()
    fp.seek(0)
    head = fp.read(_J2K_HEAD)
    fp.seek(position)
    start = max(0, head.find(b"\xff\x4f\xff\x51"))
    marker = head.find(b"\xff\x52", start)
    if not start + 32 <= marker < len(head) - 9:
        return 0
    right, lower, left, upper, *tile = struct.unpack_from(">6I", head, start + 8)
    levels: int = head[marker + 9]
    if left or upper:
        return 0
    if tile[0] >= right and tile[1] >= lower:
        return levels
    return max(0, min(levels, *(int(side & -side).bit_length() - 1 for side in tile)))
