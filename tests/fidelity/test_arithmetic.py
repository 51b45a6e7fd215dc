"""Tests that JPEG in arithmetic codes makes the thumbnails of the same coefficients in Huffman codes, decoded whole."""

import io

import pytest
from PIL import Image

from tests.fidelity.pictures import saved
from tests.fidelity.variants.jpeg_arithmetic import SAMPLINGS, SIZES, coded, huffman
from thumbrun.imaging.render import thumbnail_pixels


@pytest.mark.quick(one_in=6)
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("size", SIZES.values(), ids=str)
def test_has_the_pixels_of_huffman_codes(sampling: str, size: tuple[int, int], *, progressive: bool) -> None:
    """Thumbnails in any box have the very same pixels as those of the picture that is decoded whole.

    So no scale of the decoder is used, not even for the smallest box: damage would make another picture of it.
    """
    arithmetic = coded(sampling, size, progressive=progressive)
    with Image.open(io.BytesIO(huffman(sampling, size))) as plain:
        whole = saved(plain, "PNG")
    for side in (60, 100, 400, 2000):
        assert thumbnail_pixels(arithmetic, side, side).tobytes() == thumbnail_pixels(whole, side, side).tobytes()


@pytest.mark.parametrize("progressive", [False, True])
def test_files_have_the_sizes_that_matter(*, progressive: bool) -> None:
    """There are files of about 10, 64 and 300 KiB, so below, at and above what Pillow reads at a time."""
    for kibibytes, size in SIZES.items():
        assert len(coded("4:2:0", size, progressive=progressive)) / 1024 == pytest.approx(kibibytes, rel=0.15)


@pytest.mark.parametrize("progressive", [False, True])
def test_is_coded_arithmetically(*, progressive: bool) -> None:
    """The header says so: SOF9 or SOF10 (ITU-T T.81, table B.1), and there are no tables of Huffman codes."""
    body = coded("4:2:0", SIZES[10], progressive=progressive)
    head = body[: body.index(b"\xff\xda")]
    assert (b"\xff\xca" if progressive else b"\xff\xc9") in head
    assert b"\xff\xc4" not in head
