"""A part is a list of pieces whose size is checked before any byte is copied."""

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.imaging.partial.known_bytes import KnownBytes
from thumbrun.imaging.partial.part import Copied, Part, Piece, Repeated, copy

CONTENT = random.Random(1).randbytes(1 << 20)  # noqa: S311
KNOWN = KnownBytes(len(CONTENT), CONTENT)
ranges = st.builds(lambda start, size: Copied(start, start + size), st.integers(0, 1000), st.integers(0, 1 << 19))
patterns = st.builds(Repeated, st.binary(min_size=1, max_size=16), st.integers(0, 1 << 20))


def joined(piece: Piece) -> bytes:
    """Return the bytes of a piece, made in the simplest way."""
    match piece:
        case Copied(start, end):
            return CONTENT[start:end]
        case Repeated(pattern, size):
            return (pattern * size)[:size]
        case _:
            return piece


@given(st.lists(ranges | patterns | st.binary(max_size=100), max_size=6))
def test_its_chunks_are_its_pieces(pieces: list[Piece]) -> None:
    """The chunks of a file are its pieces in order, and as long as it says."""
    part = Part(KNOWN, pieces)
    assert b"".join(map(joined, pieces)) == bytes(part)
    assert len(bytes(part)) == part.size


@pytest.mark.parametrize(
    ("pieces", "within"),
    [
        (None, False),
        ([Copied(0, 1000)], True),
        ([Copied(0, 1 << 20)], False),  # as large as the object
        ([Copied(0, 100_000), Repeated(b"x", 100_000)], True),
        ([Copied(0, 100_000), Repeated(b"x", 110_000)], False),  # more stand-ins than bytes
        ([Copied(0, 100_000)] * 2, True),  # a range that two fields share
        ([Copied(0, 100_000)] * 3, False),
        ([Copied(number, 100_000) for number in range(3)], False),
        ([Copied(0, 50_000), Copied(90_000, 100_000), Copied(20_000, 95_000), Copied(0, 60_000)], True),
        ([bytes(8192)], True),
        ([bytes(8193)], False),
    ],
)
def test_which_parts_are_within_their_bounds(pieces: list[Piece] | None, within: bool) -> None:
    """A file is smaller than its object, and at most twice as large as what it holds of it, each byte counted once."""
    assert within == (Part.of(KNOWN, pieces) is not None)


def test_ranges_that_continue_each_other_are_one() -> None:
    """Pieces that lie side by side are copied at once."""
    pieces: list[Piece] = []
    for start, end in ((5, 9), (9, 12), (13, 14)):
        copy(pieces, start, end)
    assert [Copied(5, 12), Copied(13, 14)] == pieces


def test_nothing_is_copied_to_find_out_the_size() -> None:
    """A list of pieces that would make a terabyte is refused, and takes no memory."""
    pieces: list[Piece] = [Copied(0, 1 << 19), Repeated(b"x" * 16, 1 << 40)]
    tracemalloc.start()
    try:
        assert None is Part.of(KNOWN, pieces)
        assert tracemalloc.get_traced_memory()[1] < 1 << 14
    finally:
        tracemalloc.stop()


def test_a_file_is_never_in_memory_twice() -> None:
    """The chunks of a large file take little memory."""
    part = Part(KNOWN, [Copied(0, 1 << 20), Repeated(b"xy", 64 << 20)] * 2)
    tracemalloc.start()
    try:
        assert part.size == sum(map(len, part.chunks()))
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
