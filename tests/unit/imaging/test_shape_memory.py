"""Tests of the memory that thumbnails larger than their picture take: the estimate is enough, and the limit holds."""

import io
import subprocess
import sys

import pytest
from PIL import Image

from thumbrun.imaging.render import render
from thumbrun.imaging.request import NeedsMemory, Rendered, Request
from thumbrun.imaging.shape import Shape

PLENTY = 1 << 40
MEASURED = """
import io, re, sys
from pathlib import Path
from PIL import Image
from thumbrun.imaging.render import render
from thumbrun.imaging.request import Request
from thumbrun.imaging.shape import Shape

def status(name):
    return 1024 * int(re.search(rf"{name}:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

def made(width, height, mode):
    file = io.BytesIO()
    Image.effect_noise((width, height), 90).convert(mode).save(file, "PNG")
    return file.getvalue()

fit, mode, *sides = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
shape = Shape(fit, background="#33669980", enlarge=True)
request = Request(sides[2], sides[3], "jpeg", 1, 1 << 40, 1, shape=shape)
render(made(9, 9, mode), Request(20, 20, "jpeg", 1, 1 << 40, 1 << 40, shape=shape))  # which loads all that it takes
body = made(*sides[:2], mode)
needed = render(body, request).bytes
before = status("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
render(body, Request(sides[2], sides[3], "jpeg", 1, 1 << 40, needed, shape=shape))
print(status("VmHWM") - before, needed)
"""


@pytest.mark.quick(one_in=3)
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
@pytest.mark.parametrize("mode", ["RGB", pytest.param("RGBA", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("fit", "picture", "box"),
    [
        pytest.param("inside", (900, 700), (2400, 2400), marks=pytest.mark.slow),
        ("contain", (900, 700), (2400, 1600)),
        ("fill", (16, 60_000), (2400, 600)),
        ("cover", (2400, 1600), (300, 300)),
        pytest.param("fill", (60_000, 16), (600, 2400), marks=pytest.mark.slow),
        pytest.param("cover", (3000, 40), (1600, 1600), marks=pytest.mark.slow),
        pytest.param("outside", (40, 3000), (100, 100), marks=pytest.mark.slow),
    ],
    ids=lambda value: str(value).replace(" ", ""),
)
def test_the_estimate_is_enough(fit: str, picture: tuple[int, int], box: tuple[int, int], mode: str) -> None:
    """A thumbnail that is far larger than its picture, also one way only, takes no more memory than is estimated."""
    words = [sys.executable, "-c", MEASURED, fit, mode, *map(str, (*picture, *box))]
    took, estimated = map(int, subprocess.check_output(words, text=True).split())
    assert 0 < took <= estimated


def test_a_small_picture_of_large_thumbnails_is_weighed() -> None:
    """16 thumbnails of 4,096 pixels of a picture of a few bytes need leave first, unless they are not enlarged."""
    target = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(target, "PNG")
    boxes = tuple((4096, 4096 - number) for number in range(16))
    request = Request(*boxes[0], "png", 80, PLENTY, 1 << 30, smaller=boxes[1:], shape=Shape("cover", enlarge=True))
    found = render(target.getvalue(), request)
    assert isinstance(found, NeedsMemory)
    assert found.bytes > sum(8 * width * height for width, height in boxes) - (6 << 20)
    usual = Request(*boxes[0], "png", 80, PLENTY, 1 << 30, smaller=boxes[1:], shape=Shape("cover"))
    assert isinstance(render(target.getvalue(), usual), Rendered)
