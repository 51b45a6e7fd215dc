"""Chooses the smaller version of a TIFF's first page that is enough for a thumbnail (Technical Note 1: SubIFDs). Pure.

The version must be some times larger than the thumbnail. How many times depends on how it was made and compressed:

| made of | compressed | times |
|---|---|---|
| averages | without loss | 3 |
| averages | JPEG of quality 75 or better, red, green and blue or grey | 3 |
| averages | JPEG of quality 75 or better, brightness and colours (4:2:0) | 9 |
| averages | JPEG of quality 50 or better | 12 |
| single pixels | without loss | 12 |
| single pixels | JPEG of quality 50 or better | 16 |

thumbrun uses no version in JPEG of lower quality, and none of a kind that was not measured.

GDAL picks single pixels unless it is told otherwise, and says so in the file. They show patterns that averages would
hide. libvips leaves out the last columns and rows that fill no pixel of a version, so its picture is shifted by up to a
third of the thumbnail's pixel. thumbrun uses such a version only if the shift is too small to show.
"""

import math
import re
from collections.abc import Iterator, Sequence

from thumbrun.imaging.geometry import Box
from thumbrun.imaging.partial import jpeg_scans
from thumbrun.imaging.partial.tiff_directories import Directory, Tiff
from thumbrun.imaging.shape import Shape

_SUBFILE, _WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 259, 262
_SUB_DIRECTORIES, _JPEG_TABLES, _GEO_KEYS, _GDAL_METADATA = 330, 347, 34735, 42112
_SHAPE = (258, 277, 338, 339)  # bits a sample, samples a pixel, extra samples, sample format
_REDUCED = 1
_MARGIN = 3  # the table's third column
_MARGIN_COLOURS, _MARGIN_JPEG = 9, 12
_MARGIN_SAMPLED, _MARGIN_SAMPLED_JPEG = 12, 16
_MOST_CUT = 1 / 20  # of the thumbnail's pixel, both ways together
_WITHOUT_LOSS = frozenset((1, 5, 8, 32773, 32946, 34925, 50000))
_JPEG = 7
_GREY_OR_RGB = frozenset((0, 1, 2))
# The coarsest quantiser, in the tables of ITU-T T.81, K.1, of the coefficients that show at these sizes.
_LOW = 6  # coefficients, in zigzag order: all with less than three half waves a block
_FINE, _COARSE = 12, 24  # the first at quality 75 with the colours' tables, 62 without; the second at 50
_RESAMPLING = re.compile(rb'name="RESAMPLING"[^>]{0,64}>([^<]{0,32})<')
_SINGLE = frozenset((b"NEAREST", b"MODE"))
_MOST_SAID = 1 << 12  # bytes of a field that thumbrun looks at
_MOST_LEVELS = 24


def smallest(tiff: Tiff, first: Directory, following: int, boxes: Sequence[Box], shape: Shape) -> Directory:
    """Return the smallest version of the first page that is large enough, which can be the page itself.

    Directories can lie anywhere, so each takes a request. Versions become smaller, so after one that is large enough,
    the first that is not ends the search. Before that, a version that is not large enough can be a picture of another
    kind.

    Args:
        tiff: The file.
        first: Its first directory.
        following: The position of the next directory, 0 if there is none.
        boxes: The boxes of the thumbnails.
        shape: How the picture fits them.

    Raises:
        MissingError: More bytes are needed.
        OddError, struct.error: The file is broken.
    """
    chosen = first
    for level in _levels(tiff, first, following):
        if not _is_smaller(tiff, level, chosen):
            continue
        if _is_enough(tiff, level, first, boxes, shape):
            chosen = level
        elif chosen is not first:
            break
    return chosen


def _levels(tiff: Tiff, first: Directory, following: int) -> Iterator[Directory]:
    """Yield the smaller versions of the first page: those in its own SubIFDs, then those that follow it."""
    if _SUB_DIRECTORIES in first:
        for at in tiff.numbers(first[_SUB_DIRECTORIES])[:_MOST_LEVELS]:
            yield tiff.directory(at)[0]
    for _ in range(_MOST_LEVELS):
        if not following:
            return
        level, following = tiff.directory(following)
        if tiff.number(level, _SUBFILE) != _REDUCED:
            return
        yield level


