"""Opens a JPEG: reads the segments before its pixels, of which only a few matter, and lets Pillow decode the rest.

Pillow itself refuses a picture for a short JFIF or Adobe segment. Here a segment that is broken counts as missing, as
for libjpeg.
"""

from typing import IO, Any

import numpy as np
from PIL import Image, ImageChops, ImageFile, JpegImagePlugin

from thumbrun.imaging.geometry import INTERPOLATED
from thumbrun.imaging.jpeg_scans_sent import are_all_sent

_SOF0, _SOF2, _SOF3, _SOF9, _SOF10, _DHT, _JPG, _DAC = 0xC0, 0xC2, 0xC3, 0xC9, 0xCA, 0xC4, 0xC8, 0xCC
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_APP1, _APP2, _APP14 = 0xE1, 0xE2, 0xEE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, _JPG, _DAC}
_PROGRESSIVE, _ARITHMETIC = (_SOF2, _SOF10), (_SOF9, _SOF10)
# ITU-T T.81, table B.1
_UNREAD = {
    0xC5: "hierarchical coding",
    0xC6: "hierarchical coding",
    0xC7: "hierarchical lossless coding",
    0xCB: "arithmetic lossless coding",
    0xCD: "hierarchical coding",
    0xCE: "hierarchical coding",
    0xCF: "hierarchical lossless coding",
}
_WITHOUT_LENGTH = frozenset((0x00, 0x01, 0xFF, *range(0xD0, 0xD9)))
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_EXIF, _PROFILE = b"Exif\0\0", b"ICC_PROFILE\0"
_MOST_EXIF = 64  # segments; more than a camera writes
_TAIL = 1 << 16  # bytes in which to look for the end
_END = b"\xff\xd9"
# Bytes that could follow a picture whose end is missing. They are alike in nothing, and none is 255.
_TAILS = tuple(bytes(seed * (at + 7) ** 2 % 251 for at in range(2000)) for seed in (1, 5))
_BLOCK = 8  # samples
# An edge is mixed with what is beside the picture if it differs this many times more, and by this many levels more,
# from its neighbour than that from its own.
_MIXED, _HARDLY = 3, 4


