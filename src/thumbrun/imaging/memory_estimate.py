"""Estimates how much memory decoding takes, from the header alone."""

import math
from collections.abc import Iterable

from PIL import ImageFile, TiffImagePlugin
from PIL.ExifTags import Base

from thumbrun.imaging.animation.animation import Animation
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.gif import GifImage
from thumbrun.imaging.heif.avif import AvifImage
from thumbrun.imaging.jpeg import JpegImage
from thumbrun.imaging.jpeg2000.image import Jpeg2000Image
from thumbrun.imaging.png.image import PngImage
from thumbrun.imaging.shape import Shape
from thumbrun.imaging.tiff.image import TiffImage
from thumbrun.imaging.webp import StillWebP

# Bytes a pixel of the decoded picture as Pillow holds it; 4 for all other modes.
_BYTES_A_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
# Bytes a pixel of the picture and of all that its decoder holds beside it. Measured with 24 megapixels: WebP takes 16.1
# to 17.0, AVIF 9.0 (4:2:0) to 11.4 (4:4:4 with alpha), HEIC 7.2 to 8.5; the rest is for 10 bits a channel.
_WITH_DECODER = {"webp": 18, "ico": 18, "avif": 14, "heic": 13}
# How many times opening a file holds its bytes: in one piece, and its metadata on the way to Pillow. Measured with
# 50 MB of EXIF: WebP takes 2.9, AVIF 5.0, HEIC 4.0 times the file.
_WHOLE_FILE = {"webp": 3, "avif": 5, "heic": 4}
# Bytes a pixel that an encoder takes beside the picture, its file included. Measured with noise and with a gradient,
# each with and without alpha, at quality 80 and 100: JPEG takes 3.1 to 12.2, PNG 1.1 to 8.0, GIF 3.0 to 35.9, WebP
# 21.5 to 44.4, AVIF 31.8 to 49.6.
_ENCODER = {"jpeg": 13, "png": 9, "gif": 37, "webp": 46, "avif": 52}
# Bytes a pixel of a file at most. Noise at quality 100 takes 4.2 as JPEG, 2.1 as WebP and 5.3 as AVIF; as PNG, 4.0.
_FILE = {"jpeg": 5, "png": 5, "gif": 2, "webp": 3, "avif": 6}
_BARS = 8  # bytes a pixel of a thumbnail with bars, and of the picture in it with alpha, while it is put together
_FIXED = 6 << 20  # bytes of the decoders' buffers, a piece in conversion, the averaged picture, the thumbnail


