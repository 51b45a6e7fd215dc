"""Decodes JPEG 2000 pictures: any bits, signed or not, channels of different sizes, in any order, palettes.

OpenJPEG gives the channels, with palettes (pclr, cmap) and definitions (cdef) applied. This brings them to 8 bits and
one size, by the colour space that the file names. What is no picture for sure, such as five channels that nothing
defines, is refused by name.
"""

from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, Jpeg2KImagePlugin

from thumbrun.imaging import jpeg2000_header, openjpeg
from thumbrun.imaging.colour_numbers import ColourSpace
from thumbrun.imaging.openjpeg import Channel

_COLOURS = {"grey": 1, "white is 0": 1, "RGB": 3, "CMY": 3, "YCC": 3, "CMYK": 4}
_MODES = {"grey": "L", "white is 0": "L", "RGB": "RGB", "CMY": "RGB", "YCC": "YCbCr", "CMYK": "CMYK"}
_INVERTED = ("white is 0", "CMY")
_GUESSED = {1: "grey", 2: "grey", 3: "RGB", 4: "RGB"}  # by the number of channels, if the file says nothing
_COLOUR, _OPACITY, _MULTIPLIED = 0, 1, 2  # kinds of channels (ITU-T T.800, table I.16)
_PIECE = 1 << 17  # pixels to convert at once
_FULL = 255


