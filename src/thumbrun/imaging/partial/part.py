"""A shorter file, as a list of pieces that nobody has copied yet, and the bounds on its size. Pure.

A reader of a format lists the pieces. It cannot make the file: hostile bytes can name the same range a thousand times,
or declare a picture that needs many stand-ins. `Part.of` sizes the list first, and refuses one that is out of bounds:

    the file       < the object. A longer one saves nothing.
    the file       <= 2 times the bytes of the object that it holds, each of them counted once, and 8 KiB. A stand-in
                   for the last bit of a JPEG's means is at most as large as these, and 8 KiB hold a TIFF's directory.

The bounds depend on the object alone, not on how much of it was read. So a task and a decoding process, which read
different amounts, come to the same result.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from thumbrun.imaging.partial.known_bytes import KnownBytes

_TIMES, _SLACK = 2, 1 << 13
_CHUNK = 1 << 18  # bytes to put together at once


@dataclass(frozen=True, slots=True)
class Copied:
    """A range of the object's bytes; `end` is exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Repeated:
    """A pattern, again and again, up to a size in bytes."""

    pattern: bytes
    size: int


Piece = bytes | Copied | Repeated


def copy(pieces: list[Piece], start: int, end: int) -> None:
    """Append a range of the object to a list; if it continues the last one, make that one longer."""
    last = pieces[-1] if pieces else None
    if isinstance(last, Copied) and last.end == start:
        pieces[-1] = Copied(last.start, end)
    else:
        pieces.append(Copied(start, end))


def size_of(piece: Piece) -> int:
    """Return the size of a piece, in bytes."""
    match piece:
        case Copied(start, end):
            return max(0, end - start)
        case Repeated(_, size):
            return size
        case _:
            return len(piece)


class Part:
    """A shorter file that is within its bounds.

    Attributes:
        size: The size of the file, in bytes.
    """

    def __init__(self, known: KnownBytes, pieces: list[Piece]) -> None:
        """Use `of`, which checks the bounds."""
        self._known = known
        self._pieces = pieces
        self.size = sum(map(size_of, pieces))

    @classmethod
    def of(cls, known: KnownBytes, pieces: list[Piece] | None) -> "Part | None":
        """Return the file that is made of pieces, None if there are no pieces or if it would be out of bounds.

        Args:
            known: The known bytes of the object, which hold every range that the pieces copy.
            pieces: The pieces in order, or None.
        """
        if pieces is None:
            return None
        part = cls(known, pieces)
        return part if part.size < known.size and part.size <= _TIMES * part._held() + _SLACK else None

    def chunks(self) -> Iterator[memoryview]:
        """Yield the bytes of the file, a few at a time, so that it is never in memory twice."""
        waiting = bytearray()
        for piece in self._pieces:
            for some in self._some(piece):
                waiting += some
                if len(waiting) >= _CHUNK:
                    yield memoryview(waiting)
                    waiting = bytearray()
        if waiting:
            yield memoryview(waiting)

    def __bytes__(self) -> bytes:
        """Return the file in one piece."""
        return b"".join(self.chunks())

    def _some(self, piece: Piece) -> Iterator[bytes | memoryview]:
        match piece:
            case Copied(start, end):
                whole = self._known.view(start, end)
                yield from (whole[at : at + _CHUNK] for at in range(0, len(whole), _CHUNK))
            case Repeated(pattern, size):
                block = memoryview(pattern * (min(size, _CHUNK) // len(pattern) + 1))
                step = len(block) // len(pattern) * len(pattern)
                yield from (block[: min(step, size - at)] for at in range(0, size, step))
            case _:
                yield piece

    def _held(self) -> int:
        """Return how many bytes of the object the file holds. A byte that it holds several times counts once."""
        ranges = sorted((piece.start, piece.end) for piece in self._pieces if isinstance(piece, Copied))
        reached = accumulate((end for _, end in ranges), max, initial=0)
        return sum(max(0, end - max(start, before)) for (start, end), before in zip(ranges, reached, strict=False))
