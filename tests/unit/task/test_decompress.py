"""Tests that what is stored with gzip is decompressed whole, in all forms that gzip itself reads."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.virtual import run
from thumbrun.decoding.body import Body
from thumbrun.outcomes import Reason
from thumbrun.task import decompress
from thumbrun.task.decompress import decompressed
from thumbrun.task.unfit import UnfitError

MOST = 1 << 20


def plain(stored: bytes, chunk: int) -> bytes:
    """Return stored bytes decompressed, handed on in chunks of a size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decompress, "_CHUNK", chunk)
        body = Body(len(stored))
        body.write(stored)

        async def scenario() -> bytes:
            made = await decompressed(body, Body, MOST, MOST)
            return made.read()

        return run(scenario())


MEMBERS = st.lists(st.binary(max_size=300), min_size=1, max_size=5)
REST = st.sampled_from([b"", bytes(9), bytes(600), b"\x1f", b"garbage", b"\x1fno member"])


@given(members=MEMBERS, rest=REST, chunk=st.integers(1, 64))
def test_every_member_is_read(members: list[bytes], rest: bytes, chunk: int) -> None:
    """All members of a gzip file are read, however its bytes arrive, and what follows the last one is ignored."""
    stored = b"".join(gzip.compress(member) for member in members) + rest
    assert b"".join(members) == plain(stored, chunk)


@given(members=MEMBERS, cut=st.integers(1, 12), chunk=st.integers(1, 64))
def test_a_member_that_ends_early(members: list[bytes], cut: int, chunk: int) -> None:
    """A file that is cut within its last member is truncated, however many members are whole."""
    stored = b"".join(gzip.compress(member) for member in members)[:-cut]
    with pytest.raises(UnfitError) as caught:
        plain(stored, chunk)
    assert Reason.TRUNCATED is caught.value.reason


def test_a_member_that_is_damaged() -> None:
    """A file whose second member is damaged is unreadable."""
    second = bytearray(gzip.compress(b"second"))
    second[-6] ^= 1
    with pytest.raises(UnfitError) as caught:
        plain(gzip.compress(b"first") + bytes(second), 1 << 20)
    assert Reason.UNREADABLE is caught.value.reason
