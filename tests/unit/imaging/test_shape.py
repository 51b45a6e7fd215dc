"""Tests of the shapes of thumbnails: their sizes, what of a picture shows, and where it lies."""

import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.unit.imaging.encoded import ENCODED
from thumbrun.imaging.geometry import LARGEST_SIDE, area, box_name, largest_first
from thumbrun.imaging.orientation import stored_region, turned, upright
from thumbrun.imaging.recipe import Recipe
from thumbrun.imaging.render import render
from thumbrun.imaging.request import Rendered, Request
from thumbrun.imaging.shape import BOUND, DIRECTIONS, FITS, USUAL_SHAPE, Shape

SIDE = st.integers(1, 60_000)
FREE = st.integers(0, LARGEST_SIDE)
SHARE = st.floats(0, 1)


@st.composite
def shapes(draw: st.DrawFn) -> tuple[Shape, tuple[int, int]]:
    """Draw a shape, and a box that goes with it."""
    fit = draw(st.sampled_from(FITS))
    box = draw(st.tuples(FREE, FREE).filter(any))
    if fit in BOUND:
        box = box[0] or 1, box[1] or 1
    return Shape(fit, draw(st.sampled_from(sorted(DIRECTIONS))), enlarge=draw(st.booleans())), box


@pytest.mark.parametrize(
    ("fit", "picture", "box", "usual", "enlarged"),
    [
        ("inside", (4000, 3000), (200, 200), (200, 150), (200, 150)),
        ("inside", (4000, 3000), (320, 0), (320, 240), (320, 240)),
        ("inside", (4000, 3000), (0, 240), (320, 240), (320, 240)),
        ("inside", (40, 30), (200, 200), (40, 30), (200, 150)),
        ("inside", (10, 9000), (320, 0), (5, 4096), (5, 4096)),
        ("outside", (4000, 3000), (200, 200), (267, 200), (267, 200)),
        ("outside", (4000, 3000), (320, 0), (320, 240), (320, 240)),
        ("outside", (40, 30), (200, 200), (40, 30), (267, 200)),
        ("outside", (100, 9000), (100, 100), (46, 4096), (46, 4096)),
        ("cover", (4000, 3000), (200, 200), (200, 200), (200, 200)),
        ("cover", (150, 3000), (200, 200), (150, 150), (200, 200)),
        ("cover", (40, 30), (200, 100), (40, 20), (200, 100)),
        ("contain", (4000, 3000), (200, 200), (200, 200), (200, 200)),
        ("contain", (40, 30), (200, 200), (200, 200), (200, 200)),
        ("fill", (4000, 3000), (200, 200), (200, 200), (200, 200)),
        ("fill", (150, 3000), (200, 200), (150, 200), (200, 200)),
    ],
)
def test_the_size_of_each_fit(
    fit: str, picture: tuple[int, int], box: tuple[int, int], usual: tuple[int, int], enlarged: tuple[int, int]
) -> None:
    """Each fit gives the size that the documents say, and with enlarging the one that fits the box better."""
    assert usual == Shape(fit).placement(*picture, box).size
    assert enlarged == Shape(fit, enlarge=True).placement(*picture, box).size


@given(shapes(), SIDE, SIDE)
def test_sizes_are_bounded_and_verified(chosen: tuple[Shape, tuple[int, int]], width: int, height: int) -> None:
    """Every thumbnail has pixels, is within its bounds, is one that verification takes, and enlarges only if told."""
    shape, box = chosen
    size, picture, _ = shape.placement(width, height, box)
    assert all(1 <= side <= most <= LARGEST_SIDE for side, most in zip(size, shape.largest(box), strict=True))
    assert shape.allows(size, box)
    assert all(inner <= outer for inner, outer in zip(picture, size, strict=True))
    if not shape.enlarge:
        assert picture[0] <= width
        assert picture[1] <= height


@given(shapes(), SIDE, SIDE)
def test_a_turned_picture_in_a_turned_box(chosen: tuple[Shape, tuple[int, int]], width: int, height: int) -> None:
    """A turned picture in a turned box becomes a turned thumbnail."""
    shape, box = chosen
    upright_, sideways = shape.placement(width, height, box), shape.placement(height, width, box[::-1])
    assert (upright_.size, upright_.picture) == (sideways.size[::-1], sideways.picture[::-1])
    assert upright_.region == sideways.region[::-1]


@given(shapes(), SIDE, SIDE, SHARE, SHARE)
def test_what_shows_lies_in_the_picture(
    chosen: tuple[Shape, tuple[int, int]], width: int, height: int, across: float, down: float
) -> None:
    """The part that shows is within the picture: all of it, or, if it covers the box, a part of the box's ratio."""
    shape, box = chosen
    placement = shape.placement(width, height, box)
    left, top, right, lower = placement.region_at(width, height, (across, down))
    assert -1e-6 <= left < right <= width + 1e-6
    assert -1e-6 <= top < lower <= height + 1e-6
    if shape.fit != "cover":
        assert (0, 0, width, height) == (left, top, right, lower)
    elif placement.size == box:
        assert math.isclose((right - left) * box[1], (lower - top) * box[0])
    at = placement.picture_at((across, down))
    assert all(0 <= begin <= placement.size[i] - placement.picture[i] for i, begin in enumerate(at))


