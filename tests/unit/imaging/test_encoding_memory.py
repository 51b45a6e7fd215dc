"""Tests of the memory that thumbnails take while they are encoded: the estimate is enough, and the limit holds."""

import io
import subprocess
import sys

import pytest
from PIL import Image

from thumbrun.imaging import render as rendering
from thumbrun.imaging.render import render
from thumbrun.imaging.request import Encoding, NeedsMemory, Refused, Request
from thumbrun.outcomes import Reason

SIDE = 1400
FORMATS = ("jpeg", "png", "webp", "avif", "gif")
PLENTY = 1 << 40

MEASURED = """
import io, re, sys
from pathlib import Path
from PIL import Image
from thumbrun.imaging import memory_estimate
from thumbrun.imaging.encode import encode
from thumbrun.imaging.ground import laid
from thumbrun.imaging.shape import USUAL_SHAPE
from thumbrun.imaging.shape import USUAL_SHAPE

def status(name):
    return 1024 * int(re.search(rf"{name}:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

side, quality, mode, kind, *formats = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
def made(picture, name):
    placement = USUAL_SHAPE.placement(*picture.size, picture.size)
    return encode(laid(picture, placement, USUAL_SHAPE, transparent=name != "jpeg"), name, quality)

made(Image.new(mode, (8, 8)), formats[0])  # which loads the encoder
boxes = [(side, side), (side // 2, side // 2)]
before = status("VmRSS")
pictures = []
for width, height in boxes:
    noise = Image.merge(mode, [Image.effect_noise((width, height), 90) for _ in mode])
    pictures.append(noise if kind == "noise" else Image.radial_gradient("L").resize((width, height)).convert(mode))
    del noise
Path("/proc/self/clear_refs").write_text("5")
files = [made(picture, name) for picture in pictures for name in formats]
print(status("VmHWM") - before, memory_estimate.encoding_bytes((side, side), boxes, USUAL_SHAPE, formats))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads what Linux tells of a process")
@pytest.mark.quick(one_in=13)
@pytest.mark.parametrize("quality", [80, 100])
@pytest.mark.parametrize("kind", ["noise", "gradient"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("formats", [*((name,) for name in FORMATS), ("webp", "jpeg", "png", "avif")], ids="+".join)
def test_the_estimate_is_enough(formats: tuple[str, ...], mode: str, kind: str, quality: int) -> None:
    """Pixels, encoder and finished files together take no more than the estimate."""
    words = [sys.executable, "-c", MEASURED, str(SIDE), str(quality), mode, kind, *formats]
    took, estimated = map(int, subprocess.check_output(words, text=True).split())
    assert took <= estimated


def of_many(side: int, memory: int) -> Request:
    """Return a request for 16 sizes in four formats, the largest of a given side."""
    sides = [(side - step, side - step) for step in range(1, 16)]
    further = tuple(Encoding(name, 80) for name in ("jpeg", "png", "avif"))
    return Request(side, side, "webp", 80, 10**9, memory, smaller=tuple(sides), further=further)


def test_many_large_thumbnails_must_fit_into_memory() -> None:
    """An image asks for the memory of all its thumbnails before anything is decoded."""
    body = io.BytesIO()
    Image.new("L", (4096, 4096)).save(body, "PNG")
    found = render(body.getvalue(), of_many(4096, 1 << 30))
    assert isinstance(found, NeedsMemory)
    assert 16 * 4096 * 4096 < found.bytes


def test_thumbnails_that_no_message_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image is refused if its thumbnails together are longer than a message between processes."""
    monkeypatch.setattr(rendering, "MOST_BYTES", 5_000)
    body = io.BytesIO()
    Image.effect_noise((90, 90), 90).save(body, "PNG")
    found = render(body.getvalue(), of_many(90, PLENTY))
    assert isinstance(found, Refused)
    assert (Reason.OUT_OF_MEMORY, "its thumbnails take more than 5,000 bytes together") == (found.reason, found.detail)
