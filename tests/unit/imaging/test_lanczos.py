"""Lanczos by vector instructions makes the same picture as Pillow's."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from thumbrun.imaging import lanczos


def noise(mode: str, width: int, height: int) -> Image.Image:
    """Return grey noise, so weak that clipping between the two passes does not depend on their order."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(
        mode, (width, height), bytes(96 + value % 64 for value in os.urandom(width * height * bands))
    )


def farthest(one: Image.Image, other: Image.Image) -> int:
    """Return by how many steps two pictures differ where they differ most."""
    bands = zip(one.split(), other.split(), strict=True)
    return max(max(ImageChops.difference(a, b).tobytes()) for a, b in bands)


@settings(max_examples=300, deadline=None)
@given(
    mode=st.sampled_from(["L", "LA", "La", "RGB", "RGBa", "CMYK", "LAB"]),
    width=st.integers(1, 200),
    height=st.integers(1, 200),
    across=st.floats(0.15, 1.0),
    down=st.floats(0.15, 1.0),
    cut=st.floats(0.0, 0.99),
)
def test_both_make_the_same(mode: str, width: int, height: int, across: float, down: float, cut: float) -> None:
    """Both results differ only by the rounding of their two passes, at any size and in any mode."""
    image = noise(mode, width, height)
    size = max(1, round(width * across)), max(1, round(height * down))
    box = (0.0, 0.0, width - cut, height - cut)
    expected = lanczos.resized(image, size, box, by_vectors=False)
    made = lanczos.resized(image, size, box)
    assert (expected.mode, expected.size) == (made.mode, made.size)
    assert farthest(expected, made) <= 2


@pytest.mark.skipif(not lanczos.FAST, reason="there is no wheel of the library for this machine")
def test_vector_instructions_are_used() -> None:
    """A machine with the library uses it, which its different rounding shows."""
    image = noise("RGB", 599, 449)
    box = (0.0, 0.0, 599.0, 449.0)
    assert lanczos.resized(image, (100, 75), box) != lanczos.resized(image, (100, 75), box, by_vectors=False)