@given(shapes(), SIDE, SIDE)
def test_what_is_cut_off_counts_for_what_is_decoded(
    chosen: tuple[Shape, tuple[int, int]], width: int, height: int
) -> None:
    """The decoded picture must be as large as the thumbnail where it shows, and more where it is cut off."""
    shape, box = chosen
    placement = shape.placement(width, height, box)
    across, down = shape.scaled(width, height, [box])
    assert math.isclose(across * placement.region[0] / width, placement.picture[0])
    assert math.isclose(down * placement.region[1] / height, placement.picture[1])
    larger = shape.scaled(width, height, [box, (1, 1)])
    assert larger[0] >= across
    assert larger[1] >= down


def test_a_size_that_no_picture_gets() -> None:
    """A thumbnail of another size than its shape allows is found out."""
    for shape, box, sizes in (
        (Shape(), (100, 100), [(101, 50)]),
        (Shape(), (320, 0), [(321, 5), (320, 4097)]),
        (Shape("cover"), (200, 100), [(200, 99), (100, 100), (201, 100), (50, 20)]),
        (Shape("cover", enlarge=True), (200, 100), [(100, 50)]),
        (Shape("contain"), (200, 100), [(199, 100), (100, 50)]),
        (Shape("fill"), (200, 100), [(200, 101)]),
        (Shape("fill", enlarge=True), (200, 100), [(199, 100)]),
        (Shape("outside"), (200, 100), [(201, 101), (4097, 100)]),
    ):
        assert not any(shape.allows(size, box) for size in sizes), (shape, box)


@pytest.mark.parametrize("orientation", range(1, 9))
@given(data=st.data())
def test_regions_turn_like_pixels(orientation: int, data: st.DataObject) -> None:
    """The region of an upright picture, cut from the stored picture and turned, is the region itself."""
    stored = Image.fromarray(np.arange(6 * 4, dtype=np.uint8).reshape(4, 6))
    right_way = turned(stored, orientation)
    assert right_way.size == upright(6, 4, orientation)
    left, top = (data.draw(st.integers(0, side - 1)) for side in right_way.size)
    right, lower = data.draw(st.integers(left + 1, right_way.width)), data.draw(st.integers(top + 1, right_way.height))
    region = stored_region((left, top, right, lower), *right_way.size, orientation)
    part = stored.crop(region)
    assert right_way.crop((left, top, right, lower)).tobytes() == turned(part, orientation).tobytes()


def test_a_recipe_keeps_its_digest() -> None:
    """A recipe without a shape of its own has the digest of earlier versions, and only what differs makes another."""
    assert "f22ded976f9f8754" == Recipe().digest() == Recipe(shape=Shape()).digest()
    changed = [Shape("cover"), Shape("cover", "north"), Shape("cover", "attention"), Shape(background="#ffffff")]
    changed += [Shape(enlarge=True), Shape("contain"), Shape("fill"), Shape("outside")]
    assert len(changed) + 1 == len({Recipe(shape=shape).digest() for shape in [USUAL_SHAPE, *changed]})
    assert {"fit": "cover", "gravity": "north"} == Shape("cover", "north").stated()


def test_boxes_with_a_free_side() -> None:
    """A box with a free side has a name, an area and a place of its own, whatever the order in which boxes come."""
    boxes = [(320, 0), (0, 320), (320, 320), (100, 100), (1920, 0)]
    assert ["320x", "x320", "320x320"] == [box_name(box) for box in boxes[:3]]
    assert 320 * 320 == area((320, 0)) == area((0, 320))
    expected = ((1920, 0), (320, 320), (320, 0), (0, 320), (100, 100))
    assert expected == largest_first(boxes) == largest_first(reversed(boxes))


@pytest.mark.parametrize("name", sorted(ENCODED))
def test_every_shape_of_every_format(name: str) -> None:
    """Each format that thumbrun reads is made into each shape, of the size that the shape gives, in several boxes."""
    for shape in (
        *map(Shape, FITS),
        Shape("cover", "attention"),
        Shape("cover", "entropy"),
        Shape("fill", enlarge=True),
    ):
        boxes = ((300, 200), (60, 60), (20, 40))
        request = Request(*boxes[0], "png", 80, 1 << 40, 1 << 40, smaller=boxes[1:], shape=shape)
        found = render(ENCODED[name], request)
        assert isinstance(found, Rendered), found
        expected = [shape.placement(found.source_width, found.source_height, box).size for box in boxes]
        assert expected == [Image.open(io.BytesIO(picture.data)).size for picture in found.pictures]
