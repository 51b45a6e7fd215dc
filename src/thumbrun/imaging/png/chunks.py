"""Reads the chunks of a PNG, so that only those that the picture needs reach a decoder.

A decoder that meets a broken text or a short background colour refuses the whole picture. So thumbrun passes on the
chunks without which there is no picture, and reads itself those few others that change how it looks. All others do not
matter, whatever they hold (PNG, third edition, 4.8 and 13.2).
"""

import contextlib
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, cast

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_MOST_CHUNKS = 10_000  # before the pixels; a file can hold millions of empty ones
_MOST_READ = 16 << 20  # bytes of a chunk or of a profile; larger ones count as broken
_HEAD = struct.Struct(">I4s")
_CRITICAL = (b"IHDR", b"PLTE")
_LONGEST_CRITICAL = 768  # bytes: a palette of 256 colours
# What most screenshots have. No decoder makes other pixels, or much more than their own bytes, of these chunks.
_HARMLESS = (b"sRGB", b"gAMA", b"cHRM", b"cICP", b"iCCP", b"pHYs", b"sBIT", b"bKGD", b"tIME", b"eXIf", b"tEXt", b"iTXt")
_MOST_HARMLESS = 1 << 16  # bytes of all chunks before the pixels, or of the profile that they hold
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # 11.2.1, table 11.1
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# First column and row of each pass of Adam7, and the steps between its columns and rows (8.2).
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(slots=True)
class Header:
    """What the chunks before the pixels tell.

    Attributes:
        width: The width, in pixels; 0 if there is no proper header.
        height: The height, in pixels.
        bits: The bits of a sample.
        colour_type: The number of the colour type.
        interlaced: Whether the rows come in seven passes.
        palette: The number of colours in the palette, 0 if there is none.
        info: What Pillow calls the info of a picture: `gamma`, `chromaticity`, `srgb`, `icc_profile`, `exif`, `cicp`
            (4 bytes), and `transparency` of a picture with a palette.
        transparent: The samples of the colour that is transparent, in the picture's own bits; empty if there is none.
        broken_profile: Whether the file has a colour profile that cannot be read.
        harmless: Whether a decoder can as well get the file with all its chunks: without a copy, this is faster.
    """

    width: int = 0
    height: int = 0
    bits: int = 8
    colour_type: int = 0
    interlaced: bool = False
    palette: int = 0
    info: dict[str | tuple[int, int], Any] = field(default_factory=dict)
    transparent: tuple[int, ...] = ()
    broken_profile: bool = False
    harmless: bool = True

    def size_of_rows(self) -> int:
        """Return how many bytes the rows of the picture have together, their filter types included (9.2)."""
        bits = self.bits * _SAMPLES[self.colour_type]
        if not self.interlaced:
            return self.height * (1 + (self.width * bits + 7) // 8)
        total = 0
        for left, top, across, down in _PASSES:
            columns, rows = -(-max(0, self.width - left) // across), -(-max(0, self.height - top) // down)
            total += rows * (1 + (columns * bits + 7) // 8) if columns else 0
        return total


class PixelData:
    """The joint content of the IDAT chunks of a file, to be read in order."""

    def __init__(self, source: IO[bytes], start: int) -> None:
        """Begin at the position `start` of the first chunk."""
        self._source, self._at, self._left = source, start, 0
        self._ended = False
        self._begin_chunk()

    def read(self, most: int) -> bytes:
        """Return the next bytes, at most `most`; none at the end.

        Raises:
            SyntaxError: No chunk follows where one must.
        """
        self._source.seek(self._at)
        while not self._ended and not self._left:
            self._next_chunk()
        if self._ended:
            return b""
        content = self._source.read(min(most, self._left))
        self._at += len(content)
        self._left -= len(content)
        self._ended = not content
        return content

    def end(self) -> int:
        """Return the position of the first chunk behind the pixels, without reading what is before it."""
        while not self._ended:
            self._at += self._left
            self._next_chunk()
        return self._at

    def _next_chunk(self) -> None:
        self._at += 4  # the checksum; the stream within has another one
        self._begin_chunk()

    def _begin_chunk(self) -> None:
        self._source.seek(self._at)
        head = self._source.read(8)
        length, name = _HEAD.unpack(head) if len(head) == 8 else (0, b"IEND")
        if name != b"IDAT":
            if not name.isalnum():
                raise SyntaxError(f"broken PNG file (chunk {name!r})")  # as Pillow calls it
            self._ended = True
            return
        self._at += 8
        self._left = length


class Spliced(io.BufferedIOBase):
    """A file that begins with other bytes than its source."""

    def __init__(self, prefix: bytes, source: IO[bytes], start: int) -> None:
        """Make the file of `prefix`, and of the source from the position `start` on."""
        self._prefix, self._source, self._start = prefix, source, start
        self._at = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes."""
        before = b""
        if self._at < len(self._prefix):
            end = len(self._prefix) if size is None or size < 0 else self._at + size
            before = self._prefix[self._at : end]
            self._at += len(before)
            if size is not None and 0 <= size == len(before):
                return before
        wanted = -1 if size is None or size < 0 else size - len(before)
        self._source.seek(self._start + self._at - len(self._prefix))
        after = self._source.read(wanted)
        self._at += len(after)
        return before + after if before else after

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to a position, and return it."""
        if whence == 1:
            offset += self._at
        elif whence == 2:
            offset += len(self._prefix) + self._source.seek(0, 2) - self._start
        self._at = max(0, offset)
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seekable(self) -> bool:
        """Whether `seek` works: it does."""
        return True

    def readable(self) -> bool:
        """Whether `read` works: it does."""
        return True


def filtered(source: IO[bytes]) -> tuple[IO[bytes], Header]:
    """Return a PNG without the chunks that do not matter before its pixels, and what those chunks tell that do.

    Where the chunks are odd, the rest of the file is passed on as it is, so that its decoder judges it. A file without
    chunks to leave out is returned itself: reading it whole then copies nothing.

    Args:
        source: The file, at its start.

    Raises:
        ValueError: The picture needs what thumbrun does not read; the message says what.
    """
    header, passed, at, wrong = Header(), [source.read(len(SIGNATURE))], len(SIGNATURE), False
    for _ in range(_MOST_CHUNKS):
        source.seek(at)
        head = source.read(8)
        if len(head) < 8:
            break
        length, name = _HEAD.unpack(head)
        if name in (b"IDAT", b"IEND") or not name.isalpha():
            break
        if name[:1].isupper():
            content = source.read(length + 4) if length <= _LONGEST_CRITICAL else b""
            if not _is_sound(name, length, content):
                wrong = True  # the decoder gets it, and refuses it
                break
            if name not in _CRITICAL:
                raise ValueError(_unknown(name))
            passed.append(head + content)
            _READERS[name](header, content[:-4])
        else:
            header.harmless &= name in _HARMLESS
            if name in _READERS:
                _read(header, name, length, source)
        at += 12 + length
    header.harmless &= max(at, len(header.info.get("icc_profile", b""))) <= _MOST_HARMLESS and not header.broken_profile
    if not wrong:
        _check(header)
    prefix = b"".join(passed)
    return source if len(prefix) == at else cast(IO[bytes], Spliced(prefix, source, at)), header


def read_behind(header: Header, source: IO[bytes], at: int) -> None:
    """Read the chunks behind the pixels. Only EXIF matters there, and nothing there can be wrong.

    Args:
        header: Where to note what they tell.
        source: The file.
        at: The position of the first of these chunks.
    """
    for _ in range(_MOST_CHUNKS):
        source.seek(at)
        head = source.read(8)
        if len(head) < 8:
            return
        length, name = _HEAD.unpack(head)
        if name == b"IEND" or not name.isalpha():
            return
        if name == b"eXIf" and "exif" not in header.info:
            _read(header, name, length, source)
        at += 12 + length


def _unknown(name: bytes) -> str:
    if name == b"CgBI":
        return "the pixels are in Apple's own form for iPhones (CgBI), which is not PNG"
    return f"the picture needs a chunk {name.decode('ascii', 'replace')}, which no standard describes"


def _read(header: Header, name: bytes, length: int, source: IO[bytes]) -> None:
    """Read a chunk without which there is a picture, too; note nothing if it is broken."""
    content = source.read(length + 4) if length <= _MOST_READ else b""
    if _is_sound(name, length, content):
        with contextlib.suppress(ValueError, IndexError, struct.error, zlib.error):
            _READERS[name](header, content[:-4])
            return
    header.broken_profile |= name == b"iCCP"


def _is_sound(name: bytes, length: int, content: bytes) -> bool:
    """Whether a chunk's content, with the checksum behind it, is whole."""
    if len(content) != length + 4:
        return False
    return zlib.crc32(content[:-4], zlib.crc32(name)) == int.from_bytes(content[-4:], "big")


def _check(header: Header) -> None:
    """Check the header's numbers (11.2.1), and that a picture that needs a palette has one (11.2.2).

    Raises:
        ValueError: They are not those of a PNG.
    """
    if not header.width:
        return  # there is no header, or it is cut short; the decoder says so
    if header.bits not in _DEPTHS.get(header.colour_type, ()):
        raise ValueError(f"there is no colour type {header.colour_type} with {header.bits} bits a sample")
    if header.colour_type == 3 and not header.palette:
        raise ValueError("the pixels are numbers of colours in a palette, and there is no palette")


def _image_header(header: Header, content: bytes) -> None:
    if len(content) < 13 or header.width:
        return
    width, height, bits, colour_type, compression, filtering, interlace = struct.unpack(">IIBBBBB", content[:13])
    header.width, header.height, header.bits, header.colour_type = width, height, bits, colour_type
    header.interlaced = interlace == 1
    if compression or filtering or interlace > 1:
        raise ValueError(f"compression {compression}, filters {filtering} or interlacing {interlace} are not PNG's")


def _palette(header: Header, content: bytes) -> None:
    if len(content) % 3 or not content:
        raise ValueError("the palette ends within a colour, or is empty")
    header.palette = len(content) // 3


def _transparency(header: Header, content: bytes) -> None:
    """Read which colour is transparent, or the alpha of each colour of the palette (11.3.1.1)."""
    if header.colour_type == 3:
        alphas = content[: header.palette]
        if alphas:
            header.info["transparency"] = alphas
    elif header.colour_type in (0, 2):
        samples = struct.unpack_from(">H" if header.colour_type == 0 else ">HHH", content)
        header.transparent = tuple(sample & ((1 << header.bits) - 1) for sample in samples)


def _gamma(header: Header, content: bytes) -> None:
    (value,) = struct.unpack_from(">I", content)
    if value:
        header.info["gamma"] = value / 100_000


def _chromaticity(header: Header, content: bytes) -> None:
    header.info["chromaticity"] = tuple(value / 100_000 for value in struct.unpack_from(">8I", content))


def _srgb(header: Header, content: bytes) -> None:
    header.info["srgb"] = content[0]


def _cicp(header: Header, content: bytes) -> None:
    if len(content) != 4:
        raise ValueError("it has four numbers")
    header.info["cicp"] = content


def _profile(header: Header, content: bytes) -> None:
    """Read a colour profile: its name, a zero, the number 0 of the compression, a zlib stream (11.3.2.3)."""
    end = content.index(b"\0", 0, 80)
    if content[end + 1]:
        raise ValueError("there is no such compression")
    inflating = zlib.decompressobj()
    profile = inflating.decompress(content[end + 2 :], _MOST_READ)
    if not inflating.eof or not profile:
        raise ValueError("it is cut short, or too long")
    header.info["icc_profile"] = profile


def _exif(header: Header, content: bytes) -> None:
    if content:
        header.info["exif"] = b"Exif\0\0" + content


_READERS: dict[bytes, Callable[[Header, bytes], None]] = {
    b"IHDR": _image_header,
    b"PLTE": _palette,
    b"tRNS": _transparency,
    b"gAMA": _gamma,
    b"cHRM": _chromaticity,
    b"sRGB": _srgb,
    b"cICP": _cicp,
    b"iCCP": _profile,
    b"eXIf": _exif,
}
