"""Tests that the thumbnail of every odd picture shows the right picture."""

import io

import pytest
from PIL import Image

from tests.fidelity.measure import psnr, reference
from tests.fidelity.pictures import Odd, odd_pictures
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import Rendered, Request

ODD = [pytest.param(odd, id=odd.name) for odd in odd_pictures()]


@pytest.mark.quick(one_in=4)
@pytest.mark.parametrize("odd", ODD)
def test_shows_what_it_should(odd: Odd) -> None:
    """The pixels of a thumbnail before encoding are close to those of the reduced truth."""
    assert psnr(reference(odd.truth), thumbnail_pixels(odd.body, 100, 100)) >= odd.least


@pytest.mark.quick(one_in=25)
@pytest.mark.parametrize("output", ["jpeg", "png", "gif", "webp", "avif"])
@pytest.mark.parametrize("odd", ODD)
def test_renders_to_every_format(odd: Odd, output: str) -> None:
    """Thumbrun renders every odd picture to every output format, and the thumbnail holds no metadata."""
    rendered = render(odd.body, Request(100, 100, output, 80, 10**8, 10**9))
    assert isinstance(rendered, Rendered)
    assert (odd.kind, odd.truth.size) == (
        rendered.source_format,
        (rendered.source_width, rendered.source_height),
    )
    with Image.open(io.BytesIO(rendered.data)) as thumbnail:
        assert output.upper() == thumbnail.format
        thumbnail.load()
        assert (rendered.width, rendered.height) == thumbnail.size
        assert not {"exif", "icc_profile", "xmp", "comment"} & set(thumbnail.info)
        assert {} == dict(thumbnail.getexif())
        least = 15 if output == "gif" and "A" in odd.truth.mode else 22  # GIF has no half transparency
        assert psnr(reference(_laid(odd.truth, output)), thumbnail) >= least
    assert b"Exif" not in rendered.data


def _laid(truth: Image.Image, output: str) -> Image.Image:
    """Return the truth as the output format can show it; for JPEG, this is on white."""
    if output != "jpeg" or "A" not in truth.mode:
        return truth
    return Image.alpha_composite(Image.new("RGBA", truth.size, "white"), truth.convert("RGBA")).convert("RGB")
