"""Reads what a JPEG 2000 file says of its picture before it is decoded: size, channels, colours, wavelet levels."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from thumbrun.imaging.colours.numbers import ColourSpace, colour_space

_MOST = 1 << 24  # bytes of a header; a profile is the largest part of it
_MOST_BOXES = 1000
_MOST_ENTRIES = 1024  # of a palette (ITU-T T.800, I.5.3.4)
_CODESTREAM = b"\xff\x4f\xff\x51"
# ROMM RGB (ISO 22028-2): x and y of red, green, blue and white, and its exponent.
_ROMM = ColourSpace((0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001, 0.3457, 0.3585), 1.8)
# The enumerated colour spaces that are read, as what their channels are (ITU-T T.800, table I.10; T.801, table M.25).
_ENUMERATED = {0: "white is 0", 11: "CMY", 12: "CMYK", 15: "grey", 16: "RGB", 17: "grey", 18: "YCC", 21: "RGB"}
_OF_PROFILES = {b"GRAY": "grey", b"RGB ": "RGB", b"CMYK": "CMYK"}


@dataclass(frozen=True, slots=True)
class Component:
    """A component of the codestream: its bits, and how many of the picture's pixels its samples are apart."""

    bits: int
    signed: bool
    across: int
    down: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a palette: what each index stands for, and how many bits that has."""

    values: tuple[int, ...]
    bits: int
    signed: bool


@dataclass(slots=True)
class Header:
    """What a file says of its picture.

    Attributes:
        size: The width and height, in pixels.
        components: The components of the codestream.
        levels: How often every component can be halved.
        start: Where the codestream begins in the file.
        model: What the channels of colour are: `grey`, `white is 0`, `RGB`, `CMY`, `CMYK` or `YCC`; "" if nothing says.
        space: What red, green and blue mean by number; None for sRGB.
        profile: The profile that says what they mean.
        unknown: The colour specification that is not understood, if there is no other.
        palette: The columns of the palette.
        maps: The channels that the palette makes: each is a component, whether a column maps it, and which one; none if
            the components are the channels.
        definitions: What channels are: each is a channel, its kind, and which colour it is or belongs to.
    """

    size: tuple[int, int]
    components: list[Component]
    levels: int
    start: int
    model: str = ""
    space: ColourSpace | None = None
    profile: bytes | None = None
    unknown: str = ""
    palette: list[Column] = field(default_factory=list)
    maps: list[tuple[int, int, int]] = field(default_factory=list)
    definitions: list[tuple[int, int, int]] = field(default_factory=list)


def read(source: IO[bytes]) -> Header:
    """Read the header of a file.

    Raises:
        ValueError, struct.error: The header is broken or cut short.
    """
    source.seek(0)
    if source.read(4) == _CODESTREAM:
        return _codestream(source, 0)
    inside = b""
    for name, begin, end in _boxes_of(source):
        if name == b"jp2h" and not inside:
            source.seek(begin)
            inside = source.read(min(end - begin, _MOST))
        elif name == b"jp2c":
            header = _codestream(source, begin)
            _read_colours(header, inside)
            return header
    raise ValueError("the file has no codestream, or is truncated before it")


def _codestream(source: IO[bytes], at: int) -> Header:
    """Read the main header of a codestream: SIZ, COD and COC (ITU-T T.800, A.5.1, A.6.1 and A.6.2)."""
    source.seek(at)
    if source.read(2) != _CODESTREAM[:2]:
        raise ValueError("the codestream does not begin with its marker")
    header: Header | None = None
    levels: list[int] = []
    for marker, content in _segments(source):
        if marker == 0x51:
            right, lower, left, upper = struct.unpack_from(">4I", content, 2)
            (count,) = struct.unpack_from(">H", content, 34)
            parts = [content[36 + 3 * index : 39 + 3 * index] for index in range(count)]
            if right <= left or lower <= upper or not all(len(part) == 3 and part[1] and part[2] for part in parts):
                raise ValueError("the size in the header is broken")
            components = [Component((part[0] & 0x7F) + 1, part[0] > 0x7F, part[1], part[2]) for part in parts]
            header = Header((right - left, lower - upper), components, 0, at)
        elif marker == 0x52:
            levels.append(content[5])
        elif marker == 0x53 and header:
            levels.append(content[2 if len(header.components) < 257 else 3])
    if header is None or not header.components:
        raise ValueError("the codestream has no size")
    header.levels = min(levels, default=0)
    return header


def _segments(source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield each marker segment of the main header, which ends where the first tile begins."""
    for _ in range(_MOST_BOXES):
        head = source.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0x90, 0xD9):
            return
        (length,) = struct.unpack_from(">H", head, 2)
        yield head[1], source.read(max(0, length - 2)) + bytes(8)


