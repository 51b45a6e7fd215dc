"""The first bytes tell the format, and the structure tells whether the end is missing."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.imaging.encoded import ENCODED
from thumbrun import formats
from thumbrun.imaging import sniff


def test_every_format_that_is_read_is_known() -> None:
    """Each format in `formats` has a file here that is recognised as it."""
    assert {format_.name for format_ in formats.READ} == {
        sniff.format_of(body[: sniff.HEAD]) for body in ENCODED.values()
    }


@pytest.mark.parametrize("name", ENCODED)
def test_kinds(name: str) -> None:
    """A file has the format of its encoder."""
    assert name.partition(" ")[0] == sniff.format_of(ENCODED[name][: sniff.HEAD])


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
        (b"%!PS-Adobe-3.0 EPSF-3.0", None),
        (b"8BPS\0\1", None),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", None),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "heic"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "avif"),
        (b"\0\0\0\x1cftypavis\0\0\0\0msf1avifmiaf", "avif"),
        (b"\0\0\0\x18ftypheix\0\0\0\0mif1heic", "heic"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1avif", "heic"),  # avif lies beyond the box
    ],
)
def test_table(head: bytes, expected: str | None) -> None:
    """Bytes of no format that thumbrun reads give None, whatever they resemble."""
    assert expected == sniff.format_of(head)


@given(st.binary(max_size=sniff.HEAD))
def test_anything(head: bytes) -> None:
    """Any bytes give a format's name or None."""
    assert sniff.format_of(head) in {None, *formats.BY_NAME}


@pytest.mark.parametrize("name", ENCODED)
def test_whole_files_do_not_end_early(name: str) -> None:
    """No encoder's complete file seems cut."""
    assert not sniff.ends_early(name.partition(" ")[0], io.BytesIO(ENCODED[name]))


@given(st.sampled_from(sorted(formats.BY_NAME)), st.binary(max_size=200))
def test_checking_anything(name: str, body: bytes) -> None:
    """The search for a missing end returns, whatever the bytes are."""
    assert sniff.ends_early(name, io.BytesIO(body)) in {True, False}


@pytest.mark.parametrize("name", ["gif", "ico"])
def test_every_cut_is_seen(name: str) -> None:
    """A GIF or an icon that lacks any number of bytes at its end is found to be cut."""
    body = ENCODED[name]
    missed = [size for size in range(12, len(body)) if not sniff.ends_early(name, io.BytesIO(body[:size]))]
    assert [] == missed


def test_a_gif_of_nothing_but_empty_blocks() -> None:
    """The walk through a file of millions of blocks stops early."""
    head = ENCODED["gif"][:10] + b"\0\0\0!\xfe"
    assert not sniff.ends_early("gif", io.BytesIO(head + b"\1\1" * (1 << 21)))
