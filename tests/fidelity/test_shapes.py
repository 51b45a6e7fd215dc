"""Tests that thumbnails of each shape are like those of libvips, and that partial reads and reduced decoding hold."""

import io
import itertools
from functools import cache
from typing import Any

import pytest
from PIL import Image

from tests.fidelity.measure import psnr
from tests.fidelity.shaped import shaped
from tests.photographs import draw
from tests.unit.imaging.partial.pyramids import pyramid_of
from thumbrun import formats
from thumbrun.imaging import decode
from thumbrun.imaging.partial import dispatch
from thumbrun.imaging.partial.known_bytes import KnownBytes
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import Rendered, Request
from thumbrun.imaging.shape import DIRECTIONS, FITS, USUAL_SHAPE, Shape

LEAST = 30.0  # dB
FAITHFUL = 45.0  # dB, of what is made of a part against what is made of all
PLENTY = 1 << 40
WIDTH, HEIGHT = 600, 400
BOXES = ((160, 160), (300, 110), (110, 300))
SMALL = (700, 500)  # a box that the picture does not fill
SOURCES: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "PNG": {},
    "WEBP": {"quality": 95},
    "TIFF": {},
    "AVIF": {"quality": 95, "subsampling": "4:4:4", "speed": 10, "max_threads": 1},
}
SHAPES = [
    *(Shape(fit, gravity) for fit in ("cover", "contain") for gravity in DIRECTIONS),
    *map(Shape, ("inside", "fill", "outside")),
]


@cache
def photograph(format_: str, orientation: int) -> bytes:
    """Return a picture that an orientation turns upright."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    target = io.BytesIO()
    draw(WIDTH, 5).save(target, format_, exif=exif, **SOURCES[format_])
    return target.getvalue()


def made(body: bytes, format_: str, box: tuple[int, int], shape: Shape) -> Image.Image:
    """Return the thumbnail's file, decoded."""
    found = render(body, Request(*box, format_, 95, PLENTY, PLENTY, shape=shape))
    assert isinstance(found, Rendered), found
    picture = Image.open(io.BytesIO(found.data))
    assert (found.width, found.height) == picture.size
    return picture


def alike(expected: Image.Image, actual: Image.Image) -> float:
    """Return the PSNR of two pictures whose sides may differ by a pixel, because libvips rounds otherwise."""
    sides = list(zip(expected.size, actual.size, strict=True))
    assert all(abs(one - other) <= 1 for one, other in sides), (expected.size, actual.size)
    common = (0, 0, min(sides[0]), min(sides[1]))
    return psnr(expected.crop(common), actual.crop(common))


@pytest.mark.quick(one_in=83)
@pytest.mark.parametrize(
    ("shape", "orientation", "format_"),
    list(itertools.product(SHAPES, range(1, 9), SOURCES)),
    ids=lambda value: f"{value.fit}-{value.gravity}" if isinstance(value, Shape) else str(value),
)
def test_each_shape_is_like_that_of_libvips(shape: Shape, orientation: int, format_: str) -> None:
    """Each fit, gravity, orientation and format gives libvips' size within a pixel, and its pixels within 30 dB."""
    body, keep = photograph(format_, orientation), formats.thumbnail_format("keep", format_.lower())
    background = "#3366cc" if keep == "jpeg" else "#3366cc80"
    shape = Shape(shape.fit, shape.gravity, background)
    for box in (*BOXES, SMALL):
        assert LEAST <= alike(shaped(body, box, shape), made(body, keep, box, shape)), box


@pytest.mark.parametrize("shape", [Shape(fit, enlarge=True) for fit in FITS], ids=lambda shape: shape.fit)
@pytest.mark.parametrize("box", [(700, 700), (800, 100), (100, 600)], ids=str)
def test_enlarging_is_like_that_of_libvips(shape: Shape, box: tuple[int, int]) -> None:
    """What is enlarged, also one way only, is like libvips' enlargement."""
    body = photograph("PNG", 6)
    assert LEAST <= alike(shaped(body, box, shape), thumbnail_pixels(body, *box, shape))


