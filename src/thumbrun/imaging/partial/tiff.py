"""The one picture of a TIFF that a thumbnail needs (TIFF 6.0; BigTIFF; TIFF Technical Note 1 for SubIFDs). Pure.

A file may hold many pages, of which the first counts, and smaller versions of it, of which the smallest counts that is
still large enough. What is needed lies anywhere in the file, so it is made into a file of its own, without gaps.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from thumbrun.imaging.geometry import fit
from thumbrun.imaging.partial.known import Known, MissingError

_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_SUBFILE, _WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 259, 262
_ORIENTATION, _TILES, _SUB_DIRECTORIES, _PROFILE = 274, 324, 330, 34675
_PLACES = {273: 279, _TILES: 325}  # the tags of where data lies, and of how much it is
_ELSEWHERE = frozenset((_SUB_DIRECTORIES, 400, 34665, 34853, 40965))  # what points to further directories
_OLD_JPEG = 6  # whose tables lie wherever they like

_REDUCED = 1
# How many times larger than the thumbnail a smaller version must be. Against the first page: 54 dB with 3. What was
# compressed with loss once more has 37 dB with 3, 47 with 10.
_MARGIN, _MARGIN_WITH_LOSS = 3, 12
_WITHOUT_LOSS = frozenset((1, 5, 8, 32773, 32946, 34925, 50000))
_STEP = 1 << 16  # bytes that are asked for at least: a directory and its values lie together
_MOST_LEVELS = 24
_WORTH_LOOKING = 1 << 20  # bytes of a picture without tiles that make it worth a look for smaller versions
_MOST_ENTRIES = 1000
_MOST_PIECES = 1 << 16
_SPREAD = 1.5  # how much may lie between the pieces of a picture, against them


class _OddError(Exception):
    """The file is broken, or holds its picture in a way that is not understood here."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How numbers lie: the byte order, and whether offsets have eight bytes."""

    order: str
    big: bool

    @property
    def offset(self) -> str:
        return "Q" if self.big else "I"

    @property
    def width(self) -> int:
        return 8 if self.big else 4


@dataclass(frozen=True, slots=True)
class _Entry:
    """One field of a directory: its type, how many values, and these or where they lie."""

    kind: int
    count: int
    field: bytes


_Directory = dict[int, _Entry]


def size(known: Known) -> tuple[int, int] | None:
    """Return width and height in pixels of the first page, None where its directory does not say.

    Raises:
        MissingError: More bytes are needed.
    """
    try:
        layout, at = _header(known)
        directory, _ = _directory(known, layout, at)
        return _number(known, layout, directory, _WIDTH), _number(known, layout, directory, _HEIGHT)
    except (_OddError, struct.error):
        return None


def part(known: Known, width: int, height: int, *, smaller: bool = False) -> bytes | None:
    """Return a file of the one picture that a thumbnail needs, None where the file holds it in an odd way.

    Args:
        known: What is known of the file.
        width: Of the largest box, in pixels.
        height: As width.
        smaller: Whether it must be a smaller version of the first page.

    Raises:
        MissingError: More bytes are needed.
    """
    try:
        layout, at = _header(known)
        first, following = _directory(known, layout, at)
        chosen = first
        if _TILES in first or _data(known, layout, first) > _WORTH_LOOKING:
            for level in _levels(known, layout, first, following):
                if _is_better(known, layout, level, chosen, width, height):
                    chosen = level
        if chosen is first and smaller:
            return None
        if chosen is not first:
            chosen = {tag: first[tag] for tag in (_ORIENTATION, _PROFILE) if tag in first} | chosen
        return _file(known, layout, chosen)
    except (_OddError, struct.error):
        return None


def _header(known: Known) -> tuple[_Layout, int]:
    head = known.at(0, 16)
    order = "<" if head[:2] == b"II" else ">"
    version, at = struct.unpack_from(order + "HI", head, 2)
    if version == 42:
        return _Layout(order, big=False), at
    if version == 43 and head[4:8] == struct.pack(order + "HH", 8, 0):
        return _Layout(order, big=True), int.from_bytes(head[8:16], "little" if order == "<" else "big")
    raise _OddError


def _at(known: Known, start: int, length: int) -> bytes:
    """Return some bytes; where they are missing, ask for all that may lie about them."""
    if length > known.size or start + length > known.size:
        raise _OddError
    try:
        return known.at(start, start + length)
    except MissingError:
        raise MissingError(start, min(known.size, start + max(length, _STEP))) from None


def _directory(known: Known, layout: _Layout, at: int) -> tuple[_Directory, int]:
    """Return the directory at a place, and where the next one is, 0 if there is none."""
    code = layout.order + ("Q" if layout.big else "H")
    (count,) = struct.unpack(code, _at(known, at, struct.calcsize(code)))
    if not 0 < count <= _MOST_ENTRIES:
        raise _OddError
    at += struct.calcsize(code)
    step = 20 if layout.big else 12
    table = _at(known, at, step * count + layout.width)
    directory: _Directory = {}
    for place in range(0, step * count, step):
        tag, kind, number = struct.unpack_from(layout.order + "HH" + layout.offset, table, place)
        if kind not in _WIDTHS:
            raise _OddError
        directory[tag] = _Entry(kind, number, table[place + step - layout.width : place + step])
    (following,) = struct.unpack_from(layout.order + layout.offset, table, step * count)
    return directory, following


