"""PNG pictures, decoded by the Rust library png, or inflated by ISA-L.

Most PNG pictures have 8 bits a channel and no palette. They are decoded whole by png, which is safe in its memory by
the language, undoes the rows' filters with vector instructions, and comes with kornia-rs: screenshots of 1600 pixels
take 12 ms, 29 by Pillow. Pillow, which has read the header, reads what is behind the pixels.

Of the others, and of what png finds fault with, ISA-L inflates the pixels with vector instructions; Pillow gets them as
a zlib stream that stores them and compresses nothing (39 ms by zlib, 28 so), and judges by itself.
"""

import struct
from collections.abc import Iterator
from typing import IO, Any

from isal import isal_zlib
from PIL import Image, PngImagePlugin

try:
    import numpy as np  # noqa: F401  (kornia-rs imports it when it decodes; decoding processes can open no file then)
    from kornia_rs import io as kornia
except ImportError:  # there are not wheels for all machines
    kornia = None  # type: ignore[assignment]

_MODES = {"L": ("mono", 1), "RGB": ("rgb", 3), "RGBA": ("rgba", 4)}  # what kornia calls them, and bytes a pixel
_LARGEST = 64 << 20  # bytes that a picture or its file may have to be decoded whole
_PIECE = 1 << 16  # compressed bytes that are read at a time
_STORED = 65_535  # bytes that a stored block can hold
# RFC 1950, 2.2 and RFC 1951, 3.2.4: a header, blocks that say whether they are the last, their length and its
# complement, and the checksum of all bytes.
_HEADER = b"\x78\x01"
_LAST_BLOCK = struct.pack("<BHH", 1, 0, 0xFFFF)
# Its stubs take the class for an instance.
_DamagedError: type[Exception] = isal_zlib.error  # type: ignore[assignment]


class PngImage(PngImagePlugin.PngImageFile):
    """A PNG picture as Pillow has it. What ISA-L finds fault with, Pillow reads anew and judges by itself."""

    _stored: Iterator[bytes] | None = None

    @property
    def beside(self) -> int:
        """Bytes that decoding takes beside the picture: none where it is decoded row by row, by Pillow."""
        if not (samples := self._samples()):
            return 0
        copied = self.width * self.height * samples if samples == 3 else 0  # Pillow holds three bytes as four
        return self._size_of_file() + copied

    def load(self) -> Any:
        """Decode.

        Raises:
            Exception: Whatever Pillow raises for broken pictures.
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
            self._stored = None  # it holds the picture, which would outlive its last use

    def _samples(self) -> int:
        """Return the bytes a pixel that png makes of this picture, 0 where it does not decode it."""
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
        """Have png decode the pixels, and Pillow go on behind them; where either finds fault nothing has changed."""
        fp = self._file()
        at = fp.tell()
        fp.seek(0)
        try:
            pixels = kornia.decode_image_png_u8(fp.read(), (self.height, self.width), _MODES[self.mode][0])
            fp.seek(at)
            # The view keeps the array; Pillow copies it before anything is changed in it.
            self._im, self.readonly = Image.frombuffer(self.mode, self.size, pixels, "raw", self.mode, 0, 1).im, 1
            super().load_prepare()
            while super().load_read(_PIECE):
                pass
        except BaseException as error:  # a panic in Rust is no Exception
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
        """Begin with the first frame; Pillow calls this."""
        super().load_prepare()
        self._stored = self._stream()

    def load_read(self, read_bytes: int) -> bytes:
        """Return the next bytes to inflate, or nothing at their end; Pillow calls this."""
        if self._stored is None:
            return super().load_read(read_bytes)
        return next(self._stored, b"")

    def _stream(self) -> Iterator[bytes]:
        """Yield what the picture's chunks hold together as a zlib stream that is not compressed.

        Raises:
            isal_zlib.error: They hold no zlib stream, or a damaged one.
        """
        inflating = isal_zlib.decompressobj()
        checksum = 1
        yield _HEADER
        while fed := super().load_read(_PIECE):
            while block := inflating.decompress(fed, _STORED):
                checksum = isal_zlib.adler32(block, checksum)
                yield struct.pack("<BHH", 0, len(block), len(block) ^ 0xFFFF) + block
                fed = inflating.unconsumed_tail
        if inflating.eof:  # else it is cut short, and nothing more comes
            yield _LAST_BLOCK + struct.pack(">I", checksum)
