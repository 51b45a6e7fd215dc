"""Tests of the sample pictures: they are the same every time and have the right size."""

import pytest
from PIL import Image

from thumbrun.demo.pictures import SCENES, badge, rocket, scene


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_always_the_same(name: str) -> None:
    """The same name, size and seed give the same pixels, and another seed gives other pixels."""
    once = scene(name, 90, 60)
    assert once.tobytes() == scene(name, 90, 60).tobytes()
    assert once.tobytes() != scene(name, 90, 60, seed=2).tobytes()


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("size", [(120, 80), (80, 120), (150, 25), (20, 100), (40, 30)])
def test_a_scene_has_the_size_asked_for(name: str, size: tuple[int, int]) -> None:
    """Every scene can be drawn wide, tall and tiny, and has several colours."""
    picture = scene(name, *size)
    assert (size, "RGB") == (picture.size, picture.mode)
    assert len(picture.getcolors(10_000) or "many") > 3


def test_the_rocket_tells_every_orientation_apart() -> None:
    """The rocket looks different in each of the eight orientations, so a wrong one is visible."""
    picture = rocket(60, 60)
    turned = {picture.tobytes(), *(picture.transpose(way).tobytes() for way in Image.Transpose)}
    assert 8 == len(turned)


def test_the_badge_is_transparent_at_its_corners_and_translucent_within() -> None:
    """The badge has transparent, translucent and opaque pixels."""
    alpha = badge(64).getchannel("A")
    assert 0 == alpha.getpixel((0, 0))
    assert {0, 90, 255} <= {value for _, value in alpha.getcolors() or []}
