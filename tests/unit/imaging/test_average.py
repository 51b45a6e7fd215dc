"""The reduction is right: its pieces do not show, the picture's end is in place, and sharpening restores detail."""

import io

import pytest
from PIL import Image

from tests import photographs
from tests.fidelity.measure import psnr, reference
from thumbrun.imaging import average
from thumbrun.imaging.render import thumbnail_pixels


@pytest.mark.parametrize("size", [(997, 401), (20_011, 7), (7, 20_011), (5_000, 301)])
@pytest.mark.parametrize("mode", ["P", "RGBA", "1", "LA"])
def test_pieces_change_nothing(size: tuple[int, int], mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of any size, in which a picture is converted and averaged, make the same pixels."""
    noise = Image.effect_noise(size, 90)
    picture = noise.convert("RGB").quantize(16) if mode == "P" else noise.convert(mode)
    if mode.endswith("A"):
        picture.putalpha(Image.linear_gradient("L").resize(size))
    whole = average.shrunk(picture, 20, 1)
    for piece in (1, 1_000, 30_000):
        monkeypatch.setattr(average, "_PIECE", piece)
        assert whole.tobytes() == average.shrunk(picture, 20, 1).tobytes()


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("side", [2250, 2248, 2255])
def test_what_a_decoder_rounds_up(side: int) -> None:
    """A picture whose sides an eighth does not divide is neither stretched nor moved."""
    target = io.BytesIO()
    photographs.draw(4000, 1).resize((4000, side)).save(target, "JPEG", quality=90)
    with Image.open(io.BytesIO(target.getvalue())) as image:
        whole = image.convert("RGB")
    made = thumbnail_pixels(target.getvalue(), 100, 100)
    assert psnr(reference(whole), made) >= 50.0


@pytest.mark.parametrize(("averaged", "least"), [(1, 0.0), (8, 2.0)])
def test_what_averaging_took_off(averaged: int, least: float) -> None:
    """Sharpening restores the detail that a decoder's averages took off, and leaves other pictures alone."""
    source = Image.effect_noise((100, 67), 60).resize((1920, 1280), Image.Resampling.BICUBIC).convert("RGB")
    small = source.reduce(8) if averaged == 8 else source.resize((240, 160), Image.Resampling.LANCZOS)
    plain, sharper = average.shrunk(small, 100, 67), average.shrunk(small, 100, 67, averaged)
    truth = reference(source)
    assert psnr(truth, sharper) >= psnr(truth, plain) + least
    if averaged == 1:
        assert plain.tobytes() == sharper.tobytes()
