"""Decodes the largest picture of a Windows icon (ICO): a PNG, or a bitmap with a mask behind it."""

import struct
from typing import IO, Any, cast

from PIL import Image, ImageChops, ImageFile

from thumbrun.imaging.bitmap import Bitmap
from thumbrun.imaging.png.chunks import SIGNATURE, Spliced
from thumbrun.imaging.png.image import PngImage

_MOST_PICTURES = 1000
_WHOLE_MASK = 32  # bits; a pixel that has as many holds its alpha
_OPAQUE = 255


class IconBitmap(Bitmap):
    """A bitmap as icons hold them: without a file header, and with a mask of what is transparent behind its rows."""

    _mask_is_cut = False

    def _rows(self) -> int:
        return self._header.height // 2  # the header counts the mask's rows too

    def _layout(self) -> tuple[str, str]:
        if self._header.bits == _WHOLE_MASK and self._header.masks is None:
            return "RGBA", "BGRA"
        return super()._layout()

    def load(self) -> Any:
        """Decode the picture and its mask.

        Raises:
            OSError: The file ends before the last pixel.
        """
        if self.tile:
            self._mask = self._read_mask()
        return super().load()

    def _read_mask(self) -> Image.Image | None:
        """Return the mask as alpha: 255 where a bit is not set; None if it is not there, or is cut."""
        header, fp = self._header, self._file()
        stride = (self.width + 31) // 32 * 4
        fp.seek(self._offset + header.stride * self.height)
        body = fp.read(stride * self.height)
        self._mask_is_cut = not header.run_lengths and 0 < len(body) < stride * self.height
        if header.run_lengths or len(body) < stride * self.height:
            return None
        return Image.frombytes("1", self.size, body, "raw", "1;I", stride, -1).convert("L")

    def _finish(self) -> None:
        """Apply the mask to a picture whose pixels hold no alpha; one that it would hide whole is opaque.

        Raises:
            OSError: The file ends within the mask.
        """
        has_alpha = self.mode == "RGBA" and self.getchannel("A").getextrema() != (0, 0)
        if self._mask_is_cut and not has_alpha:
            raise OSError("image file is truncated within the mask")
        if has_alpha or self._mask is None:
            super()._finish()
            return
        hidden = self._mask.getextrema() == (0, 0)
        made = Image.Image.convert(self, "RGB").convert("RGBA")
        made.putalpha(ImageChops.constant(self._mask, _OPAQUE) if hidden else self._mask)
        self._im, self._mode, self.palette = made.im, "RGBA", None


class Icon(ImageFile.ImageFile):
    """The largest picture of an icon with Pillow's interface; of several with its size, the one with most bits."""

    format = "ICO"
    format_description = "Windows Icon"

    def _open(self) -> None:
        fp = cast(IO[bytes], self.fp)
        _, _, count = struct.unpack("<HHH", fp.read(6))
        directory = fp.read(16 * min(count, _MOST_PICTURES))
        offsets = [struct.unpack_from("<I", directory, at + 12)[0] for at in range(0, len(directory) - 15, 16)]
        if not offsets:
            raise ValueError("the icon holds no picture")
        best = max(offsets, key=lambda offset: _rank(fp, offset))
        fp.seek(best)
        kind = PngImage if fp.read(8) == SIGNATURE else IconBitmap
        part = cast(IO[bytes], Spliced(b"", fp, best))
        self._picture: ImageFile.ImageFile = kind(part)
        self._size, self._mode, self.info = self._picture.size, self._picture.mode, self._picture.info

    def load(self) -> Any:
        """Decode the picture.

        Raises:
            Exception: The picture is broken.
        """
        if self._im is None:
            picture = self._picture
            picture.load()
            self._im, self._mode, self.palette, self.info = picture.im, picture.mode, picture.palette, picture.info
        return Image.Image.load(self)


def _rank(fp: IO[bytes], offset: int) -> tuple[int, int]:
    """Return the pixels and bits of a picture by its own header; the directory's numbers can be wrong."""
    fp.seek(offset)
    head = fp.read(32)
    if len(head) < 26:
        return 0, 0
    if head.startswith(SIGNATURE):
        width, height, bits, _ = struct.unpack_from(">IIBB", head, 16)
        return width * height, 4 * bits
    width, height, _, bits = struct.unpack_from("<iiHH", head, 4)
    return abs(width * height) // 2, bits