class Jpeg2000Image(ImageFile.ImageFile):
    """A JPEG 2000 picture that can be decoded to a half, a quarter and so on of its size.

    Attributes:
        header: What the file says of the picture.
    """

    format = "JPEG2000"
    header: jpeg2000_header.Header
    _halvings = 0

    def _open(self) -> None:
        assert self.fp is not None  # noqa: S101  (Pillow has just got it)
        self.header = jpeg2000_header.read(self.fp)
        self._size = self.header.size
        if self.header.unknown:
            raise ValueError(f"{self.header.unknown} is not read")
        channels = self.header.channels or len(self.header.components)
        self._mode = "L" if channels == 1 else "RGBA"
        self.tile = []
        if self.header.profile:
            self.info["icc_profile"] = self.header.profile

    @property
    def space(self) -> ColourSpace | None:
        """The colour space that the file states by numbers, None if it is that of sRGB."""
        return self.header.space

    @property
    def levels(self) -> int:
        """How often the picture can be halved. The indexes of a palette cannot, as halving averages them."""
        return 0 if self.header.channels else self.header.levels

    @property
    def beside(self) -> int:
        """The bytes a pixel that decoding takes beside the picture.

        OpenJPEG has 4 bytes for each sample, while it decodes a tile twice; a palette makes a third set.
        """
        return 8 * len(self.header.components) + 4 * self.header.channels

    def divide(self, scale: int) -> None:
        """Divide the width and height to decode by this power of two, rounded up."""
        self._halvings = scale.bit_length() - 1

    def load(self) -> Any:
        """Decode the picture.

        Raises:
            MemoryError: There is not enough memory.
            OSError: The picture is broken; the message is OpenJPEG's.
            ValueError: It is not known what the channels mean.
        """
        if self._halvings >= 0:
            assert self.fp is not None  # noqa: S101  (it is open until it is loaded)
            with openjpeg.decoded(self.fp, self._halvings, boxed=self.header.boxed) as channels:
                made = self._drawn(channels)
            self._halvings = -1
            self._mode, self._size = made.mode, made.size
            self.im, self.readonly = made.im, 0
        return super().load()

    def _drawn(self, channels: list[Channel]) -> Image.Image:
        model, colours, opacity = _sorted(self.header, channels)
        width, height = (-(-side >> self._halvings) for side in self.header.size)
        stored = _MODES[model]
        mode = "RGB" if stored == "YCbCr" else stored
        if opacity is not None:
            mode += "A"
        made = Image.new(mode, (width, height))
        rows = max(1, _PIECE // width)
        for top in range(0, height, rows):
            shown = range(top, min(top + rows, height))
            values = np.stack([_eight_bits(channel, shown, width, height) for channel in colours], -1)
            if model in _INVERTED:
                values = _FULL - values
            part = Image.frombytes(stored, (width, len(shown)), values.tobytes())
            part = part.convert("RGB") if stored == "YCbCr" else part
            if opacity is not None:
                part = _with_opacity(part, _eight_bits(opacity, shown, width, height), opacity.kind)
            made.paste(part, (0, top))
        return made


def open_jpeg2000(source: IO[bytes]) -> ImageFile.ImageFile:
    """Read the header of a JPEG 2000 file.

    Where OpenJPEG's interface is not found, Pillow decodes what it surely understands.

    Raises:
        ValueError, struct.error, OSError: The header is broken, or not understood.
    """
    if openjpeg.is_found():
        return Jpeg2000Image(source)
    header = jpeg2000_header.read(source)
    plain = {(part.bits, part.signed, part.across, part.down) for part in header.components} == {(8, False, 1, 1)}
    if not plain or header.channels or header.model not in ("", "grey", "RGB"):
        raise ValueError("such channels are not read without OpenJPEG's own interface")
    source.seek(0)
    return Jpeg2KImagePlugin.Jpeg2KImageFile(source)


def _sorted(header: jpeg2000_header.Header, channels: list[Channel]) -> tuple[str, list[Channel], Channel | None]:
    """Return what the channels of colour are, these channels, and that of opacity.

    Raises:
        ValueError: It is not known what the channels mean.
    """
    colours = [channel for channel in channels if channel.kind == _COLOUR]
    opacities = [channel for channel in channels if channel.kind in (_OPACITY, _MULTIPLIED)]
    model = header.model or _GUESSED.get(len(colours) + len(opacities), "")
    count = _COLOURS.get(model, 0)
    if count == 3 and len(colours) <= 2:
        model, count = "grey", 1
    # Without definitions, one channel too many is opacity by common practice, though all should be colours.
    if len(colours) == count + 1 and len(colours) == len(channels):
        opacities = [colours.pop()]
    smaller = any(part.across != header.components[0].across for part in header.components[1:3])
    if model == "RGB" and smaller and not header.channels:
        if header.model:
            raise ValueError("red, green and blue of different sizes are not read")
        model = "YCC"
    if len(colours) != count or len(opacities) > 1 or (model == "CMYK" and opacities):
        raise ValueError(
            f"{len(channels)} channels, of which {len(opacities)} of opacity, are not read ({model or '?'})"
        )
    return model, colours, opacities[0] if opacities else None


def _with_opacity(part: Image.Image, opacity: NDArray[np.uint8], kind: int) -> Image.Image:
    """Return a part of a picture with its opacity; colours that are multiplied with it are divided again."""
    mode = part.mode + "A"
    shown = Image.merge(mode, (*part.split(), Image.fromarray(opacity)))
    if kind != _MULTIPLIED:
        return shown
    return Image.frombytes(mode.replace("A", "a"), shown.size, shown.tobytes()).convert(mode)


def _eight_bits(channel: Channel, rows: range, width: int, height: int) -> NDArray[np.uint8]:
    """Return rows of a channel in 8 bits, of shape (rows, width); a smaller channel's pixels are repeated."""
    values: NDArray[Any]
    high, wide = channel.values.shape
    if high == height:
        values = channel.values[rows.start : rows.stop]
    else:
        values = channel.values[np.arange(rows.start, rows.stop) * high // height]
    if wide != width:
        values = values[:, np.arange(width) * wide // width]
    most = (1 << channel.bits) - 1
    if channel.signed:
        values = values.astype(np.int64) + (1 << (channel.bits - 1))
    values = values.clip(0, most)
    if channel.bits == 8:
        return values.astype(np.uint8)
    return (values * (_FULL / most) + 0.5).astype(np.uint8)
