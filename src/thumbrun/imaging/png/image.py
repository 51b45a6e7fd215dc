"""Decodes PNG pictures with the Rust library png, or inflates them with ISA-L.

Most PNG pictures have 8 bits a channel and no palette. The library png decodes these whole. It is faster than Pillow,
because it undoes the rows' filters with vector instructions; its language keeps its memory safe; and it comes with
kornia-rs. Pillow reads the header before the pixels, and the chunks after them.

ISA-L inflates the others, and those that png rejects, because its vector instructions are faster than zlib. Pillow gets
their pixels as a zlib stream that stores them without compression, and judges the picture itself.
"""

import contextlib
import struct
from collections.abc import Iterator
from functools import reduce
from typing import IO, Any

from isal import isal_zlib
from PIL import Image, ImageChops, PngImagePlugin

from thumbrun.imaging.png.chunks import PixelData, filtered, read_behind

try:
    import numpy as np  # noqa: F401  (kornia-rs imports it when it decodes, and decoding processes can open no file)
    from kornia_rs import io as kornia
except ImportError:  # not every machine has wheels
    kornia = None  # type: ignore[assignment]

_MODES = {"L": ("mono", 1), "RGB": ("rgb", 3), "RGBA": ("rgba", 4)}  # kornia's name, and bytes a pixel
_LARGEST = 64 << 20  # bytes that a picture, and its file, may have if png decodes it
_PIECE = 1 << 16  # compressed bytes to read at a time
_STORED = 65_535  # bytes that a stored block can hold
# RFC 1950, 2.2 and RFC 1951, 3.2.4: a stream has a header, blocks, and the checksum of all bytes. A block says whether
# it is the last, its length, and the complement of that.
_HEADER = b"\x78\x01"
_LAST_BLOCK = struct.pack("<BHH", 1, 0, 0xFFFF)
# The library's stubs declare the class as an instance.
_DamagedError: type[Exception] = isal_zlib.error  # type: ignore[assignment]


