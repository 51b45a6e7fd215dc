"""Decodes JPEG 2000 pictures: any bits, signed or not, channels of different sizes, in any order, palettes.

OpenJPEG gives the components of the codestream. This makes channels of them by palette (pclr, cmap), sorts these by
their definitions (cdef), and brings them to 8 bits and one size, by the colour space that the file names (ITU-T T.800,
I.5.3). What is no picture for sure, such as five channels that nothing defines, is refused by name.
"""

from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, Jpeg2KImagePlugin

from thumbrun.imaging.colours.numbers import ColourSpace
from thumbrun.imaging.jpeg2000 import header as jpeg2000_header
from thumbrun.imaging.jpeg2000 import openjpeg
from thumbrun.imaging.jpeg2000.header import Header
from thumbrun.imaging.jpeg2000.openjpeg import Samples

_COLOURS = {"grey": 1, "white is 0": 1, "RGB": 3, "CMY": 3, "YCC": 3, "CMYK": 4}
_MODES = {"grey": "L", "white is 0": "L", "RGB": "RGB", "CMY": "RGB", "YCC": "YCbCr", "CMYK": "CMYK"}
_INVERTED = ("white is 0", "CMY")
_GUESSED = {1: "grey", 2: "grey", 3: "RGB", 4: "RGB"}  # by the number of channels, if the file says nothing
_COLOUR, _OPACITY, _MULTIPLIED = 0, 1, 2  # kinds of channels (ITU-T T.800, table I.16)
_MOST_CHANNELS = 16
_PIECE = 1 << 17  # pixels to convert at once
_FULL = 255


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of a decoded picture.

    Attributes:
        samples: The component that it is, or of which a palette makes it.
        column: The column of the palette that maps the component; None if nothing does.
        kind: 0 for colour, 1 for opacity, 2 for opacity that the colours are multiplied with, else unspecified.
        colour: For colour, which one it is, from 1; 0 for opacity of all colours.
    """

    samples: Samples
    column: jpeg2000_header.Column | None
    kind: int
    colour: int


class Jpeg2000Image(ImageFile.ImageFile):
    """A JPEG 2000 picture that can be decoded to a half, a quarter and so on of its size.

    Attributes:
        header: What the file says of the picture.
    """

    format = "JPEG2000"
    header: Header
    _halvings = 0

    def _open(self) -> None:
        assert self.fp is not None  # noqa: S101  (Pillow has just got it)
        self.header = jpeg2000_header.read(self.fp)
        self._size = self.header.size
        if self.header.unknown:
            raise ValueError(f"{self.header.unknown} is not read")
        channels = len(self.header.maps) or len(self.header.components)
        if channels > _MOST_CHANNELS:
            raise ValueError(f"{channels} channels are not read")
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
        return 0 if self.header.maps else self.header.levels

    @property
    def beside(self) -> int:
        """The bytes a pixel that decoding takes beside the picture: 4 for each component, twice while it is decoded."""
        return 8 * len(self.header.components)

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
            with openjpeg.decoded(self.fp, self.header.start, self._halvings) as components:
                made = self._drawn(_channels(self.header, components))
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
    if not plain or header.maps or header.definitions or header.model not in ("", "grey", "RGB"):
        raise ValueError("such channels are not read without OpenJPEG's own interface")
    source.seek(0)
    return Jpeg2KImagePlugin.Jpeg2KImageFile(source)


def _channels(header: Header, components: list[Samples]) -> list[Channel]:
    """Return the channels, which are the components or what the palette makes of them, with their definitions.

    Raises:
        ValueError: The palette maps what does not exist.
    """
    maps = header.maps or [(index, 0, 0) for index in range(len(components))]
    if any(component >= len(components) or (by and column >= len(header.palette)) for component, by, column in maps):
        raise ValueError("the palette maps a component or column that does not exist")
    defined = {channel: (kind, colour) for channel, kind, colour in header.definitions}
    return [
        Channel(
            components[component], header.palette[column] if by else None, *defined.get(index, (_COLOUR, index + 1))
        )
        for index, (component, by, column) in enumerate(maps)
    ]


def _sorted(header: Header, channels: list[Channel]) -> tuple[str, list[Channel], Channel | None]:
    """Return what the channels of colour are, these channels in their order, and that of opacity.

    Raises:
        ValueError: It is not known what the channels mean.
    """
    colours = sorted((channel for channel in channels if channel.kind == _COLOUR), key=lambda channel: channel.colour)
    opacities = [channel for channel in channels if channel.kind in (_OPACITY, _MULTIPLIED)]
    model = header.model or _GUESSED.get(len(colours) + len(opacities), "")
    if _COLOURS.get(model) == 3 and len(colours) + len(opacities) <= 2:
        model = "grey"
    count = _COLOURS.get(model, 0)
    # Without definitions, one channel too many is opacity by common practice, though all should be colours.
    if len(colours) == count + 1 and not header.definitions:
        opacities = [colours.pop()]
    known = [channel.colour for channel in colours] in ([*range(1, count + 1)], [0])
    if not known or len(colours) != count or len(opacities) > 1 or (model == "CMYK" and opacities):
        raise ValueError(
            f"{len(channels)} channels, of which {len(opacities)} of opacity, are not read ({model or '?'})"
        )
    if model == "RGB" and any(c.samples.values.shape != colours[0].samples.values.shape for c in colours):
        if header.model:
            raise ValueError("red, green and blue of different sizes are not read")
        model = "YCC"
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
    values: NDArray[Any] = channel.samples.values
    high, wide = values.shape
    values = (
        values[rows.start : rows.stop] if high == height else values[np.arange(rows.start, rows.stop) * high // height]
    )
    if wide != width:
        values = values[:, np.arange(width) * wide // width]
    bits, signed = channel.samples.bits, channel.samples.signed
    if channel.column is not None:
        bits, signed = channel.column.bits, channel.column.signed
        values = np.array(channel.column.values)[values.clip(0, len(channel.column.values) - 1)]
    most = (1 << bits) - 1
    if signed:
        values = values.astype(np.int64) + (1 << (bits - 1))
    values = values.clip(0, most)
    return values.astype(np.uint8) if bits == 8 else (values * (_FULL / most) + 0.5).astype(np.uint8)
