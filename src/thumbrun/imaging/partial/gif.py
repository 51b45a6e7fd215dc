"""Finds the end of the first picture of a GIF (GIF89a, 17 to 26). Pure."""

from collections.abc import Iterator

from thumbrun.imaging.partial.known_bytes import KnownBytes, MissingError
from thumbrun.imaging.partial.part import Copied, Piece

_HEADER = 13
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_MOST_BLOCKS = 1 << 16  # in all; usually of 255 bytes each
_STEP = 1 << 16  # bytes to ask for at least


def part(known: KnownBytes) -> list[Piece] | None:
    """Return the pieces of a file of the first picture alone, None if the GIF holds nothing else, or if it is odd.

    Raises:
        MissingError: More bytes are needed.
    """
    head = known.at(0, _HEADER)
    if len(head) < _HEADER:
        return None
    at, blocks = _HEADER + _colours(head[10]), iter(range(_MOST_BLOCKS))
    for _ in blocks:
        block = _at(known, at, 10)
        if not block:
            return None
        if block[0] == _EXTENSION:
            end = _data_end(known, at + 2, blocks)
        elif block[0] == _IMAGE and len(block) == 10:
            end = _data_end(known, at + 11 + _colours(block[9]), blocks)
            if end is not None:
                return [Copied(0, end), bytes((_TRAILER,))] if end + 1 < known.size else None
        else:
            return None
        if end is None:
            return None
        at = end
    return None


def _data_end(known: KnownBytes, at: int, blocks: Iterator[int]) -> int | None:
    """Return the end of the sub-blocks that begin at a position, None if `blocks` ends before them."""
    have = known.head
    for _ in blocks:
        if at >= len(have):
            _at(known, at, 1)
            return None
        length = have[at]
        at += 1 + length
        if not length:
            return at
    return None


def _at(known: KnownBytes, at: int, count: int) -> bytes:
    """Return some bytes; if they are missing, ask for twice as many as are known."""
    try:
        return known.at(at, at + count)
    except MissingError as error:
        have = len(known.head)
        raise MissingError(have, min(known.size, max(error.end, 2 * have, have + _STEP))) from None


def _colours(flags: int) -> int:
    """Return the size of the colour table that flags announce, in bytes."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
