"""Tests that thumbnails are as good as a reduction of every pixel, though thumbrun decodes far fewer pixels."""

import io
import statistics

import pytest
from PIL import Image, ImageOps

from tests.fidelity.measure import psnr, reference
from tests.fidelity.photographs import photographs
from thumbrun.imaging.render import thumbnail_pixels

MEDIAN = 54.0  # of photographs that are decoded with all of their scans
MEDIAN_OF_PROGRESSIVE = 49.0
WORST = 37.0


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_photographs(capsys: pytest.CaptureFixture[str]) -> None:
    """Thumbnails before encoding have a high PSNR, median and worst, against the full decode reduced by Lanczos."""
    values: dict[str, list[float]] = {}
    for kind, content in photographs():
        with Image.open(io.BytesIO(content)) as image:
            truth = ImageOps.exif_transpose(image)
        values.setdefault(kind, []).append(psnr(reference(truth), thumbnail_pixels(content, 100, 100)))
    everything = [value for found in values.values() for value in found]
    with capsys.disabled():
        for kind, found in [*values.items(), ("all", everything)]:
            print(f"\n{kind:12} {len(found):4} median {statistics.median(found):.1f} worst {min(found):.1f} dB", end="")
    progressive = [value for kind, found in values.items() if "prog" in kind for value in found]
    others = [value for kind, found in values.items() if "prog" not in kind for value in found]
    assert statistics.median(others) >= MEDIAN
    assert statistics.median(progressive) >= MEDIAN_OF_PROGRESSIVE
    assert min(everything) >= WORST
