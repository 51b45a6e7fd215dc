"""Reads the directories of a TIFF, and the values of their fields (TIFF 6.0, section 2; BigTIFF). Pure."""

import struct
from dataclasses import dataclass

from thumbrun.imaging.partial.known_bytes import KnownBytes, MissingError
from thumbrun.imaging.partial.part import Copied

_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
# Bytes to ask for at least, because a directory and its values lie together: a part of the file, within bounds. Other
# levels' tiles lie between the levels and behind their directories, and thumbrun reads at most a third of a small file.
_STEP_OF, _LEAST_STEP, _MOST_STEP = 32, 1 << 12, 1 << 16
_MOST_ENTRIES = 256  # of one directory; a raw photograph has about 100
_MOST_PIECES = 1 << 16


class OddTiffError(Exception):
    """The file is broken, or holds its picture in a way that thumbrun does not understand."""


@dataclass(frozen=True, slots=True)
class TagEntry:
    """One field of a directory: its type, the number of its values, and the values or their position."""

    kind: int
    count: int
    field: bytes


Directory = dict[int, TagEntry]


@dataclass(frozen=True, slots=True)
class Tiff:
    """A TIFF, and the layout of its numbers.

    Attributes:
        known: The known bytes of the file.
        order: The order of the bytes in a number, as `struct` spells it.
        big: Whether offsets have eight bytes.
        begin: The position of its first directory.
    """

    known: KnownBytes
    order: str
    big: bool
    begin: int

    @property
    def offset(self) -> str:
        """The format of an offset, as `struct` spells it."""
        return "Q" if self.big else "I"

    @property
    def width(self) -> int:
        """The size of an offset, in bytes."""
        return 8 if self.big else 4

    def directory(self, at: int) -> tuple[Directory, int]:
        """Return the directory at a position, and the position of the next one, 0 if there is none.

        Raises:
            MissingError: More bytes are needed.
            OddError: The directory is broken.
        """
        code = self.order + ("Q" if self.big else "H")
        (count,) = struct.unpack(code, self._view(at, struct.calcsize(code)))
        if not 0 < count <= _MOST_ENTRIES:
            raise OddTiffError
        at += struct.calcsize(code)
        step = 20 if self.big else 12
        table = bytes(self._view(at, step * count + self.width))
        directory: Directory = {}
        for place in range(0, step * count, step):
            tag, kind, number = struct.unpack_from(self.order + "HH" + self.offset, table, place)
            if kind not in _WIDTHS:
                raise OddTiffError
            directory[tag] = TagEntry(kind, number, table[place + step - self.width : place + step])
        (following,) = struct.unpack_from(self.order + self.offset, table, step * count)
        return directory, following

    def values(self, entry: TagEntry) -> bytes:
        """Return the bytes of a field's values.

        Raises:
            MissingError: More bytes are needed.
            OddError: The values lie beyond the file.
        """
        place = self.place(entry)
        return place if isinstance(place, bytes) else self.known.at(place.start, place.end)

    def place(self, entry: TagEntry) -> bytes | Copied:
        """Return the values of a field if they are few, else where they lie. Fields can share a place.

        Raises:
            MissingError: More bytes are needed.
            OddError: The values lie beyond the file.
        """
        length = _WIDTHS[entry.kind] * entry.count
        if length <= self.width:
            return entry.field[:length]
        (start,) = struct.unpack(self.order + self.offset, entry.field)
        self._view(start, length)
        return Copied(start, start + length)

    def numbers(self, entry: TagEntry) -> tuple[int, ...]:
        """Return a field's values as numbers.

        Raises:
            MissingError: More bytes are needed.
            OddError: The values are not numbers, are too many, or lie beyond the file.
        """
        if entry.kind not in _NUMBERS or entry.count > _MOST_PIECES:
            raise OddTiffError
        return struct.unpack(f"{self.order}{entry.count}{_NUMBERS[entry.kind]}", self.values(entry))

    def number(self, directory: Directory, tag: int) -> int:
        """Return the one number of a field, 0 if the directory does not have the field.

        Raises:
            MissingError: More bytes are needed.
            OddError: The field does not hold exactly one number.
        """
        if tag not in directory:
            return 0
        if directory[tag].count != 1:
            raise OddTiffError
        return self.numbers(directory[tag])[0]

    def _view(self, start: int, length: int) -> memoryview:
        """Return some bytes; if they are missing, ask for the likely next ones as well."""
        size = self.known.size
        if length > size or start + length > size:
            raise OddTiffError
        try:
            return self.known.view(start, start + length)
        except MissingError:
            step = min(max(size // _STEP_OF, _LEAST_STEP), _MOST_STEP)
            raise MissingError(start, min(size, start + max(length, step))) from None


def opened(known: KnownBytes) -> Tiff:
    """Read a file's header.

    Raises:
        MissingError: More bytes are needed.
        OddError: It is not the header of a TIFF.
        struct.error: The header is cut short.
    """
    head = known.at(0, 16)
    order = "<" if head[:2] == b"II" else ">"
    version, at = struct.unpack_from(order + "HI", head, 2)
    if version == 42:
        return Tiff(known, order, big=False, begin=at)
    if version == 43 and head[4:8] == struct.pack(order + "HH", 8, 0):
        return Tiff(known, order, big=True, begin=int.from_bytes(head[8:16], "little" if order == "<" else "big"))
    raise OddTiffError
