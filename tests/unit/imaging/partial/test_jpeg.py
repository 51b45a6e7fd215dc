"""A thumbnail reads and decodes only some scans of a progressive JPEG."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests import photographs
from tests.unit.imaging.partial.pictures import declared, fetched, made, progressive, psnr
from thumbrun.imaging.partial import jpeg, jpeg_scans
from thumbrun.imaging.partial.known_bytes import KnownBytes, MissingError
from thumbrun.imaging.render import thumbnail_pixels
from thumbrun.imaging.shape import USUAL_SHAPE

FAITHFUL = 45.0  # dB against the same path with all scans
_SCAN = re.compile(rb"\xff\xda\x00[\x08\x0a\x0c\x0e]")


def scans(body: bytes | None) -> int:
    """Return how many scans a file has."""
    return len(_SCAN.findall(body or b""))


@pytest.mark.parametrize(
    ("side", "subsampling", "box", "kept", "most"),
    [
        (4000, "4:2:0", 100, 1, 0.2),  # five times the thumbnail: the first scan
        (3000, "4:2:0", 100, 3, 0.4),  # 3.75 times: also the colours' first scans
        (3000, "4:2:0", 70, 3, 0.4),  # 5.4 times, but a picture so small has sharper colours
        (3000, "4:4:4", 100, 1, 0.25),  # colours of full size: the first scan down to 2.3 times
        (3000, "4:2:2", 40, 1, 0.25),  # colours count as a third, because a decoder cannot make up for them
        (1920, "4:4:4", 100, 1, 0.35),
        (1920, "4:2:0", 100, 3, 0.5),
        (1700, "4:2:0", 100, 5, 1.0),  # at a quarter: the means whole, and the first scans of all else
        (1300, "4:2:0", 100, 5, 1.0),
    ],
)
def test_what_is_kept(side: int, subsampling: str, box: int, kept: int, most: float) -> None:
    """A larger picture needs fewer scans for the same box, and that hardly shows."""
    body = progressive(side, subsampling=subsampling)
    part, read = fetched(body, box=box)
    assert part is not None
    assert kept == scans(part) < scans(body)
    assert len(part) < len(body)
    assert read <= most * len(body)
    assert psnr(thumbnail_pixels(body, box, box, whole=True), thumbnail_pixels(part, box, box)) >= FAITHFUL


@pytest.mark.parametrize(("side", "box"), [(1100, 100), (800, 100), (4000, 400), (300, 400)])
def test_what_is_too_small(side: int, box: int) -> None:
    """A picture below one and a half times the thumbnail at an eighth is needed whole."""
    assert fetched(progressive(side), box=box)[0] is None


@pytest.mark.timeout(900)
def test_real_photographs() -> None:
    """A part of each progressive photograph is faithful, and makes the same pixels as the file that is read whole."""
    for name, body in photographs.photographs().items():
        if not name.startswith(("camprog", "webprog")):
            continue
        part, _ = fetched(body)
        if part is not None:
            pixels = thumbnail_pixels(part, 100, 100)
            assert psnr(thumbnail_pixels(body, 100, 100, whole=True), pixels) >= FAITHFUL, name
            assert thumbnail_pixels(body, 100, 100).tobytes() == pixels.tobytes(), name


def test_what_is_not_progressive() -> None:
    """A baseline picture has one scan and is needed whole, and its header tells its size."""
    target = io.BytesIO()
    photographs.draw(3000, 1).save(target, "JPEG")
    assert (None, 1 << 14) == fetched(target.getvalue())
    assert (3000, 2000) == declared(target.getvalue())


def test_orientation_and_profile_are_kept() -> None:
    """A part keeps the orientation and the colour profile."""
    target, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    draw = photographs.draw(4000, 1)
    draw.save(target, "JPEG", progressive=True, exif=exif, icc_profile=b"x" * 70_000)
    part, _ = fetched(target.getvalue())
    assert part is not None
    with Image.open(io.BytesIO(part)) as image:
        assert (6, 70_000) == (image.getexif()[0x0112], len(image.info["icc_profile"]))
    assert (67, 100) == thumbnail_pixels(part, 100, 100).size


def test_a_narrow_picture_is_judged_by_its_narrow_side() -> None:
    """The scans of a narrow picture follow from both its sides, like the decoder's scale."""
    target = io.BytesIO()
    photographs.draw(4000, 1).resize((6000, 90)).save(target, "JPEG", progressive=True)
    body = target.getvalue()
    part, _ = fetched(body)
    assert psnr(thumbnail_pixels(body, 100, 100, whole=True), thumbnail_pixels(part or body, 100, 100)) >= FAITHFUL