def _is_smaller(tiff: Tiff, level: Directory, than: Directory) -> bool:
    """Whether a directory holds the same picture in a smaller size."""
    if tiff.number(level, _SUBFILE) != _REDUCED:
        return False
    if tiff.number(level, _PHOTOMETRIC) != tiff.number(than, _PHOTOMETRIC) or _shape(tiff, level) != _shape(tiff, than):
        return False
    across, down, wide, high = *_size(tiff, level), *_size(tiff, than)
    return 0 < across < wide and 0 < down < high and abs(across * high - down * wide) <= 2 * max(wide, high)


def _shape(tiff: Tiff, directory: Directory) -> list[tuple[int, ...] | None]:
    """Return what a directory says of its samples, but of more than two values only how many they are.

    Two values lie in the directory itself, so this takes no further read.
    """
    entries = [directory.get(tag) for tag in _SHAPE]
    return [None if entry is None else (entry.count,) if entry.count > 2 else tiff.numbers(entry) for entry in entries]


def _is_enough(tiff: Tiff, level: Directory, first: Directory, boxes: Sequence[Box], shape: Shape) -> bool:
    """Whether a smaller version makes the same thumbnail as the first page, upright or turned."""
    (wide, high), (across, down) = _size(tiff, first), _size(tiff, level)
    # Its sides are rounded, which must not change the size of a thumbnail.
    for box in boxes:
        if shape.placement(wide, high, box).size != shape.placement(across, down, box).size:
            return False
        if shape.placement(high, wide, box).size != shape.placement(down, across, box).size:
            return False
    times = []
    for thumbnail in (shape.scaled(wide, high, boxes), shape.scaled(high, wide, boxes)[::-1]):
        if _cut(wide, across, thumbnail[0]) + _cut(high, down, thumbnail[1]) > _MOST_CUT:
            return False
        times += [across / thumbnail[0], down / thumbnail[1]]
    return min(times) >= _MARGIN and min(times) >= _margin(tiff, level, first)


def _cut(whole: int, side: int, thumbnail: float) -> float:
    """Return how far a side's end can be shifted, in the thumbnail's pixels, because a version left out pixels.

    >>> _cut(4000, 500, 100), _cut(4100, 512, 41), _cut(4006, 501, 100)
    (0.0, 0.04, 0.0)
    """
    step = round(whole / side)
    left_out = whole - step * side
    return thumbnail * left_out / whole if 0 < left_out < step else 0.0


def _margin(tiff: Tiff, level: Directory, first: Directory) -> float:
    """Return how many times larger than the thumbnail a version must be; infinity if no size is enough."""
    sampled = _is_sampled(tiff, level, first)
    if tiff.number(level, _COMPRESSION) in _WITHOUT_LOSS:
        return _MARGIN_SAMPLED if sampled else _MARGIN
    coarsest = _coarsest(tiff, level)
    if coarsest > _COARSE:
        return math.inf
    if sampled:
        return _MARGIN_SAMPLED_JPEG
    if coarsest > _FINE:
        return _MARGIN_JPEG
    return _MARGIN if tiff.number(level, _PHOTOMETRIC) in _GREY_OR_RGB else _MARGIN_COLOURS


def _is_sampled(tiff: Tiff, level: Directory, first: Directory) -> bool:
    """Whether a version holds single pixels of the first page: it says so, or it belongs to a map and says nothing."""
    said = _RESAMPLING.search(_said(tiff, level, _GDAL_METADATA))
    return said[1] in _SINGLE if said else _GEO_KEYS in first


def _coarsest(tiff: Tiff, level: Directory) -> float:
    """Return the coarsest quantiser that shows; infinity if a version is not a JPEG, or its fields do not tell."""
    if tiff.number(level, _COMPRESSION) != _JPEG:
        return math.inf
    return max(jpeg_scans.low_quantisers(_said(tiff, level, _JPEG_TABLES), _LOW), default=math.inf)


def _said(tiff: Tiff, level: Directory, tag: int) -> bytes:
    """Return the bytes of a field; none if it is not there or too long."""
    return tiff.values(level[tag]) if tag in level and level[tag].count <= _MOST_SAID else b""


def _size(tiff: Tiff, directory: Directory) -> tuple[int, int]:
    return tiff.number(directory, _WIDTH), tiff.number(directory, _HEIGHT)
