"""The sample pictures: always the same, and of the size asked for."""

import pytest
from PIL import Image

from thumbrun.demo.pictures import SCENES, badge, rocket, scene


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_always_the_same(name: str) -> None:
    """The same name, size and seed give the same pixels; another seed gives other ones, where chance has a say."""
    once = scene(name, 90, 60)
    assert once.tobytes() == scene(name, 90, 60).tobytes()
    assert once.tobytes() != scene(name, 90, 60, seed=2).tobytes()


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("size", [(120, 80), (80, 120), (150, 25), (20, 100), (40, 30)])
def test_a_scene_has_the_size_asked_for(name: str, size: tuple[int, int]) -> None:
    """Every scene can be drawn wide, tall and tiny, and is more than one colour."""
    picture = scene(name, *size)
    assert (size, "RGB") == (picture.size, picture.mode)
    assert len(picture.getcolors(10_000) or "many") > 3


def test_the_rocket_tells_every_orientation_apart() -> None:
    """None of the eight orientations of the rocket looks like another, so a wrong one is seen."""
    picture = rocket(60, 60)
    turned = {picture.tobytes(), *(picture.transpose(way).tobytes() for way in Image.Transpose)}
    assert 8 == len(turned)


def test_the_badge_is_transparent_at_its_corners_and_translucent_within() -> None:
    """The badge has all that an alpha channel can say."""
    alpha = badge(64).getchannel("A")
    assert 0 == alpha.getpixel((0, 0))
    assert {0, 90, 255} <= {value for _, value in alpha.getcolors() or []}
