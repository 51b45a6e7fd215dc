"""Tests of bars and of what lies behind transparent pixels, in each format."""

import io
from typing import Any

import pytest
from PIL import Image

from thumbrun.imaging.ground import css_colour
from thumbrun.imaging.render import render
from thumbrun.imaging.request import Rendered, Request
from thumbrun.imaging.shape import Shape

PLENTY = 1 << 40
TEAL, WHITE = (0, 128, 128), (255, 255, 255)


def made(picture: Image.Image, format_: str, shape: Shape, box: tuple[int, int] = (40, 40)) -> Image.Image:
    """Return the thumbnail of a picture, decoded."""
    source = io.BytesIO()
    picture.save(source, "PNG")
    found = render(source.getvalue(), Request(*box, format_, 100, PLENTY, PLENTY, shape=shape))
    assert isinstance(found, Rendered), found
    return Image.open(io.BytesIO(found.data))


def at(picture: Image.Image, place: tuple[int, int]) -> Any:
    """Return the colour and opacity of a pixel."""
    return picture.convert("RGBA").getpixel(place)


def near(expected: tuple[int, ...], actual: Any) -> bool:
    """Whether two colours differ by no more than an encoder's loss."""
    return all(abs(one - other) <= 3 for one, other in zip(expected, actual, strict=True))


@pytest.mark.parametrize(
    ("format_", "background", "bar"),
    [
        ("jpeg", "#00000000", (255, 255, 255, 255)),
        ("jpeg", "#ff0000", (255, 0, 0, 255)),
        ("jpeg", "#ff000080", (255, 127, 127, 255)),
        *((name, "#ff0000", (255, 0, 0, 255)) for name in ("png", "webp", "avif", "gif")),
        *((name, "#ff000080", (255, 0, 0, 128)) for name in ("png", "webp", "avif")),
        ("gif", "#ff000080", (255, 0, 0, 255)),
    ],
)
def test_bars_have_the_colour(format_: str, background: str, bar: tuple[int, ...]) -> None:
    """The bars beside a picture have the background's colour, and its opacity where the format can."""
    found = made(Image.new("RGB", (80, 40), TEAL), format_, Shape("contain", "north", background))
    assert (40, 40) == found.size
    assert near((*TEAL, 255), at(found, (20, 9)))
    assert near(bar, at(found, (20, 30)))


@pytest.mark.parametrize("format_", ["png", "webp", "avif", "gif"])
def test_bars_are_transparent_by_default(format_: str) -> None:
    """Bars are transparent in every format that can be."""
    found = made(Image.new("RGB", (80, 40), TEAL), format_, Shape("contain"))
    assert near((*TEAL, 255), at(found, (20, 20)))
    assert [0, 0] == [at(found, place)[3] for place in ((20, 2), (20, 37))]


@pytest.mark.parametrize(
    ("background", "expected"),
    [
        ("#00000000", (WHITE, (127, 191, 191))),
        ("#000000", ((0, 0, 0), (0, 64, 64))),
        ("#ff0000", ((255, 0, 0), (127, 64, 64))),
    ],
)
@pytest.mark.parametrize("fit", ["inside", "contain", "cover", "fill"])
def test_jpeg_shows_the_background_through(
    fit: str, background: str, expected: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    """What is transparent in a picture becomes the background in a JPEG, and half of it if it is half transparent."""
    clear, half = (
        made(Image.new("RGBA", (60, 60), (*TEAL, a)), "jpeg", Shape(fit, background=background)) for a in (0, 128)
    )
    assert ("RGB", "RGB") == (clear.mode, half.mode)
    assert near((*expected[0], 255), at(clear, (20, 20)))
    assert near((*expected[1], 255), at(half, (20, 20)))


def test_other_formats_stay_transparent() -> None:
    """A picture keeps its own transparency in PNG, whatever the background, also between bars of a colour."""
    picture = Image.new("RGBA", (80, 40), (*TEAL, 100))
    assert near((*TEAL, 100), at(made(picture, "png", Shape(background="#ff0000")), (20, 5)))
    within = made(picture, "png", Shape("contain", background="#ff0000"))
    assert near((*TEAL, 100), at(within, (20, 20)))
    assert (255, 0, 0, 255) == at(within, (20, 2))


def test_grey_stays_grey() -> None:
    """A grey picture with grey bars, or on a grey ground, is a grey JPEG, and in colour beside a colour."""
    for mode in ("L", "LA"):
        assert "L" == made(Image.new(mode, (80, 40)), "jpeg", Shape("contain")).mode
        assert "RGB" == made(Image.new(mode, (80, 40)), "jpeg", Shape("contain", background="#ff0000")).mode


def test_names_of_colours() -> None:
    """CSS has the names of 148 colours."""
    assert ("#000080", "#663399", None) == (css_colour("navy"), css_colour("rebeccapurple"), css_colour("nave"))