def decoded_bytes(name: str, image: ImageFile.ImageFile, scale: int, size: int) -> int:
    """Estimate the bytes that decoding takes at its peak, beside the source's own.

    The estimate is never too small, but can be somewhat too large:

        animated WebP, ICO,         18, 18, 14 and 13 bytes a pixel, for the picture and all that its decoder holds; and
        AVIF, HEIC                  the source 3, 0, 5 and 4 times; of more than 8 bits, 3 bytes a pixel more for
                                    HEIC, and with alpha 8 more for HEIC and 4 for AVIF
        still WebP                  8 bytes a pixel of the picture divided by the scale in both directions; beside it
                                    5 bytes a pixel if it is lossless, 2 if it is lossy with alpha; and the source 3
                                    times
        JPEG                        the picture, divided by the scale in both directions: 1 byte a pixel if it is
                                    grey, else 4. A JPEG in several scans, such as a progressive one, keeps all its
                                    coefficients beside the picture: 2 bytes for each sample of each component
                                    (24 megapixels at 4:2:0: 69 MiB). One whose end nothing marks takes three
                                    pictures in full size, and the file
        JPEG 2000                   the picture and 8 bytes for each component of a pixel, divided likewise
        TIFF                        the picture, twice if it must be turned; if it is compressed, also a strip or tile,
                                    and the file; if thumbrun reads the samples itself, at most 80 bytes for each
                                    sample of a band of rows, and a strip or tile decompressed and compressed
        PNG of 8 bits, no palette   the file twice, and 7 bytes a pixel, 4 with alpha, 1 if it is grey; above 64 MiB as
                                    for other PNG
        PNG of 16 bits, tRNS        the picture, and 16 bytes a pixel
        other PNG, GIF, BMP         the picture: 1 byte a pixel for grey and palettes, 2 for 16 bits, else 4;
                                    run-length coded BMP: three times that; a GIF whose first picture does not cover
                                    its screen: 8 more

    The estimate adds a fixed part, 8 bytes for each row, and four rows. These matter only for pictures of few columns
    or rows. A conversion before averaging works piece by piece.

    Args:
        name: The name of the format.
        image: The image, opened but not loaded.
        scale: The number by which the decoder will divide width and height.
        size: The size of the source, in bytes.
    """
    count = image.width * image.height
    if isinstance(image, StillWebP):
        return _still_webp(image, scale, size)
    if (whole := when_opened(name, image.width, image.height, size)) is not None:
        return whole + _for_more_bits(image) * count
    held = _BYTES_A_PIXEL.get(image.mode, 4) * count
    shape = _FIXED + 8 * image.height + 4 * held // max(1, image.height)
    if isinstance(image, JpegImage):
        if image.lacks_end:  # two pictures in full size, and their difference, show if it is complete
            held, scale, shape = 3 * held, 1, shape + size
        coefficients = 2 * _samples(image) if image.info.get("progressive") or _scans_are_many(image) else 0
        return held // (scale * scale) + coefficients + shape
    if name == "jpeg2000":
        beside = image.beside if isinstance(image, Jpeg2000Image) else 8 * len(image.getbands())
        return (held + beside * count) // (scale * scale) + shape
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        turned = 2 if image.tag_v2.get(Base.Orientation, 1) != 1 else 1
        return turned * held + _piece(image, size) + shape
    if isinstance(image, PngImage):
        return held + image.beside + shape
    if name == "bmp" and any(tile[0] == "bmp_rle" for tile in image.tile):
        held *= 3  # Python decodes it, into one buffer and then another
    if isinstance(image, GifImage) and image.is_partial:
        held += 8 * count  # the screen, and the picture that is laid on it
    return held + shape


