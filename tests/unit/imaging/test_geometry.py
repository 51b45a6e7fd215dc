"""A thumbnail has the right size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.imaging.geometry import fit
from thumbrun.imaging.orientation import upright

SIDE = st.integers(1, 100_000)
BOX = st.integers(1, 5_000)


@pytest.mark.parametrize(
    ("size", "box", "expected"),
    [
        ((4000, 3000), (100, 100), (100, 75)),
        ((3000, 4000), (100, 100), (75, 100)),
        ((4000, 4000), (100, 100), (100, 100)),
        ((100, 100), (100, 100), (100, 100)),
        ((40, 30), (100, 100), (40, 30)),
        ((101, 30), (100, 100), (100, 30)),
        ((5000, 10), (100, 100), (100, 1)),
        ((10, 5000), (100, 100), (1, 100)),
        ((1, 1), (100, 100), (1, 1)),
        ((4000, 3000), (200, 50), (67, 50)),
        ((4000, 3000), (50, 200), (50, 38)),
        ((200, 3), (100, 100), (100, 2)),
        ((1920, 1080), (320, 320), (320, 180)),
    ],
)
def test_table(size: tuple[int, int], box: tuple[int, int], expected: tuple[int, int]) -> None:
    """The side that limits the size is the box's, the other keeps the aspect ratio, and nothing is enlarged."""
    assert expected == fit(*size, *box)


@given(SIDE, SIDE, BOX, BOX)
def test_within_the_box_and_the_picture(width: int, height: int, box_width: int, box_height: int) -> None:
    """A thumbnail has at least one pixel each way, and no more than the box and the picture."""
    across, down = fit(width, height, box_width, box_height)
    assert 1 <= across <= min(width, box_width)
    assert 1 <= down <= min(height, box_height)


@given(SIDE, SIDE, BOX, BOX)
def test_aspect_ratio(width: int, height: int, box_width: int, box_height: int) -> None:
    """Neither side differs by more than half a pixel from the exact aspect ratio, unless it would vanish."""
    across, down = fit(width, height, box_width, box_height)
    scale = min(1.0, box_width / width, box_height / height)
    assert abs(across - max(1.0, width * scale)) <= 0.5 + 1e-9
    assert abs(down - max(1.0, height * scale)) <= 0.5 + 1e-9


@given(SIDE, SIDE, BOX, BOX)
def test_turned(width: int, height: int, box_width: int, box_height: int) -> None:
    """A turned picture in a turned box makes a turned thumbnail."""
    assert fit(width, height, box_width, box_height) == fit(height, width, box_height, box_width)[::-1]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright(orientation: int) -> None:
    """Orientations 5 to 8 swap the sides."""
    assert ((3, 4) if orientation < 5 else (4, 3)) == upright(3, 4, orientation)
