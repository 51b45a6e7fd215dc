"""Tests of what a crop shows if the pixels decide."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from thumbrun.imaging.interest import Interest
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import Rendered, Request
from thumbrun.imaging.shape import BY_CONTENT, Shape

PLENTY = 1 << 40
SKIN = (224, 172, 140)


def scene(size: tuple[int, int], at: tuple[int, int], *, orientation: int = 1, radius: int = 40) -> bytes:
    """Return a JPEG of a plain sky with a face-like disc at a place of the stored picture."""
    picture = Image.linear_gradient("L").resize(size).point(lambda value: 150 + value // 8).convert("RGB")
    disc = (at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius)
    pen = ImageDraw.Draw(picture)
    pen.ellipse(disc, SKIN, "black", 4)
    for eye in (-15, 15):
        pen.ellipse((at[0] + eye - 5, at[1] - 14, at[0] + eye + 5, at[1] - 4), "black")
    exif = Image.Exif()
    exif[0x0112] = orientation
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=92, exif=exif)
    return target.getvalue()


def skin(picture: Image.Image) -> tuple[float, float, int]:
    """Return where the skin in a thumbnail lies, as shares of its sides, and how many pixels it has."""
    near = np.abs(np.asarray(picture, int) - SKIN).max(2) < 30
    down, across = near.nonzero()
    return across.mean() / picture.width, down.mean() / picture.height, len(across)


@pytest.mark.parametrize("gravity", sorted(BY_CONTENT))
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("size", "at"), [((900, 300), (150, 120)), ((900, 300), (740, 200)), ((300, 900), (150, 700))])
def test_the_subject_is_in_the_crop(gravity: str, orientation: int, size: tuple[int, int], at: tuple[int, int]) -> None:
    """A subject near one end is whole in a square, whichever way the picture is stored."""
    body = scene(size, at, orientation=orientation)
    square = thumbnail_pixels(body, 100, 100, Shape("cover", gravity))
    whole = thumbnail_pixels(body, 300, 300)
    assert 0.95 <= skin(square)[2] / skin(whole)[2]


def test_the_subject_is_in_the_middle_if_it_can_be() -> None:
    """With attention, the subject lies in the middle of the crop, unless it is near an end of the picture."""
    for at in (300, 450, 600):
        across, _, _ = skin(thumbnail_pixels(scene((900, 300), (at, 150)), 100, 100, Shape("cover", "attention")))
        assert 0.4 <= across <= 0.6


@pytest.mark.parametrize("gravity", sorted(BY_CONTENT))
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_plain_picture_is_cut_in_the_middle(gravity: str, mode: str) -> None:
    """Where no part is of more interest than another, the crop is in the middle, also of what is transparent."""
    for size in ((128, 40), (40, 128)):
        across, down = Interest(Image.new(mode, size), gravity).share(*(min(size) / side for side in size))
        assert abs(across - 0.5) <= 0.01
        assert abs(down - 0.5) <= 0.01


@pytest.mark.parametrize("gravity", sorted(BY_CONTENT))
def test_sizes_of_one_ratio_show_the_same(gravity: str) -> None:
    """Several squares show the same part of a picture, and a banner beside them has its own."""
    body = scene((900, 300), (700, 150))
    shape = Shape("cover", gravity)
    found = render(body, Request(200, 200, "png", 80, PLENTY, PLENTY, smaller=((300, 50), (60, 60)), shape=shape))
    assert isinstance(found, Rendered)
    large, banner, small = (Image.open(io.BytesIO(picture.data)).convert("RGB") for picture in found.pictures)
    assert [(200, 200), (300, 50), (60, 60)] == [large.size, banner.size, small.size]
    assert abs(skin(large)[0] - skin(small)[0]) <= 0.02
    assert abs(skin(banner)[1] - 0.5) <= 0.2
