"""Decodes AVIF pictures by Pillow, and adds what Pillow passes over: colours by number, and the crop of `clap`."""

import contextlib
import struct
from fractions import Fraction
from typing import Any

from PIL import AvifImagePlugin, ExifTags, Image

from thumbrun.imaging.colours.numbers import ColourSpace, colour_space
from thumbrun.imaging.heif import av1, properties

_FIRST = 1024  # bytes of the coded picture in which to look for what it says of its colours


class AvifImage(AvifImagePlugin.AvifImageFile):
    """An AVIF picture with Pillow's interface. Once loaded, it has the size to which the file crops it.

    Attributes:
        space: The colour space that the file states by numbers, None if it is that of sRGB.
        is_deep: Whether a channel has more than 8 bits; it might if the file does not say.
    """

    space: ColourSpace | None = None
    is_deep = True
    _aperture: tuple[int, int, int, int] | None = None

    def _open(self) -> None:
        try:
            super()._open()
        except (SyntaxError, ValueError, struct.error, TypeError, KeyError):
            if not self.size[0]:
                raise
            # Only the EXIF block is broken. The picture's orientation is in the container.
            exif = Image.Exif()
            exif[ExifTags.Base.Orientation] = self._decoder.get_info()[5]
            self.info["exif"] = exif.tobytes()
            self.seek(0)
        with contextlib.suppress(struct.error, IndexError):  # libavif has read the file, so it judges the boxes
            self._read_properties()

    def _read_properties(self) -> None:
        assert self.fp is not None  # noqa: S101  (Pillow has just read it)
        numbered = False
        for name, value in properties.of_primary(self.fp):
            if name == b"colr" and value[:4] == b"nclx" and not numbered:
                self.space, numbered = colour_space(*struct.unpack_from(">HH", value, 4)), True
            elif name == b"pixi":  # the bits of each channel (ISO/IEC 23008-12, 6.5.6)
                self.is_deep = max(value[5:], default=9) > 8
            elif name == b"clap":
                self._aperture = cropped(value, self.size)
        if not numbered and (numbers := av1.colour_numbers(properties.first_bytes(self.fp, _FIRST))):
            self.space = colour_space(*numbers)

    def load(self) -> Any:
        """Decode the picture, and crop it.

        Raises:
            Exception: The picture is broken; Pillow raises exceptions of any kind.
        """
        loaded = super().load()
        if self._aperture is not None:
            box, self._aperture = self._aperture, None
            del self._decoder  # it holds the whole picture, which would lie beside both others
            self.fp = None
            self.im = self.im.crop(box)
            self._size = self.im.size
            loaded = super().load()
        return loaded


def cropped(clean_aperture: bytes, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the box that a clean aperture leaves of a picture, in pixels: left, upper, right, lower.

    It is given by its width and height, and by how far its centre is from that of the picture, each a fraction
    (ISO/IEC 14496-12, 12.1.4). Like libavif, this takes only whole pixels.

    Raises:
        ValueError: The box is no part of the picture.
        struct.error: The property is cut short.
    """
    numbers = struct.unpack_from(">IIIIiIiI", clean_aperture)
    if not all(numbers[1::2]):
        raise ValueError("the clean aperture (clap) is a fraction of zero")
    width, height, right, down = (Fraction(*numbers[at : at + 2]) for at in range(0, 8, 2))
    left, upper = (size[0] - width) / 2 + right, (size[1] - height) / 2 + down
    box = (left, upper, left + width, upper + height)
    if any(side.denominator != 1 for side in box):
        raise ValueError("the clean aperture (clap) is not of whole pixels")
    if not (0 <= left < box[2] <= size[0] and 0 <= upper < box[3] <= size[1]):
        raise ValueError("the clean aperture (clap) is no part of the picture")
    return int(left), int(upper), int(box[2]), int(box[3])