def test_tables_of_scans_that_are_left_out() -> None:
    """The tables before a scan that is left out are kept, because a later scan can use them."""
    body = progressive(1920)
    part, _ = fetched(body)
    known = KnownBytes(len(body), body)
    first = jpeg_scans.all_scans(known, jpeg_scans.read_frame(known))[:4]
    assert part is not None
    assert 3 == scans(part)
    assert all(body[scan.tables : scan.start] in part for scan in first)
    assert 1 < len({body[scan.tables : scan.start] for scan in first})


def test_colours_of_lower_quality() -> None:
    """A large picture below quality 85 needs the first scans of its colours."""
    assert 1 == scans(fetched(progressive(4000, 85))[0])
    part, _ = fetched(progressive(4000, 75))
    assert 4 == scans(part)  # of which one stands in for the last bits of the means
    assert part is not None
    pixels = thumbnail_pixels(progressive(4000, 75), 100, 100, whole=True)
    assert psnr(pixels, thumbnail_pixels(part, 100, 100)) >= FAITHFUL


@pytest.mark.parametrize("means", [b"\x40", b"\x20"])
def test_coarse_means_are_read_whole(means: bytes) -> None:
    """All bits of the means are needed if the missing bit would show."""
    body = progressive(4000)
    table = body.index(b"\xff\xdb")
    coarse = body[: table + 5] + means + body[table + 6 :]
    part, read = fetched(coarse)
    assert (4, len(body)) == (scans(part), read)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return a progressive JPEG with bytes changed, cut out or repeated, mostly in its structure."""
    body = bytearray(progressive(2500, subsampling="4:4:4"))
    places = [match.start() for match in re.finditer(rb"\xff[^\x00]", body)]
    for _ in range(draw(st.integers(1, 6))):
        near = st.builds(int.__add__, st.sampled_from(places), st.integers(0, 24))
        at = draw(near | st.integers(0, len(body) - 1)) % len(body)
        match draw(st.integers(0, 3)):
            case 0:
                body[at] = draw(st.integers(0, 255))
            case 1:
                del body[at : at + draw(st.integers(1, 5000))]
            case 2:
                body[at:at] = draw(st.binary(max_size=20)) * draw(st.integers(1, 50))
            case 3:
                del body[max(2, at) :]
        body += b"" if body else b"\xff\xd8"
    return bytes(body)


@settings(max_examples=150, deadline=None)
@given(mutated() | st.binary(max_size=300).map(lambda tail: b"\xff\xd8\xff" + tail), st.sampled_from((10, 100, 400)))
def test_hostile_bytes(body: bytes, box: int) -> None:
    """Hostile bytes get an answer after few steps, within the object, and a part is its own part."""
    part, read = fetched(body, box=box)
    assert read <= len(body)
    if part is not None:
        assert part == made(body, box=box)
        assert fetched(part, box=box)[0] in (part, None)


def test_fill_bytes_take_no_time() -> None:
    """A megabyte of fill bytes, or of empty segments, is not a header."""
    for filling in (b"\xff" * (1 << 20), b"\xff\xfe\x00\x02" * (1 << 18), b"\xff\xd8" * (1 << 18)):
        body = b"\xff\xd8" + filling + progressive(800)[2:]
        assert None is fetched(body)[0]
        assert None is declared(body)


def test_a_cut_file_asks_for_no_more_than_there_is() -> None:
    """A file that ends within its first scan is needed whole, and asks only for bytes that it has."""
    body = progressive(4000)[:40_000]
    assert (None, len(body)) == fetched(body)
    with pytest.raises(MissingError):
        jpeg.part(KnownBytes(len(body), body[:20_000]), ((100, 100),), USUAL_SHAPE)


def test_a_scan_that_has_no_end() -> None:
    """A scan that is longer than any means is given up before much of it is read."""
    body = progressive(4000)
    start = body.index(b"\xff\xda") + 14
    part, read = fetched(body[:start] + b"\xff\x00" * (16 << 20))
    assert None is part
    assert read < 4 << 20


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"\xff\xd8\xff\xdb\x00\x43\x00" + tail))
def test_quantisers_of_hostile_bytes(body: bytes) -> None:
    """Hostile bytes give the first quantisers of complete tables, or none."""
    found = jpeg_scans.low_quantisers(body, 6)
    assert len(found) % 6 == 0
    assert all(0 <= value < 1 << 16 for value in found)


def test_quantisers_are_those_that_the_encoder_used() -> None:
    """The first six quantisers of each table are those that the quality makes of ITU-T T.81, K.1."""
    halved = [8, 6, 6, 7, 6, 5, 9, 9, 9, 12, 11, 12]  # of 16, 11, 12, 14, 12, 10 and 17, 18, 18, 24, 21, 24
    assert halved == jpeg_scans.low_quantisers(progressive(800, quality=75), 6)
