"""Reads the strips and tiles of a TIFF, decompressed, a few at a time.

Pillow's libtiff decompresses them: it gets a file in which each row of bytes is a row of grey pixels, so that it
neither knows nor changes what the bytes mean. Strips and tiles that are pictures of their own go to their decoder.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from PIL import Image, Jpeg2KImagePlugin, TiffImagePlugin, WebPImagePlugin

from thumbrun.imaging.tiff import samples as tiff_samples
from thumbrun.imaging.tiff.layout import NONE, PICTURES, WEBP, YCBCR, Layout
from thumbrun.imaging.tiff.samples import Bytes, Samples
from thumbrun.imaging.tiff.tags import UnreadTiffError

_BATCH = 1 << 20  # bytes to decompress together at least, where that many follow each other
_BAND = 1 << 17  # samples to convert together at most, unless one row has more
_SLACK = 1 << 16
_LONGEST = 2  # times its decompressed bytes that any encoder makes of a piece; LZW makes 1.5
_CODESTREAM = b"\xff\x4f\xff\x51"
_BAND_BYTES = 80  # that the conversion of one sample takes at its peak: unpacked bits and floats of 64 bits


@dataclass(frozen=True, slots=True)
class Part:
    """The samples of a rectangle of the picture.

    Attributes:
        left: The column of its first pixel.
        top: The row of its first pixel.
        samples: The samples: rows, columns, samples.
    """

    left: int
    top: int
    samples: Samples


def parts(source: IO[bytes], layout: Layout) -> Iterator[Part]:
    """Yield the samples of the whole picture, in parts of bounded size.

    Args:
        source: The file.
        layout: The layout of its page; a way other than Pillow's.

    Raises:
        Exception: The data are broken or too short; decoders raise exceptions of any kind.
    """
    for column in range(layout.across):
        left = column * layout.piece[0]
        for first, count in _batches(layout):
            top = first * layout.piece[1]
            for start, samples in _samples(source, layout, column, first, count):
                used = samples[: layout.height - top - start, : layout.width - left]
                if used.size:
                    yield Part(left, top + start, used)


def peak_bytes(layout: Layout, size: int) -> int:
    """Return the most bytes that reading the parts takes beside the picture.

    Args:
        layout: The layout of the page.
        size: The size of the file, in bytes.
    """
    width, height = layout.piece
    band = _BAND_BYTES * max(_BAND, width * layout.samples * layout.subsampling[1])
    if layout.compression == NONE:
        return band
    longest = max(layout.lengths)
    if layout.compression in PICTURES:
        return band + width * height * (8 + 9 * layout.samples) + 2 * longest
    raw = layout.row_bytes * layout.stored_rows(height) + _BATCH
    kept = layout.samples if layout.planar else 1
    # libtiff has a buffer of its own for a piece. The stored bytes are held twice while the file for it is made.
    return band + (kept + 1) * raw + 9 * min(size, longest + _BATCH, _LONGEST * raw + _SLACK) // 4


def _batches(layout: Layout) -> Iterator[tuple[int, int]]:
    """Yield which strips, or which tiles of a column, to read together: the first and how many."""
    raw = max(1, layout.row_bytes * layout.stored_rows(layout.piece[1]))
    # A tile is whole, so several of them have as many rows as all together; so have strips, but for the last one.
    count = max(1, _BATCH // raw) if layout.compression not in PICTURES else 1
    if layout.piece[1] % layout.subsampling[1]:  # then a strip ends with rows that are not of the picture
        count = 1
    for first in range(0, layout.down, count):
        yield first, min(count, layout.down - first)


def _samples(source: IO[bytes], layout: Layout, column: int, first: int, count: int) -> Iterator[tuple[int, Samples]]:
    """Yield the samples of a batch by bands: the row where a band begins, counted from the batch's first, and they."""
    if layout.compression in PICTURES:
        yield from _picture(source, layout, column, first)
        return
    pieces = range(first * layout.across + column, (first + count) * layout.across + column, layout.across)
    left = layout.height - first * layout.piece[1]
    rows = count * layout.piece[1] if layout.tiled else min(count * layout.piece[1], left)
    planes = [_rows(source, layout, plane, layout.stored_rows(rows)) for plane in _planes(layout, pieces)]
    needed = layout.stored_rows(min(rows, left))  # a tile can have rows far below the picture
    step = max(1, _BAND // (layout.piece[0] * layout.samples * layout.subsampling[1]))
    for start in range(0, needed, step):
        bands = [plane.band(start, min(needed, start + step)) for plane in planes]
        yield start * layout.subsampling[1], _joined(bands, layout)


def _planes(layout: Layout, pieces: range) -> list[range]:
    """Return the pieces of each plane that is needed, for pieces of the first plane."""
    if not layout.planar:
        return [pieces]
    kept = [*range(layout.colours), *([] if layout.alpha is None else [layout.alpha])]
    skip = layout.across * layout.down
    return [range(pieces.start + plane * skip, pieces.stop + plane * skip, pieces.step) for plane in kept]


def _joined(bands: list[Bytes], layout: Layout) -> Samples:
    if layout.photometric == YCBCR and not layout.planar:
        return tiff_samples.chroma_joined(bands[0], layout)
    if not layout.planar:
        return tiff_samples.unpacked(bands[0], layout, layout.samples)
    planes = [tiff_samples.unpacked(band, layout, 1) for band in bands]
    if layout.alpha is not None:  # the planes between the colours and alpha are not read
        planes[layout.colours : -1] = [planes[-1]] * (layout.alpha - layout.colours)
    return np.concatenate(planes, axis=2)


class _Stored:
    """The rows of uncompressed strips or tiles that follow each other, read when they are needed."""

    def __init__(self, source: IO[bytes], layout: Layout, offsets: list[int]) -> None:
        self._source = source
        self._reversed = layout.reversed_bits
        self._offsets = offsets
        self._width = layout.row_bytes
        self._rows = layout.stored_rows(layout.piece[1])

    def band(self, start: int, stop: int) -> Bytes:
        """Return the bytes of some rows.

        Raises:
            EOFError: The file ends before them.
        """
        band = np.empty((stop - start, self._width), np.uint8)
        row = start
        while row < stop:
            piece, within = divmod(row, self._rows)
            count = min(stop - row, self._rows - within)
            self._source.seek(self._offsets[piece] + within * self._width)
            read = self._source.read(count * self._width)
            if len(read) < count * self._width:
                raise EOFError("the file ends before its samples do")
            band[row - start : row - start + count] = np.frombuffer(read, np.uint8).reshape(count, -1)
            row += count
        return tiff_samples.bits_turned(band) if self._reversed else band


class _Decompressed:
    """The rows of compressed strips or tiles, all decompressed by libtiff."""

    def __init__(self, rows: Image.Image) -> None:
        self._rows = rows

    def band(self, start: int, stop: int) -> Bytes:
        """Return the bytes of some rows."""
        return np.asarray(self._rows.crop((0, start, self._rows.width, stop)))


def _rows(source: IO[bytes], layout: Layout, pieces: range, rows: int) -> _Stored | _Decompressed:
    """Return the rows of some pieces, one below the other.

    Raises:
        OSError: libtiff cannot decompress them.
    """
    if layout.compression == NONE:
        return _Stored(source, layout, [layout.offsets[at] for at in pieces])
    width, height = layout.row_bytes, layout.stored_rows(layout.piece[1])
    body = io.BytesIO()
    body.write(bytes(8))
    places = []
    for at in pieces:
        source.seek(layout.offsets[at])
        # A file can state a length many times larger than a piece, and each piece can have the same bytes.
        length = min(layout.lengths[at], _LONGEST * width * height + _SLACK)
        places.append((body.tell(), length))
        if body.write(source.read(length)) < length:
            raise EOFError("the file ends before its strips or tiles do")
    directory = body.tell()
    body.write(_grey_directory(layout, width, rows, height, places, directory))
    body.seek(0)
    body.write(struct.pack("<2sHI", b"II", 42, directory))
    body.seek(0)
    with TiffImagePlugin.TiffImageFile(body) as image:
        image.load()
        return _Decompressed(image.copy() if image.im is None else image._new(image.im))  # noqa: SLF001


def _grey_directory(
    layout: Layout, width: int, rows: int, rows_per_strip: int, places: list[tuple[int, int]], at: int
) -> bytes:
    """Return the directory of a grey TIFF of 8 bits, whose strips are the pieces (TIFF 6.0, section 2)."""
    count = len(places)
    values = [
        (256, 4, 1, width),
        (257, 4, 1, rows),
        (258, 3, 1, 8),
        (259, 3, 1, layout.compression),
        (262, 3, 1, 1),
        (266, 3, 1, 2 if layout.reversed_bits else 1),
        (273, 4, count, 0),
        (277, 3, 1, 1),
        (278, 4, 1, rows_per_strip),
        (279, 4, count, 0),
    ]
    end = at + 2 + 12 * len(values) + 4
    entries = b""
    lists = b""
    for tag, kind, number, value in values:
        stated = value
        if tag in (273, 279):
            column = [place[tag == 279] for place in places]
            stated = column[0] if count == 1 else end + len(lists)
            lists += b"" if count == 1 else struct.pack(f"<{count}I", *column)
        entries += struct.pack("<HHII", tag, kind, number, stated)
    return struct.pack("<H", len(values)) + entries + bytes(4) + lists


def _picture(source: IO[bytes], layout: Layout, column: int, row: int) -> Iterator[tuple[int, Samples]]:
    """Yield the samples of a strip or tile that is a picture of its own, by bands.

    Raises:
        UnreadTiffError: It is of another kind than the page says.
    """
    at = row * layout.across + column
    source.seek(layout.offsets[at])
    body = source.read(layout.lengths[at])
    width, height = layout.piece
    if not layout.tiled:
        height = min(height, layout.height - row * height)
    if layout.compression != WEBP:
        _check_codestream(body, layout, width, height)
    kind = WebPImagePlugin.WebPImageFile if layout.compression == WEBP else Jpeg2KImagePlugin.Jpeg2KImageFile
    with kind(io.BytesIO(body)) as image:
        bands = len(image.getbands())
        opaque = layout.compression == WEBP and bands == 3 and layout.samples == 4  # encoders drop such an alpha
        if image.size != (width, height) or (bands != layout.samples and not opaque):
            raise UnreadTiffError(f"a piece of {image.width} x {image.height} pixels in {bands} samples is not read")
        image.load()
        step = max(1, _BAND // (width * bands))
        for start in range(0, height, step):
            part = image.crop((0, start, width, min(height, start + step)))
            band = np.asarray(part if bands == layout.samples else part.convert("RGBA"))
            yield start, band.reshape(*band.shape[:2], layout.samples)


def _check_codestream(body: bytes, layout: Layout, width: int, height: int) -> None:
    """Check the SIZ marker of a JPEG 2000 codestream (ITU-T T.800, A.5.1): size, and components of 8 bits, all whole.

    Raises:
        UnreadTiffError: It holds something else than the page says.
        struct.error: It is cut short.
    """
    if not body.startswith(_CODESTREAM):
        raise UnreadTiffError("a piece of JPEG 2000 that is no codestream is not read")
    right, lower, left, upper = struct.unpack_from(">4I", body, 8)
    (count,) = struct.unpack_from(">H", body, 40)
    components = body[42 : 42 + 3 * count]
    if (right - left, lower - upper) != (width, height) or count != layout.samples:
        raise UnreadTiffError("a piece of JPEG 2000 of another size than the page says is not read")
    if components != b"\7\1\1" * count:
        raise UnreadTiffError("JPEG 2000 of other than 8 bits, or subsampled, is not read in TIFF")