class PngImage(PngImagePlugin.PngImageFile):
    """A PNG picture with Pillow's interface. If ISA-L rejects it, Pillow reads it again and judges it itself.

    Of an animated PNG this is the picture that every decoder shows, the one in the IDAT chunks.
    """

    _stored: Iterator[bytes] | None = None
    _data: PixelData | None = None
    _whole: IO[bytes] | None = None  # the file as png gets it
    _by_isal = True

    def _open(self) -> None:
        whole = self._file()
        self.fp, self.header = filtered(whole)
        self._whole = whole if self.header.harmless else self.fp
        self.fp.seek(0)
        super()._open()
        self._first = self.tile[0].offset - 8 if self.tile else 0  # where the first chunk with pixels begins
        self.info |= self.header.info
        if self.header.transparent:
            self._note_transparent()

    @property
    def broken_profile(self) -> bool:
        """Whether the file has a colour profile that cannot be read."""
        return self.header.broken_profile

    def _note_transparent(self) -> None:
        """Note the transparent colour as Pillow does: in 8 bits. With 16 bits, `load` makes alpha from it."""
        bits, samples = self.header.bits, self.header.transparent
        if bits < 16:
            scaled = tuple(sample * 255 // ((1 << bits) - 1) for sample in samples)
            self.info["transparency"] = scaled[0] if len(scaled) == 1 else scaled
        elif self.mode == "I;16":
            self._mode = "L"
            self._take_bytes("L;16B")

    def _take_bytes(self, rawmode: str) -> None:
        """Let Pillow take another byte of each sample."""
        self.tile = [tile._replace(args=rawmode) for tile in self.tile]

    @property
    def beside(self) -> int:
        """The bytes that decoding takes beside the picture; 0 if Pillow decodes it row by row."""
        if self.header.transparent and self.header.bits == 16:
            return 16 * self.width * self.height  # the second bytes, what is equal in each channel, the alpha
        if not (samples := self._samples()):
            return 0
        copied = self.width * self.height * samples if samples == 3 else 0  # Pillow holds three bytes as four
        return 2 * self._size_of_file() + copied

    def load(self) -> Any:
        """Decode the picture.

        Raises:
            Exception: The picture is broken; Pillow raises exceptions of any kind.
        """
        hidden = self._hidden() if self.tile and self.header.bits == 16 and self.header.transparent else None
        if self._samples() and self._decode_whole():
            self.tile = []
            self.load_end()
        try:
            loaded = super().load()
        except _DamagedError:
            self.decoderconfig = ()
            self._by_isal = False
            loaded = super().load()
        finally:
            self._stored = self._data = self._whole = None  # else they would keep the picture beyond its last use
        if hidden is None:
            return loaded
        self.putalpha(ImageChops.invert(_all_equal([_equal(self, self.header.transparent, 8), hidden])))
        return super().load()

    def _hidden(self) -> Image.Image:
        """Return where the second bytes of all samples are those of the transparent colour, as 255, else 0."""
        fp = self._file()
        fp.seek(0)
        low = PngImage(fp)  # this file lacks the chunk of the transparent colour already
        low._mode = self.mode
        low._take_bytes("L;16" if self.mode == "L" else "RGB;16L")
        return _equal(low, self.header.transparent, 0)

    def _samples(self) -> int:
        """Return the bytes a pixel of the picture that png makes, 0 if png does not decode it."""
        _, samples = _MODES.get(self.mode, ("", 0))
        if kornia is None or self.is_animated or not self.tile or self.tile[0].args != self.mode:
            return 0
        return samples if self.width * self.height * samples <= _LARGEST and self._size_of_file() <= _LARGEST else 0

    def _size_of_file(self) -> int:
        fp = self._file()
        at = fp.tell()
        size = fp.seek(0, 2)
        fp.seek(at)
        return size

    def _decode_whole(self) -> bool:
        """Decode the pixels by png and read on behind them by Pillow; if either fails, change nothing."""
        fp = self._file()
        at = fp.tell()
        whole = self._whole or fp
        whole.seek(0)
        try:
            pixels = kornia.decode_image_png_u8(whole.read(), (self.height, self.width), _MODES[self.mode][0])
            fp.seek(at)
            # The view keeps the array alive; Pillow copies the array before it changes anything in it.
            self._im, self.readonly = Image.frombuffer(self.mode, self.size, pixels, "raw", self.mode, 0, 1).im, 1
            super().load_prepare()
            self._data = self._pixel_data()
        except BaseException as error:  # a panic in Rust is not an Exception
            if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
                raise
            fp.seek(at)
            self._im, self.readonly = None, 0
            return False
        return True

    def _file(self) -> IO[bytes]:
        assert self.fp is not None  # noqa: S101  (it is open until it is loaded)
        return self.fp

    def load_prepare(self) -> None:
        """Begin the stream of the first frame; Pillow calls this."""
        super().load_prepare()
        self._data = self._pixel_data()
        self._stored = self._stream(self._data) if self._by_isal else None

    def load_read(self, read_bytes: int) -> bytes:
        """Return the next bytes to inflate, or an empty string at their end; Pillow calls this."""
        if self._stored is not None:
            return next(self._stored, b"")
        return self._data.read(read_bytes) if self._data else b""

    def load_end(self) -> None:
        """Read what follows the pixels; Pillow calls this."""
        if self._data:
            with contextlib.suppress(SyntaxError):
                read_behind(self.header, self._file(), self._data.end())
        self.info |= self.header.info
        self._text = {}
        if self.png is not None:
            self.png.close()
            self.png = None

    def _pixel_data(self) -> PixelData:
        return PixelData(self._file(), self._first)

    def _stream(self, data: PixelData) -> Iterator[bytes]:
        """Yield the joint content of the picture's chunks as a zlib stream without compression.

        It ends with the last row. What would follow, such as the stream's checksum, need not be there.

        Raises:
            isal_zlib.error: The chunks hold no zlib stream, or a damaged one.
        """
        inflating = isal_zlib.decompressobj()
        checksum, missing = 1, self.header.size_of_rows()
        yield _HEADER
        while missing > 0 and (fed := data.read(_PIECE)):
            while missing > 0 and (block := inflating.decompress(fed, min(_STORED, missing))):
                checksum = isal_zlib.adler32(block, checksum)
                missing -= len(block)
                yield struct.pack("<BHH", 0, len(block), len(block) ^ 0xFFFF) + block
                fed = inflating.unconsumed_tail
        if inflating.eof or missing <= 0:  # if not, the stream is cut short, and nothing more comes
            yield _LAST_BLOCK + struct.pack(">I", checksum)


def _equal(picture: Image.Image, samples: tuple[int, ...], shift: int) -> Image.Image:
    """Return where all channels have the byte of these samples that begins at the bit `shift`, as 255, else 0."""
    picture.load()
    wanted = [sample >> shift & 255 for sample in samples]
    return _all_equal(
        [
            channel.point([255 if value == byte else 0 for value in range(256)])
            for channel, byte in zip(picture.split(), wanted, strict=True)
        ]
    )


def _all_equal(masks: list[Image.Image]) -> Image.Image:
    """Return where all masks are 255, as 255, else 0."""
    return reduce(ImageChops.darker, masks)