def _values(known: Known, layout: _Layout, entry: _Entry) -> bytes:
    """Return the bytes of a field's values."""
    length = _WIDTHS[entry.kind] * entry.count
    if length <= layout.width:
        return entry.field[:length]
    return _at(known, struct.unpack(layout.order + layout.offset, entry.field)[0], length)


def _numbers(known: Known, layout: _Layout, entry: _Entry) -> tuple[int, ...]:
    if entry.kind not in _NUMBERS or entry.count > _MOST_PIECES:
        raise _OddError
    return struct.unpack(f"{layout.order}{entry.count}{_NUMBERS[entry.kind]}", _values(known, layout, entry))


def _number(known: Known, layout: _Layout, directory: _Directory, tag: int) -> int:
    """Return the one number of a field, 0 where it is not there."""
    if tag not in directory:
        return 0
    numbers = _numbers(known, layout, directory[tag])
    if len(numbers) != 1:
        raise _OddError
    return numbers[0]


def _data(known: Known, layout: _Layout, directory: _Directory) -> int:
    """Return how many bytes the picture of a directory has."""
    return sum(sum(_numbers(known, layout, directory[tag])) for tag in _PLACES.values() if tag in directory)


def _levels(known: Known, layout: _Layout, first: _Directory, following: int) -> Iterator[_Directory]:
    """Yield the smaller versions of the first page: its own directories', and those that follow it."""
    if _SUB_DIRECTORIES in first:
        for at in _numbers(known, layout, first[_SUB_DIRECTORIES])[:_MOST_LEVELS]:
            yield _directory(known, layout, at)[0]
    for _ in range(_MOST_LEVELS):
        if not following:
            return
        level, following = _directory(known, layout, following)
        if _number(known, layout, level, _SUBFILE) != _REDUCED:
            return
        yield level


def _is_better(known: Known, layout: _Layout, level: _Directory, than: _Directory, width: int, height: int) -> bool:
    """Whether a directory holds the same picture in a smaller size that is still large enough."""

    def number(directory: _Directory, tag: int) -> int:
        return _number(known, layout, directory, tag)

    if number(level, _SUBFILE) != _REDUCED or number(level, _PHOTOMETRIC) != number(than, _PHOTOMETRIC):
        return False
    across, down = number(level, _WIDTH), number(level, _HEIGHT)
    wide, high = number(than, _WIDTH), number(than, _HEIGHT)
    if not 0 < across < wide or not 0 < down < high or abs(across * high - down * wide) > 2 * max(wide, high):
        return False
    margin = _MARGIN if number(level, _COMPRESSION) in _WITHOUT_LOSS else _MARGIN_WITH_LOSS
    for box in ((width, height), (height, width)):
        thumbnail = fit(wide, high, *box)
        # Its sides were rounded; that must not make another thumbnail.
        if thumbnail != fit(across, down, *box) or across < margin * thumbnail[0] or down < margin * thumbnail[1]:
            return False
    return True


def _file(known: Known, layout: _Layout, directory: _Directory) -> bytes:
    """Return a file of one directory and what it points to."""
    if _number(known, layout, directory, _COMPRESSION) == _OLD_JPEG:
        raise _OddError
    tags = [tag for tag in _PLACES if tag in directory]
    if len(tags) != 1 or _PLACES[tags[0]] not in directory:
        raise _OddError
    starts = _numbers(known, layout, directory[tags[0]])
    lengths = _numbers(known, layout, directory[_PLACES[tags[0]]])
    values = {tag: _values(known, layout, directory[tag]) for tag in directory.keys() - _ELSEWHERE - {tags[0]}}
    _gather(known, starts, lengths)
    mark = (b"II" if layout.order == "<" else b"MM") + struct.pack(layout.order + "H", 43 if layout.big else 42)
    header = mark + (struct.pack(layout.order + "HH", 8, 0) if layout.big else b"")
    pieces = [header + bytes(layout.width)]
    at = len(pieces[0])
    places = []
    for start, length in zip(starts, lengths, strict=True):
        places.append(at if length else 0)
        pieces.append(known.at(start, start + length))
        at += length
    values[tags[0]] = struct.pack(f"{layout.order}{len(places)}{layout.offset}", *places)
    entries = []
    for tag in sorted(values):
        kind, content = directory[tag].kind, values[tag]
        if tag == tags[0]:
            kind = 16 if layout.big else 4
        if len(content) > layout.width:
            pieces.append(content)
            field = struct.pack(layout.order + layout.offset, at)
            at += len(content)
        else:
            field = content.ljust(layout.width, b"\0")
        entries.append(struct.pack(layout.order + "HH" + layout.offset, tag, kind, directory[tag].count) + field)
    count = struct.pack(layout.order + ("Q" if layout.big else "H"), len(entries))
    pieces[0] = header + struct.pack(layout.order + layout.offset, at)
    return b"".join((*pieces, count, *entries, bytes(layout.width)))


def _gather(known: Known, starts: tuple[int, ...], lengths: tuple[int, ...]) -> None:
    """See to it that all pieces of a picture are known, which usually lie side by side.

    Raises:
        MissingError: They are not.
    """
    total = sum(lengths)
    if len(starts) != len(lengths) or not total or total > known.size:
        raise _OddError
    places = [(start, start + length) for start, length in zip(starts, lengths, strict=True) if length]
    begin, end = min(start for start, _ in places), max(end for _, end in places)
    if end > known.size or end - begin > _SPREAD * total + _STEP:
        raise _OddError
    known.at(begin, end)
