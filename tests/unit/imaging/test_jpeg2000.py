"""JPEG 2000 pictures of any size are decoded at a fraction of it."""

import io

import pytest
from PIL import Image

from tests.unit.imaging.samples import request
from thumbrun.imaging.jpeg2000 import openjpeg
from thumbrun.imaging.render import render
from thumbrun.imaging.request import Refused, Rendered

SIDES = [*range(1_280, 1_313), 2_609, 3_333]


def encoded(width: int, height: int, left: int = 0, top: int = 0) -> bytes:
    """Return a gradient, with its left upper corner anywhere on the format's grid."""
    target = io.BytesIO()
    tile = (width + left, height + top)
    picture = Image.linear_gradient("L").resize((width, height))
    picture.save(target, "JPEG2000", offset=(left, top), tile_size=tile)
    return target.getvalue()


@pytest.mark.parametrize(("width", "height"), [*((side, 1_300) for side in SIDES), *((1_300, side) for side in SIDES)])
def test_every_size(width: int, height: int) -> None:
    """A picture of any size is rendered and looks right, whatever rest the division of its size leaves."""
    found = render(encoded(width, height), request())
    assert isinstance(found, Rendered)
    assert (width, height) == (found.source_width, found.source_height)
    with Image.open(io.BytesIO(found.data)) as thumbnail:
        expected = Image.linear_gradient("L").resize(thumbnail.size).tobytes()
        assert max(abs(a - b) for a, b in zip(expected, thumbnail.convert("L").tobytes(), strict=True)) <= 8


@pytest.mark.parametrize("offset", [(1, 0), (0, 7), (15, 16), (33, 31)])
def test_every_corner(offset: tuple[int, int]) -> None:
    """A picture is rendered even if it does not begin at the grid's corner."""
    found = render(encoded(1_301, 1_303, *offset), request())
    assert isinstance(found, Rendered), found
    assert (1_301, 1_303) == (found.source_width, found.source_height)


@pytest.mark.parametrize("side", [201, 256, 333, 500, 512, 1_000])
@pytest.mark.parametrize("size", [(1_300, 1_301), (1_301, 1_303), (2_609, 1_287), (1_288, 3_333)])
def test_every_tile(size: tuple[int, int], side: int) -> None:
    """A picture in tiles of any size is rendered."""
    target = io.BytesIO()
    Image.linear_gradient("L").resize(size).save(target, "JPEG2000", tile_size=(side, side))
    found = render(target.getvalue(), request())
    assert isinstance(found, Rendered), found
    assert size == (found.source_width, found.source_height)


def test_without_openjpeg_a_plain_picture_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the interface of OpenJPEG is not found, Pillow decodes pictures of 8 bits."""
    monkeypatch.setattr(openjpeg, "_OPENJPEG", None)
    found = render(encoded(1_301, 1_303), request())
    assert isinstance(found, Rendered), found
    assert (1_301, 1_303) == (found.source_width, found.source_height)


def test_without_openjpeg_others_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the interface of OpenJPEG is not found, a picture of 16 bits is refused, by name."""
    monkeypatch.setattr(openjpeg, "_OPENJPEG", None)
    target = io.BytesIO()
    Image.new("I;16", (30, 20), 65_535).save(target, "JPEG2000")
    found = render(target.getvalue(), request())
    assert isinstance(found, Refused)
    assert "OpenJPEG" in found.detail


def test_a_palette_is_not_longer_than_it_can_be() -> None:
    """A palette of more than 1024 entries is refused before anything is decoded."""
    target = io.BytesIO()
    Image.new("L", (30, 20)).save(target, "JPEG2000")
    body = target.getvalue()
    at = body.index(b"jp2h") - 4
    length = int.from_bytes(body[at : at + 4], "big")
    content = b"pclr\xff\xff\1\7" + bytes(65_535)
    palette = (4 + len(content)).to_bytes(4, "big") + content
    longer = (length + len(palette)).to_bytes(4, "big") + body[at + 4 : at + length] + palette
    found = render(body[:at] + longer + body[at + length :], request())
    assert isinstance(found, Refused)
    assert "palette" in found.detail
