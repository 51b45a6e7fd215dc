"""Turns an image's bytes into a small picture in memory. `reduced` takes the steps, in their order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from PIL import ExifTags, Image, ImageFile

from thumbrun.imaging import library_options
from thumbrun.imaging.average import Region, shrunk
from thumbrun.imaging.bitmap import Bitmap
from thumbrun.imaging.colours import icc
from thumbrun.imaging.colours.numbers import ColourSpace
from thumbrun.imaging.colours.stated import stated
from thumbrun.imaging.geometry import JPEG_MARGIN, MARGIN, Box, fit
from thumbrun.imaging.gif import GifImage
from thumbrun.imaging.heif.avif import AvifImage
from thumbrun.imaging.heif.heic import HeicImage
from thumbrun.imaging.icon import Icon
from thumbrun.imaging.interest import SEEN, Interest
from thumbrun.imaging.jpeg import JpegImage
from thumbrun.imaging.jpeg2000.image import Jpeg2000Image, open_jpeg2000
from thumbrun.imaging.orientation import SIDEWAYS, forget_xmp, orientation_of, stored_region, turned, upright
from thumbrun.imaging.png.image import PngImage
from thumbrun.imaging.shape import Shape
from thumbrun.imaging.tiff.image import TiffImage
from thumbrun.imaging.webp import StillWebP, open_webp

library_options.put(library_options.OURS)


# No other decoder ever gets a byte. thumbrun calls the JPEG decoder directly, because Pillow's registry would give
# photographs with further pictures behind them (MPO) to a plugin that parses those too.
_DECODERS: dict[str, Callable[[IO[bytes]], ImageFile.ImageFile]] = {
    "jpeg": JpegImage,
    "png": PngImage,
    "gif": GifImage,
    "webp": open_webp,
    "avif": AvifImage,
    "tiff": TiffImage,
    "bmp": Bitmap,
    "jpeg2000": open_jpeg2000,
    "ico": Icon,
    "heic": HeicImage,  # not registered with Pillow: nothing else needs to find it
}


@dataclass(frozen=True, slots=True)
class Reduced:
    """A thumbnail's pixels before they are encoded.

    Attributes:
        pixels: The thumbnail, upright, in sRGB, of mode L, LA, RGB or RGBA, with no metadata and without bars.
        source_size: The width and height of the source, upright, in pixels.
        smaller: The thumbnails for the other boxes, each like `pixels`.
        broken_profile: Whether the source has a colour profile that is broken.
        interest: Where the interesting part is, if the shape asks for that.
    """

    pixels: Image.Image
    source_size: tuple[int, int]
    smaller: tuple[Image.Image, ...] = ()
    broken_profile: bool = False
    interest: Interest | None = None


def open_image(name: str, source: IO[bytes]) -> ImageFile.ImageFile:
    """Read the header of an image. This decodes nothing, except for animated WebP and ICO (see `headers`).

    Args:
        name: The format of the bytes.
        source: The bytes, at their start.

    Raises:
        Exception: The header is broken; decoders raise exceptions of any kind.
    """
    return _DECODERS[name](source)


def decoder_scale(image: ImageFile.ImageFile, boxes: Sequence[Box], shape: Shape) -> int:
    """Return the largest number by which the decoder can divide width and height and still keep the margin.

    JPEG decodes to a half, a quarter or an eighth; JPEG 2000 to as many halves as its wavelet has levels; still WebP to
    any fraction. No other decoder can divide.
    """
    if isinstance(image, JpegImage):
        size = _stored_scaled(image, boxes, shape, orientation_of(image))
        return image.divisor(*size, JPEG_MARGIN)
    if isinstance(image, Jpeg2000Image):
        most, orientation = image.levels, 1
    elif isinstance(image, StillWebP) and image.is_scalable:
        most, orientation = 0, orientation_of(image)
    else:
        return 1
    width, height = _stored_scaled(image, boxes, shape, orientation)
    quotient = int(min(image.width / width, image.height / height) / MARGIN)
    if isinstance(image, StillWebP):
        return max(1, quotient)
    return 1 << min(most, max(0, quotient.bit_length() - 1))


def reduced(
    image: ImageFile.ImageFile, boxes: Sequence[Box], shape: Shape, scale: int = 1, interest: Interest | None = None
) -> Reduced:
    """Return the pixels of the thumbnails, all from the same decoded picture.

    Args:
        image: The image, as `open_image` returns it.
        boxes: The boxes of the thumbnails, largest first.
        shape: How the picture fits them.
        scale: The number that `decoder_scale` returned.
        interest: Where the interesting part is if another picture decides that; else None.

    Raises:
        Exception: The image is broken; decoders raise exceptions of any kind.
    """
    width, height = image.size
    if scale > 1 and isinstance(image, StillWebP | Jpeg2000Image):
        image.divide(scale)
    elif scale > 1:
        image.draft(None, (width // scale, height // scale))
    forget_xmp(image)
    full = _full_size(image)
    space = stated(image)
    image.load()
    if scale == 1:
        width, height = image.size  # HEIC, AVIF and icons can have another size once decoded
    orientation = orientation_of(image)
    profile = None if space else image.info.get("icc_profile")
    # The half-bands of JPEG 2000's wavelet are not averages. WebP's decoder makes all its pixels equally large.
    averaged = 1 if isinstance(image, Jpeg2000Image) else scale
    extent = image.size if isinstance(image, StillWebP) else (width / scale, height / scale)
    width, height = full or (width, height)

    def part(size: tuple[int, int], left: float, top: float, right: float, lower: float) -> Image.Image:
        across, down = extent
        region = (across * (left / width), down * (top / height), across * (right / width), down * (lower / height))
        return shrunk(image, *size, averaged, region, space.curve if space else None)

    source = upright(width, height, orientation)
    if shape.looks_for_content and interest is None:
        seen = part(fit(width, height, SEEN, SEEN), 0, 0, width, height)
        interest = Interest(_finished(seen, profile, space, orientation), shape.gravity)
    made: list[tuple[Image.Image, Region]] = []
    for box in boxes:
        placement = shape.placement(*source, box)
        across, down = placement.region
        share = interest.share(across / source[0], down / source[1]) if interest else shape.share
        size = upright(*placement.picture, orientation)
        region = stored_region(placement.region_at(*source, share), *source, orientation)
        # A larger thumbnail is a good source if averaging would stop at its size or above.
        enough = [
            other
            for other, shown in made
            if shown == region and other.width >= size[0] * MARGIN and other.height >= size[1] * MARGIN
        ]
        made.append((shrunk(enough[-1], *size) if enough else part(size, *region), region))
    first, *others = (_finished(picture, profile, space, orientation) for picture, _ in made)
    broken = getattr(image, "broken_profile", False) or bool(profile and icc.is_broken(profile))
    return Reduced(first, source, tuple(others), broken, interest)


def _full_size(image: ImageFile.ImageFile) -> Box | None:
    """Return the size, once it is loaded, of the picture of which a TIFF holds a smaller version; else None."""
    if not isinstance(image, TiffImage) or (full := image.full_size) is None:
        return None
    return upright(*full, image.getexif().get(ExifTags.Base.Orientation, 1))


def _finished(picture: Image.Image, profile: bytes | None, space: ColourSpace | None, orientation: int) -> Image.Image:
    """Convert a picture, which is small by now, to sRGB, and turn it upright."""
    picture = icc.to_srgb(picture, profile)
    picture = space.to_srgb(picture) if space else picture
    picture = turned(picture, orientation)
    picture.info = {}
    return picture


def _stored_scaled(image: Image.Image, boxes: Sequence[Box], shape: Shape, orientation: int) -> tuple[float, float]:
    """Return how large the picture must at least be, in the orientation in which the source is stored."""
    across, down = shape.scaled(*upright(*image.size, orientation), boxes)
    return (down, across) if orientation in SIDEWAYS else (across, down)
