"""Decodes PNG pictures with the Rust library png, or inflates them with ISA-L.

Most PNG pictures have 8 bits a channel and no palette. The library png decodes these whole. It is faster than Pillow,
because it undoes the rows' filters with vector instructions; its language keeps its memory safe; and it comes with
kornia-rs. Pillow reads the header before the pixels, and the chunks after them.

ISA-L inflates the others, and those that png rejects, because its vector instructions are faster than zlib. Pillow gets
their pixels as a zlib stream that stores them without compression, and judges the picture itself.
"""

import struct
from collections.abc import Iterator
from typing import IO, Any

from isal import isal_zlib
from PIL import Image, PngImagePlugin

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
    """A PNG picture with Pillow's interface. If ISA-L rejects it, Pillow reads it again and judges it itself."""

    _stored: Iterator[bytes] | None = None

    @property
    def beside(self) -> int:
        """The bytes that decoding takes beside the picture; 0 if Pillow decodes it row by row."""
        if not (samples := self._samples()):
            return 0
        copied = self.width * self.height * samples if samples == 3 else 0  # Pillow holds three bytes as four
        return self._size_of_file() + copied

    def load(self) -> Any:
        """Decode the picture.

        Raises:
            Exception: The picture is broken; Pillow raises exceptions of any kind.
        """
        if self._samples() and self._decode_whole():
            self.tile = []
            self.load_end()
        try:
            return super().load()
        except _DamagedError:
            self._file().seek(0)
            again = PngImagePlugin.PngImageFile(self._file())
            again.load()
            self.__dict__ = again.__dict__
            return super().load()
        finally:
            self._stored = None  # else it would keep the picture beyond its last use

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
        fp.seek(0)
        try:
            pixels = kornia.decode_image_png_u8(fp.read(), (self.height, self.width), _MODES[self.mode][0])
            fp.seek(at)
            # The view keeps the array alive; Pillow copies the array before it changes anything in it.
            self._im, self.readonly = Image.frombuffer(self.mode, self.size, pixels, "raw", self.mode, 0, 1).im, 1
            super().load_prepare()
            while super().load_read(_PIECE):
                pass
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
        self._stored = self._stream()

    def load_read(self, read_bytes: int) -> bytes:
        """Return the next bytes to inflate, or an empty string at their end; Pillow calls this."""
        if self._stored is None:
            return super().load_read(read_bytes)
        return next(self._stored, b"")

    def _stream(self) -> Iterator[bytes]:
        """Yield the joint content of the picture's chunks as a zlib stream without compression.

        Raises:
            isal_zlib.error: The chunks hold no zlib stream, or a damaged one.
        """
        inflating = isal_zlib.decompressobj()
        checksum = 1
        yield _HEADER
        while fed := super().load_read(_PIECE):
            while block := inflating.decompress(fed, _STORED):
                checksum = isal_zlib.adler32(block, checksum)
                yield struct.pack("<BHH", 0, len(block), len(block) ^ 0xFFFF) + block
                fed = inflating.unconsumed_tail
        if inflating.eof:  # if not, the stream is cut short, and nothing more comes
            yield _LAST_BLOCK + struct.pack(">I", checksum)