def thumbnails_bytes(size: tuple[int, int], boxes: Iterable[Box], shape: Shape) -> int:
    """Return the bytes that the thumbnails take until they are encoded, beyond what `decoded_bytes` has room for.

    Each of them is held twice while it is made, and the largest, which is the first, three times while it is sharpened.
    The first has a quarter of the fixed part of `decoded_bytes`.

    Args:
        size: The size of the picture, in pixels.
        boxes: The boxes of the thumbnails.
        shape: How the picture fits them.
    """
    first, *others = _pixels(size, boxes, shape)
    return max(0, 12 * first - _FIXED // 4) + 8 * sum(others)


def encoding_bytes(size: tuple[int, int], boxes: Iterable[Box], shape: Shape, formats: Iterable[str]) -> int:
    """Estimate the bytes that all thumbnails of an image take at most while they are encoded, one after the other.

    These are the pixels of all thumbnails, the largest one's encoder at work, and the files that are finished. The
    decoder of the source is gone by then.

    Args:
        size: The size of the picture, in pixels.
        boxes: The boxes of the thumbnails.
        shape: How the picture fits them.
        formats: The formats; each thumbnail is encoded in every one of them.
    """
    counts, names = _pixels(size, boxes, shape), list(formats)
    at_work = (max(_ENCODER[name] for name in names) + _BARS * (shape.fit == "contain")) * max(counts)
    return 4 * sum(counts) + at_work + sum(_FILE[name] for name in names) * sum(counts) + _FIXED


def _pixels(size: tuple[int, int], boxes: Iterable[Box], shape: Shape) -> list[int]:
    """Return how many pixels each thumbnail has at most, whichever side of the picture is up."""
    return [max(math.prod(shape.placement(*side, box).size) for side in (size, size[::-1])) for box in boxes]


def animation_bytes(animation: Animation, made: int, size: int) -> int:
    """Estimate the bytes that decoding an animation takes at its peak.

    These are the canvas, what a frame restores of it, its opaque form and a piece of it; the picture of a frame, what
    its decoder holds beside it, and what is drawn of it; its file; and the thumbnails of all frames, which are held
    until they are encoded, with what the encoder holds.

    Args:
        animation: The animation.
        made: The pixels of all frames of its thumbnails in all boxes.
        size: The size of its file, in bytes.
    """
    canvas = animation.width * animation.height
    return 16 * canvas + 30 * animation.largest + 3 * size + 8 * made + _FIXED + 8 * animation.height


def when_opened(name: str, width: int, height: int, size: int) -> int | None:
    """Estimate the bytes that a picture takes as soon as it is opened; None if that is next to nothing.

    Args:
        name: The name of the format.
        width: The width, in pixels; 0 if the decoder takes no memory for pixels yet.
        height: The height, in pixels; 0 likewise.
        size: The size of the source, in bytes.
    """
    if name not in _WITH_DECODER:
        return None
    return _WITH_DECODER[name] * width * height + _WHOLE_FILE.get(name, 0) * size + _FIXED


def _for_more_bits(image: ImageFile.ImageFile) -> int:
    """Return the bytes a pixel that HEIC and AVIF of more than 8 bits a channel take beyond `_WITH_DECODER`.

    Measured with 6 megapixels at 4:4:4 and 10 bits: HEIC takes 15.3, with alpha 20.6; AVIF takes 14.0, with alpha 17.3.
    """
    alpha = image.mode.endswith("A")
    if isinstance(image, AvifImage):
        return 4 if alpha and image.is_deep else 0
    deep = image.info.get("bit_depth", 8) > 8  # of HEIC, from pi_heif
    return 8 if deep and alpha else 3 if deep else 0


def _still_webp(image: StillWebP, scale: int, size: int) -> int:
    """Estimate the bytes that decoding a still WebP picture takes at its peak."""
    count = image.width * image.height
    # Measured with 12 megapixels, in bytes a pixel. Reduced by 13: lossy takes 0.1, lossless 4.1. Whole: lossy takes
    # 5.6, lossy with alpha 9.7, lossless 8.0, lossless with alpha 9.6.
    beside = 5 if image.lossless else 2 if image.mode == "RGBA" else 0
    return beside * count + 8 * count // (scale * scale) + _WHOLE_FILE["webp"] * size + _FIXED + 8 * image.height


def _scans_are_many(image: JpegImage) -> bool:
    """Whether the first scan of a JPEG holds fewer components than the picture has, so that other scans must follow.

    Pillow has read up to the end of that scan's header, so this looks back from there (ITU-T T.81, B.2.3).
    """
    fp = image.fp
    if fp is None:
        return False
    end = fp.tell()
    for components in range(1, len(image.layer) + 1):
        length = 6 + 2 * components
        fp.seek(max(0, end - length - 2))
        if fp.read(5) == bytes((0xFF, 0xDA, 0, length, components)):
            fp.seek(end)
            return components < len(image.layer)
    fp.seek(end)
    return True


def _samples(image: JpegImage) -> int:
    """Return how many samples the components of a JPEG have together, according to their subsampling."""
    layers = image.layer
    across = max((layer[1] for layer in layers), default=1) or 1
    down = max((layer[2] for layer in layers), default=1) or 1
    return sum(-(-image.width * layer[1] // across) * -(-image.height * layer[2] // down) for layer in layers)


def _piece(image: TiffImagePlugin.TiffImageFile, size: int) -> int:
    """Return the bytes of a strip or tile of a compressed TIFF, plus those of the file, which libtiff maps."""
    if isinstance(image, TiffImage) and (beside := image.beside) is not None:
        return beside
    tags = image.tag_v2
    if tags.get(TiffImagePlugin.COMPRESSION, 1) == 1:
        return 0
    width = tags.get(TiffImagePlugin.TILEWIDTH, image.width)
    height = tags.get(TiffImagePlugin.TILELENGTH, tags.get(TiffImagePlugin.ROWSPERSTRIP, image.height))
    bits = tags.get(TiffImagePlugin.BITSPERSAMPLE, (8,))
    if not isinstance(width, int) or not isinstance(height, int):
        return size + image.width * image.height * 8
    return size + int(width * min(height, max(image.size)) * sum(bits) // 8)
