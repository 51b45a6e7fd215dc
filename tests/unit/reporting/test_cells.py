"""Tests of the size that a page shows, out of several."""

import pytest

from thumbrun.imaging.recipe import Recipe
from thumbrun.reporting.cells import shown


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (Recipe(100, 100), 0),
        (Recipe(2000, 2000), 0),
        (Recipe(400, 400, smaller=((200, 200), (100, 100))), 1),
        (Recipe(400, 400, smaller=((100, 100),)), 0),
        (Recipe(100, 100, smaller=((50, 50),)), 0),
        (Recipe(400, 400, "webp", smaller=((200, 200), (100, 100)), further=("jpeg",)), 2),
    ],
)
def test_the_smallest_size_that_fills_a_tile(recipe: Recipe, expected: int) -> None:
    """A page shows the smallest size that fills a tile, or else the largest size."""
    assert expected == shown(recipe)
