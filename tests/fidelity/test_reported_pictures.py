"""Tests of small pictures of kinds that people reported against other tools: each shows its right colours."""

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.fidelity.measure import psnr, reference
from tests.unit.imaging.samples import running, verdict
from thumbrun.imaging.render import thumbnail_pixels
from thumbrun.imaging.request import Rendered, Request

FILES = zipfile.ZipFile(Path(__file__).parent / "odd-pictures.zip")
Colour = tuple[int, ...]

_COLOURS = ((200, 40, 40), (40, 160, 60), (40, 60, 200), (230, 200, 40))
_GREYS = tuple((level, level, level) for level in (30, 100, 170, 240))
_CLEAR, _GREY = (-1, -1, -1, 0), (170, 170, 170, 255)
# What the four quarters show, from the left to the right and down, and how far each value may be from that.
QUARTERS: dict[str, tuple[tuple[Colour, ...], int]] = {
    "planar-5-channels.tif": (_COLOURS, 3),
    "minwhite16.tif": (_GREYS, 3),
    "palette-0-255.tif": (_COLOURS, 3),
    "grey-assoc-alpha.tif": (tuple((*grey, 128) for grey in _GREYS), 3),
    "rgb-float32.tif": (_COLOURS, 3),
    "bitfields-444.bmp": (_COLOURS, 12),  # 4 bits: each value is at most 8 from what was meant
    "xmp-orientation-only.jpg": (_COLOURS, 4),
    "xmp-orientation-only.png": (_COLOURS, 3),
    "xmp-orientation-only.avif": (_COLOURS, 4),
    "nclx-display-p3.heic": (_COLOURS, 4),
    "nclx-pq-bt2020.avif": (_COLOURS, 60),
    "cicp-pq.png": (_COLOURS, 60),
    "gama-linear.png": (_COLOURS, 4),
    "text-chunk-bad-crc.png": (_COLOURS, 3),
    "iccp-chunk-empty.png": (_COLOURS, 3),
    "ztxt-80-mb.png": (_COLOURS, 3),
    "trns-grey2.png": ((_CLEAR, _GREY, _CLEAR, _GREY), 3),
    "trns-grey16.png": ((_CLEAR, _GREY, _CLEAR, _GREY), 3),
    "first-frame-smaller.gif": ((_CLEAR, _CLEAR, _CLEAR, (200, 40, 40, 255)), 3),
}
# These are like gradient.png, in colour or in grey, and one in four bits; some are half transparent.
_GRADIENT = ((255, 0, 0), (192, 62, 128), (64, 191, 128), (192, 191, 128))
LIKE_GRADIENT = {name: 12 if "4444" in name else 8 for name in FILES.namelist() if name.startswith("gradient")}
GREY = ("gradient-greyf64.tif", "gradient-la16.tif")


async def quarters(name: str) -> list[Colour]:
    """Return the colours in the middle of a thumbnail's quarters, made in a confined process."""
    async with running() as pool:
        made = await verdict(pool, FILES.read(name), Request(100, 100, "png", 80, 10**8, 1 << 30))
    assert isinstance(made, Rendered), made
    with Image.open(io.BytesIO(made.data)) as thumbnail:
        shown = thumbnail.convert("RGBA")
    width, height = shown.size
    assert (100, 67) == shown.size or "trns" in name
    found = (shown.getpixel((width * x // 4, height * y // 4)) for x, y in ((1, 1), (3, 1), (1, 3), (3, 3)))
    return [one for one in found if isinstance(one, tuple)]


def near(right: Colour, found: Colour, most: int) -> bool:
    """Return whether a colour is right; a value of -1 does not matter."""
    return all(value < 0 or abs(value - other) <= most for value, other in zip(right, found, strict=False))


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("name", QUARTERS)
async def test_the_quarters(name: str) -> None:
    """Four quarters have the colours that were meant."""
    right, most = QUARTERS[name]
    for expected, found in zip(right, await quarters(name), strict=True):
        assert near(expected, found, most), (expected, found)


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("name", LIKE_GRADIENT)
async def test_the_gradient(name: str) -> None:
    """The gradient is the same whatever is broken or unusual beside its pixels; two files have it in grey."""
    for expected, found in zip(_GRADIENT, await quarters(name), strict=True):
        if name in GREY:
            assert len(set(found[:3])) == 1
            assert abs(found[0] - (299 * expected[0] + 587 * expected[1] + 114 * expected[2]) / 1000) <= 40
        else:
            assert near(expected, found, LIKE_GRADIENT[name]), (expected, found)


def test_colours_that_are_stored_at_half_their_width() -> None:
    """Bars of colour at 4:2:2 are as sharp as a full decode makes them, at 34 dB or more."""
    body = FILES.read("colours-422.jpg")
    with Image.open(io.BytesIO(body)) as whole:
        assert psnr(reference(whole.convert("RGB")), thumbnail_pixels(body, 100, 100)) >= 34
