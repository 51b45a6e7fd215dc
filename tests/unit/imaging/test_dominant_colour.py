"""The dominant colour is that of the most pixels that are much alike and can be seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from thumbrun.imaging.looks.appearance import is_colour
from thumbrun.imaging.looks.dominant_colour import dominant_colour


def halves(mode: str, left: tuple[int, ...], right: tuple[int, ...], share: int) -> Image.Image:
    """Return a picture of 10 x 1 pixels, of which the first `share` have one colour and the others another."""
    picture = Image.new(mode, (10, 1), right)
    picture.paste(left, (0, 0, share, 1))
    return picture


@pytest.mark.parametrize(
    ("mode", "left", "right", "share", "expected"),
    [
        ("RGB", (200, 10, 20), (0, 0, 255), 6, "#c80a14"),
        ("RGB", (200, 10, 20), (0, 0, 255), 4, "#0000ff"),
        ("RGB", (200, 10, 20), (0, 0, 255), 5, "#0000ff"),  # as many pixels, and less red
        ("RGB", (0, 20, 0), (0, 0, 255), 5, "#0000ff"),  # and less green
        ("L", (255,), (3,), 6, "#ffffff"),
        ("RGBA", (200, 10, 20, 127), (0, 0, 255, 128), 9, "#0000ff"),
        ("LA", (255, 0), (3, 255), 9, "#030303"),
        ("RGBA", (200, 10, 20, 0), (0, 0, 255, 127), 9, ""),
    ],
)
def test_the_colour_of_the_most_pixels_that_can_be_seen(
    mode: str, left: tuple[int, ...], right: tuple[int, ...], share: int, expected: str
) -> None:
    """The colour of the most pixels wins; pixels that are more than half transparent do not count."""
    assert expected == dominant_colour(halves(mode, left, right, share))


def test_colours_that_are_much_alike_count_as_one() -> None:
    """Colours within a sixteenth of each channel are one, with their average."""
    assert "#626364" == dominant_colour(halves("RGB", (0x60, 0x61, 0x62), (0x64, 0x65, 0x66), 5))


@given(st.binary(min_size=48, max_size=48))
def test_some_pixel_is_much_like_it(pixels: bytes) -> None:
    """The dominant colour of any picture is much like that of some pixel, and has the form that is told."""
    made = dominant_colour(Image.frombytes("RGB", (4, 4), pixels))
    assert is_colour(made)
    colour = bytes.fromhex(made[1:])
    near = [all(abs(a - b) < 16 for a, b in zip(colour, pixels[at : at + 3], strict=True)) for at in range(0, 48, 3)]
    assert any(near)
