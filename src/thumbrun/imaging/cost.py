"""How much memory decoding takes, from the header alone."""

from collections.abc import Iterable

from PIL import ImageFile, JpegImagePlugin, TiffImagePlugin
from PIL.ExifTags import Base

from thumbrun.imaging.geometry import Box
from thumbrun.imaging.png import PngImage
from thumbrun.imaging.webp import StillWebP

# Of the decoded picture as Pillow holds it; 4 for all modes that are not here.
_BYTES_A_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
# Of the picture and of all that its decoder holds beside it. Measured with 24 megapixels: WebP 16.1 to 17.0,
# AVIF 9.0 (4:2:0) to 11.4 (4:4:4 with alpha), HEIC 7.2 to 8.5; the rest is for 10 bits a channel.
_WITH_DECODER = {"webp": 18, "ico": 18, "avif": 14, "heic": 13}
# How often the file's bytes are held when it is opened: in one piece, and their metadata on the way to Pillow. Measured
# with 50 MB of EXIF: WebP 2.9, AVIF 5.0, HEIC 4.0.
_WHOLE_FILE = {"webp": 3, "avif": 5, "heic": 4}
_FIXED = 6 << 20  # buffers of the decoders, a piece while it is converted, the averaged picture, the thumbnail


def decoded_bytes(name: str, image: ImageFile.ImageFile, scale: int, size: int) -> int:
    """Estimate the bytes that decoding takes at its peak, beside the source's own: 1.0 to 1.6 times what it takes.

        animated WebP, ICO,         18, 18, 14 and 13 bytes a pixel: the picture and all that its decoder holds; and
        AVIF, HEIC                  the source 3, 0, 5 and 4 times
        still WebP                  8 bytes a pixel of the picture divided by the scale in both directions; beside it
                                    5 bytes a pixel if it is lossless, 2 if it is lossy with alpha; and the source 3
                                    times
        JPEG                        the picture, divided by the scale in both directions: 1 byte a pixel if it is
                                    grey, else 4; one in several scans, as progressive ones are, keeps all its
                                    coefficients beside it, 2 bytes for each sample of each component
                                    (24 megapixels at 4:2:0: 69 MiB)
        JPEG 2000                   the picture and 8 bytes for each component of a pixel, divided likewise
        TIFF                        the picture, twice if it is to be turned; compressed: a strip or tile, and the file
        PNG of 8 bits, no palette   the file, and 7 bytes a pixel, 4 with alpha, 1 if it is grey; above 64 MiB as others
        other PNG, GIF, BMP         the picture: 1 byte a pixel for grey and palettes, 2 for 16 bits, else 4;
                                    run-length coded BMP: three times that

    To this come a fixed part, 8 bytes for each row, and four rows: nothing, but of pictures of few columns or rows.
    What is converted before it is averaged is, piece by piece.

    Args:
        name: The format.
        image: Opened, not loaded.
        scale: By what the decoder will divide width and height.
        size: Of the source, in bytes.
    """
    count = image.width * image.height
    if isinstance(image, StillWebP):
        return _still_webp(image, scale, size)
    if (whole := when_opened(name, image.width, image.height, size)) is not None:
        return whole
    held = _BYTES_A_PIXEL.get(image.mode, 4) * count
    shape = _FIXED + 8 * image.height + 4 * held // max(1, image.height)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        coefficients = 2 * _samples(image) if image.info.get("progressive") or _scans_are_many(image) else 0
        return held // (scale * scale) + coefficients + shape
    if name == "jpeg2000":
        return (held + 8 * len(image.getbands()) * count) // (scale * scale) + shape
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        turned = 2 if image.tag_v2.get(Base.Orientation, 1) != 1 else 1
        return turned * held + _piece(image, size) + shape
    if isinstance(image, PngImage):
        return held + image.beside + shape
    if name == "bmp" and any(tile[0] == "bmp_rle" for tile in image.tile):
        held *= 3  # decoded by Python, into one buffer and then another
    return held + shape


def of_smaller(size: tuple[int, int], boxes: Iterable[Box]) -> int:
    """Return the bytes that thumbnails beside the largest take until they are encoded: each twice, while it is made.

    Args:
        size: Of the picture, in pixels.
        boxes: That they must fit.
    """
    return sum(8 * min(size[0] * size[1], width * height) for width, height in boxes)


def when_opened(name: str, width: int, height: int, size: int) -> int | None:
    """Estimate the bytes that a picture takes as soon as it is opened; None where that is next to nothing.

    Args:
        name: The format.
        width: In pixels; 0 where the decoder takes no memory for them yet.
        height: As width.
        size: Of the source, in bytes.
    """
    if name not in _WITH_DECODER:
        return None
    return _WITH_DECODER[name] * width * height + _WHOLE_FILE.get(name, 0) * size + _FIXED


def _still_webp(image: StillWebP, scale: int, size: int) -> int:
    """Measured with 12 megapixels.

    Reduced by 13: lossy 0.1, lossless 4.1 bytes a pixel; whole: lossy 5.6, with alpha 9.7, lossless 8.0, with
    alpha 9.6.
    """
    count = image.width * image.height
    beside = 5 if image.lossless else 2 if image.mode == "RGBA" else 0
    return beside * count + 8 * count // (scale * scale) + _WHOLE_FILE["webp"] * size + _FIXED + 8 * image.height


def _scans_are_many(image: JpegImagePlugin.JpegImageFile) -> bool:
    """Whether the first scan of a JPEG holds fewer components than the picture has, so that others must follow.

    Pillow has read up to the end of that scan's header, which is looked at from there (ITU-T T.81, B.2.3).
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


def _samples(image: JpegImagePlugin.JpegImageFile) -> int:
    """Return how many samples the components of a JPEG have together, by their subsampling."""
    layers = image.layer
    across = max((layer[1] for layer in layers), default=1) or 1
    down = max((layer[2] for layer in layers), default=1) or 1
    return sum(-(-image.width * layer[1] // across) * -(-image.height * layer[2] // down) for layer in layers)


def _piece(image: TiffImagePlugin.TiffImageFile, size: int) -> int:
    """Return the bytes of a strip or tile of a compressed TIFF, and of the file, which libtiff maps."""
    tags = image.tag_v2
    if tags.get(TiffImagePlugin.COMPRESSION, 1) == 1:
        return 0
    width = tags.get(TiffImagePlugin.TILEWIDTH, image.width)
    height = tags.get(TiffImagePlugin.TILELENGTH, tags.get(TiffImagePlugin.ROWSPERSTRIP, image.height))
    bits = tags.get(TiffImagePlugin.BITSPERSAMPLE, (8,))
    if not isinstance(width, int) or not isinstance(height, int):
        return size + image.width * image.height * 8
    return size + int(width * min(height, max(image.size)) * sum(bits) // 8)
