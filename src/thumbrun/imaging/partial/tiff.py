"""Finds the one picture of a TIFF that a thumbnail needs (TIFF 6.0; BigTIFF; TIFF Technical Note 1 for SubIFDs). Pure.

A file can hold many pages, of which thumbrun uses the first, and smaller versions of it, of which thumbrun uses the
smallest that is large enough. The picture can lie anywhere in the file, so thumbrun makes a file of it without gaps.
"""

import struct
from collections.abc import Sequence

from thumbrun.imaging.geometry import Box
from thumbrun.imaging.partial.known_bytes import KnownBytes
from thumbrun.imaging.partial.part import Piece, copy, size_of
from thumbrun.imaging.partial.tiff_directories import Directory, OddTiffError, Tiff, opened
from thumbrun.imaging.partial.tiff_levels import smallest
from thumbrun.imaging.shape import Shape

_WIDTH, _HEIGHT, _COMPRESSION, _ORIENTATION, _TILES, _PROFILE = 256, 257, 259, 274, 324, 34675
_FULL_WIDTH, _FULL_HEIGHT = 33300, 33301  # the size of the picture that another one was made of (Pixar)
_PLACES = {273: 279, _TILES: 325}  # the tags of the data's positions, and of its lengths
_ELSEWHERE = frozenset((330, 400, 34665, 34853, 40965))  # tags that point to further directories
_OLD_JPEG = 6  # its tables can lie anywhere in the file

_WORTH_LOOKING = 1 << 20  # bytes; thumbrun looks for smaller versions of larger pictures, and of tiled ones
_SPREAD, _SLACK = 1.5, 1 << 16  # how far a picture's pieces may spread: in times their size, and more bytes


def size(known: KnownBytes) -> tuple[int, int] | None:
    """Return the width and height in pixels of the first page, None if its directory does not tell.

    Raises:
        MissingError: More bytes are needed.
    """
    try:
        tiff = opened(known)
        directory, _ = tiff.directory(tiff.begin)
        return tiff.number(directory, _WIDTH), tiff.number(directory, _HEIGHT)
    except (OddTiffError, struct.error):
        return None


def part(known: KnownBytes, boxes: Sequence[Box], shape: Shape, *, smaller: bool = False) -> list[Piece] | None:
    """Return the pieces of a file of the one picture that a thumbnail needs, None if the TIFF holds it in an odd way.

    Args:
        known: The known bytes of the file.
        boxes: The boxes of the thumbnails.
        shape: How the picture fits them.
        smaller: Whether it must be a smaller version of the first page.

    Raises:
        MissingError: More bytes are needed.
    """
    try:
        tiff = opened(known)
        first, following = tiff.directory(tiff.begin)
        chosen = first
        if _TILES in first or _data(tiff, first) > _WORTH_LOOKING:
            chosen = smallest(tiff, first, following, boxes, shape)
        if chosen is first and smaller:
            return None
        if chosen is not first:
            kept = {tag: first[tag] for tag in (_ORIENTATION, _PROFILE) if tag in first}
            chosen = kept | {_FULL_WIDTH: first[_WIDTH], _FULL_HEIGHT: first[_HEIGHT]} | chosen
        return _file(tiff, chosen)
    except (OddTiffError, struct.error):
        return None


def _data(tiff: Tiff, directory: Directory) -> int:
    """Return the size of a directory's picture, in bytes."""
    return sum(sum(tiff.numbers(directory[tag])) for tag in _PLACES.values() if tag in directory)


def _file(tiff: Tiff, directory: Directory) -> list[Piece]:
    """Return a file of one directory and the data that it points to."""
    if tiff.number(directory, _COMPRESSION) == _OLD_JPEG:
        raise OddTiffError
    tags = [tag for tag in _PLACES if tag in directory]
    if len(tags) != 1 or _PLACES[tags[0]] not in directory:
        raise OddTiffError
    starts = tiff.numbers(directory[tags[0]])
    lengths = tiff.numbers(directory[_PLACES[tags[0]]])
    values: dict[int, Piece] = {tag: tiff.place(directory[tag]) for tag in directory.keys() - _ELSEWHERE - {tags[0]}}
    _gather(tiff.known, starts, lengths)
    mark = (b"II" if tiff.order == "<" else b"MM") + struct.pack(tiff.order + "H", 43 if tiff.big else 42)
    header = mark + (struct.pack(tiff.order + "HH", 8, 0) if tiff.big else b"")
    pieces: list[Piece] = []
    at = len(header) + tiff.width
    positions = []
    for start, length in zip(starts, lengths, strict=True):
        positions.append(at if length else 0)
        if length:
            copy(pieces, start, start + length)
        at += length
    values[tags[0]] = struct.pack(f"{tiff.order}{len(positions)}{tiff.offset}", *positions)
    entries = []
    for tag in sorted(values):
        kind, content = directory[tag].kind, values[tag]
        if tag == tags[0]:
            kind = 16 if tiff.big else 4
        if isinstance(content, bytes) and len(content) <= tiff.width:
            field = content.ljust(tiff.width, b"\0")
        else:
            pieces.append(content)
            field = struct.pack(tiff.order + tiff.offset, at)
            at += size_of(content)
        entries.append(struct.pack(tiff.order + "HH" + tiff.offset, tag, kind, directory[tag].count) + field)
    count = struct.pack(tiff.order + ("Q" if tiff.big else "H"), len(entries))
    return [header + struct.pack(tiff.order + tiff.offset, at), *pieces, count, *entries, bytes(tiff.width)]


def _gather(known: KnownBytes, starts: tuple[int, ...], lengths: tuple[int, ...]) -> None:
    """Check that all pieces of a picture are known. They usually lie side by side.

    Raises:
        MissingError: Some pieces are not known.
    """
    total = sum(lengths)
    if len(starts) != len(lengths) or not total or total > known.size:
        raise OddTiffError
    positions = [(start, start + length) for start, length in zip(starts, lengths, strict=True) if length]
    begin, end = min(start for start, _ in positions), max(end for _, end in positions)
    if end > known.size or end - begin > _SPREAD * total + _SLACK:
        raise OddTiffError
    known.view(begin, end)
