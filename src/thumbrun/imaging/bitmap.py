"""Decodes Windows bitmaps (BMP), also those with masks of any bits, and those without a file header (DIB).

Pillow decodes the common layouts and the run lengths; what it knows of masks is a list of a few.
"""

import struct
from typing import IO, Any

import numpy as np
from PIL import BmpImagePlugin, Image, ImageFile, ImagePalette

from thumbrun.imaging.bitmap_header import LONGEST, RLE4, BitmapHeader, read_header

_FILE_HEADER = 14
_PIECE = 1 << 16  # pixels to convert at a time
_OPAQUE = 255
assert BmpImagePlugin  # noqa: S101  (it makes Pillow's decoder of run lengths known)

_PALETTES = {1: "P;1", 2: "P;2", 4: "P;4", 8: "P"}
_PLAIN = {16: "BGR;15", 24: "BGR", 32: "BGRX"}
# The masks of red, green, blue and alpha that Pillow's raw decoder knows, by the bits of a pixel.
_RAW = {
    (16, (0x7C00, 0x3E0, 0x1F, 0)): ("RGB", "BGR;15"),
    (16, (0xF800, 0x7E0, 0x1F, 0)): ("RGB", "BGR;16"),
    (24, (0xFF0000, 0xFF00, 0xFF, 0)): ("RGB", "BGR"),
    (32, (0xFF0000, 0xFF00, 0xFF, 0)): ("RGB", "BGRX"),
    (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)): ("RGBA", "BGRA"),
    (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)): ("RGBA", "RGBA"),
    (32, (0, 0, 0, 0)): ("RGBA", "BGRA"),
}


class Bitmap(ImageFile.ImageFile):
    """A bitmap with Pillow's interface."""

    format = "BMP"
    format_description = "Windows Bitmap"

    _header: BitmapHeader
    _offset = 0
    _by_masks = False

    def _open(self) -> None:
        fp = self._file()
        head = fp.read(_FILE_HEADER)
        start = _FILE_HEADER if head.startswith(b"BM") else 0
        fp.seek(start)
        self._header = header = read_header(fp.read(LONGEST))
        palette_at = start + header.end
        colours = header.colours
        offset = struct.unpack_from("<I", head, 10)[0] if start else 0
        if palette_at <= offset < palette_at + colours * header.colour_bytes:  # the palette is shorter than it says
            colours = (offset - palette_at) // header.colour_bytes
        self._offset = offset if offset >= palette_at else palette_at + colours * header.colour_bytes
        self._size = header.width, self._rows()
        mode, rawmode = self._layout()
        self._mode = mode
        if mode == "P":
            fp.seek(palette_at)
            raw = fp.read(colours * header.colour_bytes)
            if not raw:
                raise ValueError("the pixels are numbers of colours in a palette, and there is no palette")
            self.palette = ImagePalette.raw("BGRX" if header.colour_bytes == 4 else "BGR", raw)
        direction = 1 if header.top_down else -1
        decoder, args = "raw", (rawmode, header.stride, direction)
        if header.run_lengths:
            decoder, args = "bmp_rle", ("P", header.run_lengths == RLE4, direction)
        self.tile = [ImageFile._Tile(decoder, (0, 0, *self.size), self._offset, args)]  # noqa: SLF001

    def _rows(self) -> int:
        return self._header.height

    def _layout(self) -> tuple[str, str]:
        """Return Pillow's mode of the picture and of its bytes; note if the bytes must be taken apart by masks."""
        header = self._header
        if header.bits in _PALETTES:
            return "P", _PALETTES[header.bits]
        if header.masks is None:
            return "RGB", _PLAIN[header.bits]
        if known := _RAW.get((header.bits, header.masks)):
            return known
        self._by_masks = True
        return "RGBA" if header.masks[3] else "RGB", ""

    def load(self) -> Any:
        """Decode the picture; if its alpha is zero everywhere, it is opaque.

        Raises:
            OSError: The file ends before the last pixel.
        """
        if not self.tile:
            return super().load()
        if self._by_masks:
            self._im = self._from_masks().im
            self.tile, self.fp = [], None
        loaded = super().load()
        self._finish()
        return loaded

    def _finish(self) -> None:
        if self.mode == "RGBA" and self.getchannel("A").getextrema() == (0, 0):
            self.putalpha(_OPAQUE)

    def _from_masks(self) -> Image.Image:
        """Return the picture, made piece by piece. A value v of n bits becomes v * 255 / (2^n - 1)."""
        header, fp = self._header, self._file()
        made = Image.new(self.mode, self.size)
        masks = [mask for mask in header.masks or () if mask]
        kind, pixels = ("<u2", header.stride // 2) if header.bits == 16 else ("<u4", header.width)
        rows = max(1, _PIECE // header.width)
        fp.seek(self._offset)
        for top in range(0, self.height, rows):
            count = min(rows, self.height - top)
            body = fp.read(count * header.stride)
            if len(body) < count * header.stride:
                raise OSError("image file is truncated")
            stored = np.frombuffer(body, kind).astype(np.uint32).reshape(count, pixels)[:, : header.width]
            stored = stored if header.top_down else stored[::-1]
            channels = [(stored & mask) / (mask / _OPAQUE) + 0.5 for mask in masks]
            piece = Image.fromarray(np.dstack(channels).astype(np.uint8))
            made.paste(piece, (0, top if header.top_down else self.height - top - count))
        return made

    def _file(self) -> IO[bytes]:
        assert self.fp is not None  # noqa: S101  (it is open until it is loaded)
        return self.fp
