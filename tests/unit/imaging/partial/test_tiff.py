"""A thumbnail reads one of a TIFF's pictures, wherever it lies."""

import io
import re
import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.photographs import draw, photographs
from tests.unit.imaging.partial.pictures import FIRST, declared, fetched, made, psnr
from tests.unit.imaging.partial.pyramids import pyramid, pyramid_of
from tests.unit.imaging.samples import request
from thumbrun.imaging.geometry import fit
from thumbrun.imaging.partial import dispatch
from thumbrun.imaging.partial.known_bytes import KnownBytes
from thumbrun.imaging.render import render, thumbnail_pixels
from thumbrun.imaging.request import Rendered
from thumbrun.imaging.shape import USUAL_SHAPE


def pages(count: int, **options: object) -> bytes:
    """Return a TIFF of several different pages."""
    target = io.BytesIO()
    drawn = [draw(600, number) for number in range(count)]
    drawn[0].save(target, "TIFF", save_all=True, append_images=drawn[1:], **options)
    return target.getvalue()


@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True)])  # Pillow reads no other
@pytest.mark.parametrize("below", [False, True])
def test_a_pyramid(order: str, big: bool, below: bool) -> None:
    """The smallest version that is three times the thumbnail is read, and it shows the first page."""
    body = pyramid(2400, order=order, big=big, below=below)
    part, read = fetched(body)
    assert part is not None
    with Image.open(io.BytesIO(part)) as image:
        assert (600, 400) == image.size
    assert read <= 0.15 * len(body)
    whole = thumbnail_pixels(body, 100, 100, whole=True)
    assert psnr(whole, thumbnail_pixels(part, 100, 100)) >= 45
    assert thumbnail_pixels(body, 100, 100).tobytes() == thumbnail_pixels(part, 100, 100).tobytes()
    assert (2400, 1600) == declared(body)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_size_of_the_first_page_is_told(orientation: int, big: bool) -> None:
    """A smaller version tells the first page's size, upright, whether a task or a decoding process has chosen it."""
    body = pyramid_of(draw(2401, 3), order="<", big=big, orientation=orientation)
    part, _ = fetched(body)
    assert part is not None
    expected = (2401, 1600) if orientation == 1 else (1600, 2401)
    for source in (body, part):
        verdict = render(source, replace(request(), smaller=((50, 31),)))
        assert isinstance(verdict, Rendered)
        assert expected == (verdict.source_width, verdict.source_height)
        made = [(picture.width, picture.height) for picture in verdict.pictures]
        assert [fit(*expected, 100, 100), fit(*expected, 50, 31)] == made


def test_no_more_directories_than_needed() -> None:
    """Only one directory is read after the version that is large enough, however many there are."""
    assert fetched(pyramid(2400, levels=5, apart=True))[1] == fetched(pyramid(2400, levels=7, apart=True))[1]


def test_little_is_read_about_the_directories_of_a_small_file() -> None:
    """A small part of a small file is read for its directories."""
    body = pyramid(2400, quality=90, apart=True)
    part, read = fetched(body, box=40)
    assert part is not None
    assert read <= len(part) + FIRST + len(body) // 10 < len(body) / 4


def test_versions_in_another_order() -> None:
    """A version that is too small ends no search until one is large enough, because a preview can come first."""
    body = bytearray(pyramid(2400, below=True))
    (at,) = struct.unpack_from("<I", body, 4)
    entry = next(at for at in range(at + 2, len(body), 12) if struct.unpack_from("<H", body, at)[0] == 330)
    count, places = struct.unpack_from("<II", body, entry + 4)
    numbers = struct.unpack_from(f"<{count}I", body, places)
    struct.pack_into(f"<{count}I", body, places, *reversed(numbers))
    part, _ = fetched(bytes(body))
    with Image.open(io.BytesIO(part or b"")) as image:
        assert (600, 400) == image.size


@pytest.mark.quick(one_in=4)
@pytest.mark.parametrize(
    ("options", "box", "width"),
    [
        ({}, 50, 240),  # 4.8 times the thumbnail
        ({"said": b"AVERAGE"}, 50, 240),
        ({"said": b"CUBIC", "of_a_map": True}, 50, 240),
        ({"said": b"NEAREST"}, 50, 960),  # 9.6 times are too few, 19 are enough
        ({"said": b"NEAREST"}, 70, 960),  # 13 times
        ({"said": b"NEAREST", "quality": 90}, 70, 1920),
        ({"said": b"NEAREST", "quality": 90}, 50, 960),
        ({"of_a_map": True}, 50, 960),
        ({"quality": 90, "rgb": True}, 50, 240),
        ({"quality": 90, "rgb": True, "order": ">"}, 50, 240),
        ({"quality": 90, "rgb": True, "big": True}, 50, 240),
        ({"quality": 75, "rgb": True}, 50, 240),
        ({"quality": 50, "rgb": True}, 50, 960),
        ({"quality": 90}, 50, 480),
        ({"quality": 75}, 50, 480),
        ({"quality": 72}, 50, 960),
        ({"quality": 50}, 70, 960),
        ({"quality": 47}, 70, 1920),
        ({"quality": 30}, 50, 1920),  # no size is enough
    ],
)
def test_which_version_is_enough(options: dict[str, Any], box: int, width: int) -> None:
    """A version must be larger if its reduction or compression lost more."""
    body = pyramid(1920, sampled=options.get("said") == b"NEAREST", **options)
    part, _ = fetched(body, box=box)
    with Image.open(io.BytesIO(part or b"")) as image:
        assert width == image.width
    whole = thumbnail_pixels(body, box, box, whole=True)
    assert psnr(whole, thumbnail_pixels(part or b"", box, box)) >= 45
    assert thumbnail_pixels(body, box, box).tobytes() == thumbnail_pixels(part or b"", box, box).tobytes()