class JpegImage(JpegImagePlugin.JpegImageFile):
    """A JPEG picture with Pillow's interface.

    Attributes:
        broken_profile: Whether the file has a colour profile that is not complete.
        lacks_end: Whether nothing marks the end of the picture. `load` then finds out if all pixels are there.
    """

    broken_profile = False
    lacks_end = False
    _arithmetic = False
    _lossless = False
    _adobe: int | None = None
    _tail = b""
    _stored = 0, 0  # the size of the whole picture
    _filled = 0  # where fill bytes begin that reach to the end of the file

    def _open(self) -> None:
        self.bits = self.layers = self._exif_offset = 0
        self.layer = []
        self.quantization = {}
        self.app, self.applist, self.icclist = {}, [], []
        exif: list[bytes] = []
        fp = self._file()
        fp.seek(2)
        while (marker := self._next_marker(fp)) != _SOS:
            if marker in _WITHOUT_LENGTH:
                continue
            if marker == _EOI:
                raise SyntaxError("the file ends before its pixels")
            content = ImageFile._safe_read(fp, int.from_bytes(fp.read(2), "big") - 2)  # noqa: SLF001
            if marker in _FRAMES:
                self._read_frame(marker, content)
            elif marker == _APP1 and content.startswith(_EXIF) and len(exif) < _MOST_EXIF:
                exif.append(content[len(_EXIF) :] if exif else content)
            elif marker == _APP2 and content.startswith(_PROFILE):
                self.icclist.append(content)
            elif marker == _APP14 and content.startswith(b"Adobe") and len(content) >= 12:
                self._adobe = content[11]
        fp.seek(int.from_bytes(fp.read(2), "big") - 2, 1)
        if not self.layer:
            raise SyntaxError("there is no header of a picture before the pixels")
        if exif:
            self.info["exif"] = b"".join(exif)
        self._join_profile()
        rawmode = "CMYK;I" if self.mode == "CMYK" else self.mode  # as Adobe writes it
        self.tile = [ImageFile._Tile("jpeg", (0, 0, *self.size), 0, (rawmode, ""))]  # noqa: SLF001
        self._look_for_end(fp)

    def _next_marker(self, fp: IO[bytes]) -> int:
        """Return the next marker, past bytes that belong to none (B.1.1.2)."""
        byte = fp.read(1)
        while byte and byte != b"\xff":
            byte = fp.read(1)
        while byte == b"\xff":
            byte = fp.read(1)
        if not byte:
            raise EOFError("the file ends before its pixels")
        return byte[0]

    def _read_frame(self, marker: int, head: bytes) -> None:
        """Read the header of the picture (B.2.2).

        Raises:
            SyntaxError: thumbrun does not read such pictures; the message says why.
        """
        if marker in _UNREAD:
            raise SyntaxError(f"{_UNREAD[marker]} is not read")
        if self.layer:
            raise SyntaxError("there are two headers of a picture")
        if len(head) < 6 or len(head) < 6 + 3 * head[5]:
            raise SyntaxError("the header of the picture is too short")
        self.bits, self.layers = head[0], head[5]
        if self.bits != 8:
            raise SyntaxError(f"{self.bits} bits a sample are not read")
        if self.layers not in _MODES:
            raise SyntaxError(f"a picture of {self.layers} components is not read")
        self._mode = _MODES[self.layers]
        self._stored = int.from_bytes(head[3:5], "big"), int.from_bytes(head[1:3], "big")
        self._size = self._stored
        self.layer = [
            (head[at], head[at + 1] >> 4, head[at + 1] & 15, head[at + 2]) for at in range(6, 6 + 3 * head[5], 3)
        ]
        if any(not 1 <= factor <= 4 for _, across, down, _ in self.layer for factor in (across, down)):
            raise SyntaxError("the sampling factors are not those of a JPEG")
        self._arithmetic = marker in _ARITHMETIC
        self._lossless = marker == _SOF3
        if marker in _PROGRESSIVE:
            self.info["progressive"] = self.info["progression"] = 1

    def _join_profile(self) -> None:
        """Join the parts of a colour profile (ICC.1:2022, B.4): each has its number, from 1, and that of all."""
        parts = {part[12]: part[14:] for part in self.icclist if len(part) > 14}
        counts = {len(self.icclist), *(part[13] for part in self.icclist if len(part) > 14)}
        if parts.keys() == set(range(1, len(parts) + 1)) and counts == {len(parts)} and parts:
            self.info["icc_profile"] = b"".join(parts[number] for number in sorted(parts))
        self.broken_profile = bool(self.icclist) and "icc_profile" not in self.info
        self.icclist = []

    def _look_for_end(self, fp: IO[bytes]) -> None:
        begin = fp.tell()
        size = fp.seek(0, 2)
        fp.seek(max(begin, size - len(_END)))
        rest = fp.read()
        if rest != _END:  # few files have something behind it
            fp.seek(max(begin, size - _TAIL))
            rest = fp.read()
        self.lacks_end = _END not in rest
        self._filled = size - len(rest) + len(rest.rstrip(b"\xff"))
        if self._arithmetic:
            self.decodermaxblock = size + 1  # libjpeg cannot wait for more bytes of an arithmetic code
        fp.seek(begin)

    def divisor(self, width: float, height: float, margin: float) -> int:
        """Return the largest number of 8, 4, 2 and 1 that libjpeg can divide by if every component keeps a margin.

        It is 1 for lossless coding, which has no blocks, and for arithmetic codes: damage there can make values far
        beyond the range of a sample. libjpeg bounds them after it divides, so a reduced picture would differ from a
        whole one (8 dB).

        Args:
            width: The width of the thumbnail as the picture is stored, in pixels.
            height: Its height, in pixels.
            margin: How many samples of a component there must be for each pixel of the thumbnail, across and down.
        """
        for number in () if self._lossless or self._arithmetic else (8, 4, 2):
            lost = self._lost(number)
            across, down = (margin * (1 if side == 1 else side * INTERPOLATED) for side in lost)
            if self.width >= width * across * number and self.height >= height * down * number:
                return number
        return 1

    def _lost(self, number: int) -> tuple[float, float]:
        """Return how many times fewer samples than pixels a component has, across and down, if libjpeg divides.

        libjpeg makes up for components that have half the samples both ways, by dividing them less: as long as their
        size remains a whole part of the picture's.
        """
        most = max(layer[1] for layer in self.layer), max(layer[2] for layer in self.layer)
        lost = 1.0, 1.0
        for _, across, down, _ in self.layer:
            side = least = _BLOCK // number
            while side < _BLOCK and not (most[0] * least % (across * side * 2) or most[1] * least % (down * side * 2)):
                side *= 2
            lost = (
                max(lost[0], most[0] * least / (across * side)),
                max(lost[1], most[1] * least / (down * side)),
            )
        return lost

    def load(self) -> Any:
        """Decode the picture.

        Raises:
            OSError: The file is broken, or ends before the last pixel.
        """
        if self.tile and self.lacks_end and not self._tail and self._is_complete():
            self._tail = _END
        if not self.tile:
            return super().load()
        loaded = super().load()
        if self.decoderconfig:
            self._mend_edges(*self._stored)
        return loaded

    def _mend_edges(self, width: int, height: int) -> None:
        """Replace the last column and row if libjpeg has mixed them with what encoders put beside the picture.

        Most encoders repeat the last pixel there. Others leave black, or any colours, and then the last column differs
        much more from the one before than that one from its own neighbour.
        """
        right, lower = self.im.size
        if width % self.decoderconfig[0] and right >= 3:
            self._mend((right - 1, 0, right, lower), (-1, 0))
        if height % self.decoderconfig[0] and lower >= 3:
            self._mend((0, lower - 1, right, lower), (0, -1))

    def _mend(self, edge: tuple[int, int, int, int], step: tuple[int, int]) -> None:
        boxes = [tuple(edge[side] + far * step[side % 2] for side in range(4)) for far in range(3)]
        last, before, third = (Image.Image.crop(self, (box[0], box[1], box[2], box[3])) for box in boxes)
        if _difference(last, before) > _MIXED * _difference(before, third) + _HARDLY:
            self.paste(before, edge)

    def load_read(self, read_bytes: int) -> bytes:
        """Return the next bytes of the file, then those that `load` puts behind it; Pillow calls this."""
        fp = self._file()
        # Without an end, fill bytes would wait for a marker.
        read = fp.read(min(read_bytes, max(0, self._filled - fp.tell())) if self.lacks_end else read_bytes)
        if not read:
            read, self._tail = self._tail, b""
        return read

    def _is_complete(self) -> bool:
        """Whether all pixels are there although nothing marks their end: then it does not matter what follows them.

        Not so with arithmetic codes: zeros at their end can be missing (D.1.8), so other bytes would matter.
        """
        fp = self._file()
        fp.seek(0)
        if self._arithmetic or not are_all_sent(fp.read(), progressive="progressive" in self.info):
            return False
        pictures = []
        for tail in _TAILS:
            fp.seek(0)
            picture = JpegImage(fp)
            picture._tail = tail + _END
            picture.load()
            pictures.append(picture)
        fp.seek(0)
        return ImageChops.difference(*pictures).getbbox() is None

    def _file(self) -> IO[bytes]:
        assert self.fp is not None  # noqa: S101  (it is open until it is loaded)
        return self.fp


def _difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures, in levels."""
    return float(np.asarray(ImageChops.difference(one, other)).mean())
