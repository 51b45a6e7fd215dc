"""The reduction itself: the pieces in which it is done."""

import pytest
from PIL import Image

from thumbrun.imaging import average


@pytest.mark.parametrize("size", [(997, 401), (20_011, 7), (7, 20_011), (5_000, 301)])
@pytest.mark.parametrize("mode", ["P", "RGBA", "1", "LA"])
def test_pieces_change_nothing(size: tuple[int, int], mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the pieces in which a picture is converted and averaged, the same pixels come out."""
    noise = Image.effect_noise(size, 90)
    picture = noise.convert("RGB").quantize(16) if mode == "P" else noise.convert(mode)
    if mode.endswith("A"):
        picture.putalpha(Image.linear_gradient("L").resize(size))
    whole = average.shrunk(picture, 20, 1)
    for piece in (1, 1_000, 30_000):
        monkeypatch.setattr(average, "_PIECE", piece)
        assert whole.tobytes() == average.shrunk(picture, 20, 1).tobytes()