@pytest.mark.parametrize("box", [(120, 0), (0, 120)], ids=["120x", "x120"])
@pytest.mark.parametrize("fit", ["inside", "outside"])
def test_one_side_is_bound(fit: str, box: tuple[int, int]) -> None:
    """A box with one side makes thumbnails of that side, as libvips does."""
    body = photograph("JPEG", 8)
    found = thumbnail_pixels(body, *box, Shape(fit))
    assert 120 == found.size[0 if box[0] else 1]
    assert LEAST <= alike(shaped(body, box, USUAL_SHAPE), found)


@pytest.mark.parametrize("gravity", sorted(DIRECTIONS))
def test_a_crop_of_a_small_picture_has_its_very_pixels(gravity: str) -> None:
    """A picture that is smaller than its box is cut to the box's aspect ratio, and not a pixel of it changes."""
    body = photograph("PNG", 1)
    shape = Shape("cover", gravity)
    found = thumbnail_pixels(body, 1000, 1000, shape)
    assert (HEIGHT, HEIGHT) == found.size
    assert shaped(body, (1000, 1000), shape).tobytes() == found.tobytes()


IN_PARTS = ("progressive JPEG", "TIFF with smaller versions")


@cache
def large(kind: str, upright: bool) -> bytes:
    """Return a picture of 3,000 pixels of which a thumbnail needs only a part, or in fewer pixels."""
    picture, target = draw(3000, 2, upright=upright), io.BytesIO()
    if kind.startswith("TIFF"):
        return pyramid_of(picture)
    options: dict[str, Any] = {"progressive": True} if kind in IN_PARTS else {"method": 0}
    picture.save(target, kind.split()[-1].upper(), quality=85, **options)
    return target.getvalue()


@pytest.mark.parametrize("upright", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["wide", "high"])
@pytest.mark.parametrize("kind", [*IN_PARTS, "JPEG", pytest.param("WebP", marks=pytest.mark.slow)])
def test_a_part_makes_the_same_thumbnail(kind: str, upright: bool) -> None:
    """A part of a file, or a picture that its decoder reduces, makes the thumbnail of the whole picture, as libvips."""
    body = large(kind, upright)
    for shape, box in (
        (Shape("cover"), (100, 100)),
        (Shape("cover", "east"), (150, 30)),
        (Shape("contain", "south"), (150, 50)),
        (Shape("fill"), (40, 100)),
        (Shape("outside"), (100, 50)),
        (USUAL_SHAPE, (0, 90)),
    ):
        whole = thumbnail_pixels(body, *box, shape, whole=True)
        part = dispatch.partial_file(KnownBytes(len(body), body), [box], shape)
        assert (part is not None) == (kind in IN_PARTS), shape
        if part is not None:
            assert FAITHFUL <= psnr(whole, thumbnail_pixels(bytes(part), *box, shape)), shape
        assert LEAST <= alike(shaped(body, box, shape), whole), shape


@pytest.mark.parametrize(
    ("shape", "expected"),
    [(USUAL_SHAPE, 8), (Shape("contain"), 8), (Shape("cover"), 2), (Shape("outside"), 2), (Shape("fill"), 2)],
    ids=lambda value: str(getattr(value, "fit", value)),
)
def test_a_crop_decides_how_much_is_decoded(shape: Shape, expected: int) -> None:
    """A panorama is decoded eight times smaller to lie in a square, and half as large to cover it."""
    target = io.BytesIO()
    Image.radial_gradient("L").resize((3000, 1000)).save(target, "JPEG", quality=85)
    with decode.open_image("jpeg", io.BytesIO(target.getvalue())) as image:
        assert expected == decode.decoder_scale(image, [(150, 150)], shape)


def test_a_crop_decides_how_much_is_read() -> None:
    """A square inside which a picture lies needs a part of a file, and the same square that it covers needs all."""
    body = large("progressive JPEG", False)
    known = KnownBytes(len(body), body)
    assert dispatch.partial_file(known, [(200, 200)], USUAL_SHAPE)
    assert None is dispatch.partial_file(known, [(200, 200)], Shape("cover"))
