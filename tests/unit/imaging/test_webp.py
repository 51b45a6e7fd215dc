"""Still WebP pictures are reduced while they are decoded, and look as if they were not."""

import io

import pytest
from PIL import Image

from tests.fidelity.measure import psnr, reference
from tests.fidelity.photographs import drawn
from thumbrun.imaging import webp
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import Refused, Request
from thumbrun.outcomes import Reason

SIZE = (1203, 805)  # no fraction is exact


def picture(mode: str) -> Image.Image:
    """Return a picture with detail in every channel, alpha too."""
    canvas = drawn(7, *SIZE).convert("RGB")
    if mode == "RGBA":
        canvas.putalpha(canvas.convert("L").point([min(255, 2 * value) for value in range(256)]))
    return canvas


def saved(mode: str, *, lossless: bool) -> bytes:
    """Return that picture as a WebP file."""
    target = io.BytesIO()
    picture(mode).save(target, "WEBP", lossless=lossless, quality=90, method=0)
    return target.getvalue()


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_looks_as_pillow_decodes_it(mode: str, lossless: bool) -> None:
    """A thumbnail that the decoder reduces is close to one from all of Pillow's pixels."""
    body = saved(mode, lossless=lossless)
    with Image.open(io.BytesIO(body)) as whole:
        assert psnr(reference(whole.convert(mode)), thumbnail_pixels(body, 100, 100)) >= 44


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow decodes if libwebp cannot be called directly, and the thumbnail is almost the same."""
    body = saved("RGB", lossless=False)
    reduced = thumbnail_pixels(body, 100, 100)
    monkeypatch.setattr(webp, "_LIBWEBP", None)
    assert not webp.opens_lightly("webp", io.BytesIO(body))
    assert psnr(thumbnail_pixels(body, 100, 100), reduced) >= 44


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("lossless", [False, True])
def test_cut_short(lossless: bool) -> None:
    """A file that ends anywhere behind its header is truncated, and half a picture is not a thumbnail."""
    body = saved("RGB", lossless=lossless)
    for length in (40, len(body) // 2, len(body) - 2):
        found = render(body[:length], Request(100, 100, "jpeg", 80, 10**8, 10**9))
        assert isinstance(found, Refused)
        assert found.reason == Reason.TRUNCATED