@pytest.mark.parametrize(("side", "width"), [(1921, 240), (1926, 963), (1928, 482), (1925, 1925)])
def test_a_version_that_leaves_something_out(side: int, width: int) -> None:
    """A version that leaves out the last columns and rows is used only if its picture hardly moves."""
    body = pyramid(side)
    part, _ = fetched(body, box=50)
    with Image.open(io.BytesIO(part or b"")) as image:
        assert width == image.width
    whole = thumbnail_pixels(body, 50, 50, whole=True)
    assert psnr(whole, thumbnail_pixels(part or b"", 50, 50)) >= 45


@pytest.mark.timeout(900)
@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("options", [{}, {"quality": 75}, {"quality": 90, "rgb": True}])
def test_real_photographs(options: dict[str, Any]) -> None:
    """A part of a photograph's pyramid is faithful, and makes the same pixels as the file that is read whole."""
    found = [body for name, body in photographs().items() if name.startswith("cam/")]
    for body in found[::5]:
        with Image.open(io.BytesIO(body)) as photograph:
            file = pyramid_of(photograph, apart=True, **options)
        part, _ = fetched(file)
        assert part is not None
        pixels = thumbnail_pixels(part, 100, 100)
        assert psnr(thumbnail_pixels(file, 100, 100, whole=True), pixels) >= 45
        assert thumbnail_pixels(file, 100, 100).tobytes() == pixels.tobytes()


def _longer(found: re.Match[bytes]) -> bytes:
    """Return an entry of a directory that has more values."""
    return found[0][:4] + struct.pack("<I", 1 << 13)


@pytest.mark.parametrize(("head", "width"), [(struct.pack("<HH", 347, 7), 1920), (struct.pack("<HH", 42112, 2), 960)])
def test_a_field_that_is_too_long_to_look_at(head: bytes, width: int) -> None:
    """A field about the reduction or compression is ignored if it is longer than any such field."""
    body = pyramid(1920, quality=90, rgb=True, said=b"AVERAGE", of_a_map=True)
    long = re.sub(re.escape(head) + rb"..\0\0", _longer, body, flags=re.DOTALL) + bytes(1 << 14)
    assert len(body) + (1 << 14) == len(long)
    with Image.open(io.BytesIO(fetched(long, box=50)[0] or b"")) as image:
        assert width == image.width


def test_a_pyramid_whose_versions_are_too_small() -> None:
    """A large box needs the first page, which is decoded as it lies in the file."""
    body = pyramid(2400)
    part, _ = fetched(body, box=500)
    assert part is not None
    assert psnr(thumbnail_pixels(body, 500, 500, whole=True), thumbnail_pixels(part, 500, 500)) == 99
    assert None is dispatch.faster_file(KnownBytes(len(body), body), ((500, 500),), USUAL_SHAPE)


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}, {"big_tiff": True}])
def test_the_first_of_many_pages(options: dict[str, object]) -> None:
    """Little more than one of eight pages is read, and it makes exactly the same pixels."""
    body = pages(8, **options)
    part, read = fetched(body)
    assert part is not None
    assert read < 0.25 * len(body) + 2 * 65536
    assert thumbnail_pixels(body, 100, 100).tobytes() == thumbnail_pixels(part, 100, 100).tobytes()


def test_what_else_a_page_says_is_kept() -> None:
    """A part keeps the page's profile and orientation."""
    target, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    drawn = draw(600, 1)
    drawn.save(target, "TIFF", save_all=True, append_images=[drawn], exif=exif, icc_profile=b"x" * 3000)
    part, _ = fetched(target.getvalue())
    with Image.open(io.BytesIO(part or b"")) as image:
        assert (6, b"x" * 3000) == (image.getexif()[0x0112], image.info["icc_profile"])
    assert (67, 100) == thumbnail_pixels(part or b"", 100, 100).size


def test_pieces_that_are_named_many_times() -> None:
    """A picture whose strips are all the same bytes does not become larger than its file."""
    body = bytearray(pages(2))
    at = struct.unpack_from("<I", body, 4)[0]
    for entry in range(at + 2, at + 2 + 12 * struct.unpack_from("<H", body, at)[0], 12):
        tag, _, _ = struct.unpack_from("<HHI", body, entry)
        if tag in (273, 279):
            values = [8] * 5000 if tag == 273 else [100_000] * 5000
            struct.pack_into("<HII", body, entry + 2, 4, len(values), len(body))
            body += struct.pack(f"<{len(values)}I", *values)
    assert None is fetched(bytes(body))[0]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return a TIFF with bytes changed, mostly in its directories."""
    ways: tuple[dict[str, Any], ...] = (
        {},
        {"below": True},
        {"quality": 90, "rgb": True, "said": b"NEAREST"},
        {"quality": 75},
    )
    body = bytearray(pyramid(600, levels=3, big=draw(st.booleans()), **draw(st.sampled_from(ways))))
    for _ in range(draw(st.integers(1, 8))):
        near_the_end = st.integers(max(0, len(body) - 1500), len(body) - 1)
        at = draw(near_the_end | st.integers(0, 20))
        body[at] = draw(st.integers(0, 255))
    return bytes(body[: draw(st.just(len(body)) | st.integers(1, len(body)))])


@settings(max_examples=300, deadline=None)
@given(mutated() | st.binary(max_size=300).map(lambda tail: b"II*\0" + tail))
def test_hostile_bytes(body: bytes) -> None:
    """Hostile bytes get an answer after few steps, and a part of at most twice the file's size."""
    part, read = fetched(body, first=500)
    assert part is None or len(part) <= 2 * len(body)
    assert read <= 64 * len(body)
    assert part == made(body)
