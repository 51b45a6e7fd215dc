"""Colours by number come to sRGB by the curves and matrices of the standards."""

import numpy as np
import pytest
from PIL import Image

from thumbrun.imaging.colours.numbers import ColourSpace, Transfer, colour_space, spans_colours


def _pq(light: float) -> float:
    """Return the PQ value, 0 to 255, of light in cd/m²."""
    power = (light / 10_000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375 * 255)


def _shown(space: ColourSpace | None, values: tuple[int, int, int]) -> tuple[int, ...]:
    picture = Image.new("RGB", (1, 1), values)
    if space is not None:
        picture = picture.point([*(space.curve or range(256))] * 3)
        picture = space.to_srgb(picture)
    return tuple(int(value) for value in np.asarray(picture)[0, 0])


@pytest.mark.parametrize(
    ("light", "level"),
    [
        (0, 0),
        (203 * 0.2140, 128),  # half of sRGB's range, far below the knee of 92 cd/m²
        (92, 179),
        (203, 229),  # graphics white
        (1000, 255),
        (4000, 255),
    ],
)
@pytest.mark.parametrize("primaries", [1, 9, 12])
def test_pq_is_rolled_off(light: float, level: int, primaries: int) -> None:
    """Greys of PQ below 92 cd/m² are shown as they are, graphics white as 229, and 1000 cd/m² as white."""
    value = round(_pq(light))
    assert _shown(colour_space(primaries, 16), (value, value, value)) == pytest.approx((level,) * 3, abs=2)


def test_graphics_white_of_hlg() -> None:
    """Graphics white is 75 percent of HLG (ITU-R BT.2408), and is shown like that of PQ."""
    assert _shown(colour_space(9, 18), (191, 191, 191)) == pytest.approx((229,) * 3, abs=1)


def test_curves_never_fall() -> None:
    """A brighter value is never shown darker."""
    for transfer in (4, 5, 7, 8, 9, 10, 16, 17):
        space = colour_space(1, transfer)
        assert space is not None
        assert space.curve is not None
        assert sorted(space.curve) == list(space.curve)
        assert (0, 255) == (space.curve[0], space.curve[255])


@pytest.mark.parametrize("numbers", [(1, 13), (2, 2), (1, 1), (1, 6), (0, 0), (255, 255), (13, 3)])
def test_srgb_and_unknown_numbers_change_nothing(numbers: tuple[int, int]) -> None:
    """The space of sRGB, what browsers show like it, and numbers that mean nothing are no space to convert from."""
    assert colour_space(*numbers) is None


def test_display_p3_red() -> None:
    """Pure red of Display P3 is beyond sRGB, and becomes pure red; half-way there, the channels mix."""
    assert _shown(colour_space(12, 13), (255, 0, 0)) == (255, 0, 0)
    assert _shown(colour_space(12, 13), (184, 55, 49)) == pytest.approx((200, 40, 40), abs=2)


def test_white_stays_white() -> None:
    """White of primaries with another white is adapted to that of sRGB."""
    for primaries in (4, 5, 6, 8, 9, 10, 11, 12, 22):
        assert _shown(colour_space(primaries, 13), (255, 255, 255)) == pytest.approx((255,) * 3, abs=1)


def test_alpha_stays() -> None:
    """Alpha is not converted."""
    space = ColourSpace(transfer=Transfer.HLG)
    shown = space.to_srgb(Image.new("RGBA", (3, 2), (128, 128, 128, 77)))
    assert ("RGBA", (77, 77)) == (shown.mode, shown.getchannel("A").getextrema())


@pytest.mark.parametrize("primaries", [(0.0,) * 8, (0.3,) * 8, (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.0)])
def test_primaries_that_span_no_colours(primaries: tuple[float, ...]) -> None:
    """Primaries on a line or in a point, or without a white, are recognised."""
    assert not spans_colours(primaries)