def _boxes_of(source: IO[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, begin and end of the content of each box of the file (ITU-T T.800, I.4)."""
    at, size = 0, source.seek(0, 2)
    for _ in range(_MOST_BOXES):
        source.seek(at)
        head = source.read(16)
        if len(head) < 8:
            return
        length, name = struct.unpack_from(">I4s", head)
        begin = at + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", head, 8)
            begin += 8
        end = size if length == 0 else at + length
        if end < begin:
            raise ValueError("a box is shorter than its head")
        yield name, begin, end
        at = end


def _boxes_in(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, at)
        length = length or len(data) - at
        if length < 8:
            return
        yield name, data[at + 8 : at + length]
        at += length


def _read_colours(header: Header, inside: bytes) -> None:
    """Read the boxes of the JP2 header (ITU-T T.800, I.5.3).

    Only the first colour specification that is understood counts.
    """
    for name, content in _boxes_in(inside):
        match name:
            case b"colr" if not header.model and len(content) >= 3:
                _specify(header, content)
            case b"pclr":
                header.palette = list(_columns(content))
            case b"cmap":
                header.maps = list(struct.iter_unpack(">HBB", content[: len(content) // 4 * 4]))
            case b"cdef":
                (count,) = struct.unpack_from(">H", content)
                header.definitions = list(struct.iter_unpack(">3H", content[2 : 2 + 6 * count]))
    if not header.palette:
        header.maps = []
    if header.model:
        header.unknown = ""


def _columns(content: bytes) -> Iterator[Column]:
    """Read a palette: how many entries and columns it has, the bits of each column, and entry by entry their values."""
    entries, count = struct.unpack_from(">HB", content)
    depths = content[3 : 3 + count]
    widths = [((depth & 0x7F) + 8) // 8 for depth in depths]  # bytes of a value
    row = sum(widths)
    if not 1 <= entries <= _MOST_ENTRIES or len(depths) < count or 3 + count + entries * row > len(content):
        raise ValueError("the palette is broken")
    begin = 3 + count
    for depth, width in zip(depths, widths, strict=True):
        signed = depth > 0x7F
        places = range(begin, begin + entries * row, row)
        values = tuple(int.from_bytes(content[at : at + width], "big", signed=signed) for at in places)
        yield Column(values, (depth & 0x7F) + 1, signed)
        begin += width


def _specify(header: Header, content: bytes) -> None:
    """Take one colour specification: an enumerated one, a profile, or numbers (ITU-T T.800, I.5.3.3)."""
    method = content[0]
    if method == 1:
        (number,) = struct.unpack_from(">I", content, 3)
        header.model = _ENUMERATED.get(number, "")
        header.space = _ROMM if number == 21 else None
        header.unknown = header.unknown or f"the enumerated colour space {number}"
    elif method in (2, 3):
        profile = content[3:]
        header.model = _OF_PROFILES.get(profile[16:20], "")
        header.profile = profile if header.model else None
        if profile[36:40] == b"acsp":  # a broken profile is as none
            header.unknown = header.unknown or f"a profile of the space {profile[16:20].decode('ascii', 'replace')!r}"
    elif method == 5:
        primaries, transfer, matrix = struct.unpack_from(">3H", content, 3)
        full = len(content) > 9 and content[9] >> 7 == 1
        header.unknown = header.unknown or f"the colour space by the numbers {primaries}/{transfer}/{matrix}"
        if matrix == 0 and full:
            header.model, header.space = "RGB", colour_space(primaries, transfer)
