"""Pictures of odd shapes, and complete files that lack pixels, get the right verdicts."""

import io
import struct

import pillow_heif
import pytest
from PIL import Image

from tests.faults.images.bombs import gif, jpeg
from tests.unit.imaging.encoded import ENCODED
from tests.unit.imaging.partial.pictures import progressive
from tests.unit.imaging.samples import bomb, request, running, verdict
from thumbrun.imaging.render import render
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered
from thumbrun.outcomes import Reason


def png_of(width: int, height: int) -> bytes:
    """Return a grey PNG."""
    target = io.BytesIO()
    Image.new("L", (width, height)).save(target, "PNG")
    return target.getvalue()


@pytest.mark.parametrize(("size", "least"), [((4_000_000, 1), 12_000_000), ((1, 4_000_000), 36_000_000)])
def test_few_columns_or_rows_take_more(size: tuple[int, int], least: int) -> None:
    """The estimate includes two rows for the decoder, and Pillow's 8 bytes for each row."""
    wanted = render(png_of(*size), request(memory=1))
    assert isinstance(wanted, NeedsMemory)
    assert wanted.bytes >= least
    assert isinstance(render(png_of(*size), request(memory=wanted.bytes)), Rendered)


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "HEIF"])
def test_metadata_takes_memory_before_pixels_do(kind: str) -> None:
    """A file that its decoder loads whole is not opened if that takes more memory than allowed."""
    target = io.BytesIO()
    picture, exif = Image.new("RGB", (64, 64)), b"Exif\0\0II*\0\x08\0\0\0" + bytes(20 << 20)
    if kind == "HEIF":
        pillow_heif.from_pillow(picture).save(target, exif=exif)
    else:
        picture.save(target, kind, exif=exif)
    wanted = render(target.getvalue(), request(memory=59 << 20))
    assert isinstance(wanted, NeedsMemory)
    assert 60 << 20 <= wanted.bytes <= 110 << 20
    assert isinstance(render(target.getvalue(), request(memory=wanted.bytes)), Rendered | NeedsMemory)


def test_a_shorter_file_takes_memory_before_and_beside_its_pixels() -> None:
    """The bytes to find a JPEG's scans in, and the file that is made of them, count as memory."""
    body, asked = progressive(4000, 95, "4:4:4"), 1
    demands = []
    while isinstance(found := render(body, request(memory=asked, width=240, height=240)), NeedsMemory):
        assert found.bytes > asked
        asked = found.bytes
        demands.append(asked)
    assert isinstance(found, Rendered)
    assert 2 * len(body) == demands[0]
    assert len(demands) <= 3


def test_limits_of_libheif_are_no_want_of_memory() -> None:
    """An image beyond libheif's own limit is unreadable, because no memory setting would help."""
    whole = bytearray(ENCODED["heic"])
    size = whole.index(b"ispe") + 8
    whole[size : size + 8] = struct.pack(">II", 8, 8)
    found = render(bytes(whole), request())
    assert isinstance(found, Refused)
    assert (Reason.UNREADABLE, True) == (found.reason, "Security limit" in found.detail)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_one_scan_takes_no_coefficients(mode: str) -> None:
    """The estimate for a JPEG in one scan, which is decoded row by row, has no coefficients."""
    target = io.BytesIO()
    Image.new(mode, (4_000, 4_000)).save(target, "JPEG")
    wanted = render(target.getvalue(), request(memory=1))
    assert isinstance(wanted, NeedsMemory)
    assert wanted.bytes < 8_000_000


def test_several_scans_take_coefficients() -> None:
    """A baseline JPEG with a scan for each component keeps all its coefficients."""
    side = 4_000
    wanted = render(jpeg.scan_by_scan(side), request(memory=1))
    assert isinstance(wanted, NeedsMemory)
    assert wanted.bytes > 2 * 3 * side * side
    assert isinstance(render(jpeg.scan_by_scan(side), request(memory=wanted.bytes)), Rendered)


def bitmap(width: int, height: int, data: bytes) -> bytes:
    """Return a run-length coded BMP in two colours."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 0, 0, 2, 0)
    return b"BM" + struct.pack("<IHHI", 62 + len(data), 0, 0, 62) + header + bytes(8) + data


def test_run_lengths_take_more() -> None:
    """The estimate for a run-length coded BMP includes the buffers of Python, which decodes it."""
    wanted = render(bitmap(1_000, 1_000, b"\0\1"), request(memory=1))
    assert isinstance(wanted, NeedsMemory)
    assert wanted.bytes >= 3_000_000


def icon(width: int, height: int) -> bytes:
    """Return an icon of a bitmap that declares a size and holds a thousand bytes."""
    inner = struct.pack("<IiiHHIIiiII", 40, width, 2 * height, 1, 32, 0, 0, 0, 0, 0, 0) + bytes(1000)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inner), 22) + inner


def tiff(strips: int) -> bytes:
    """Return a TIFF that declares more strips than it has bytes."""
    entries = [(256, 1, 64), (257, 1, 64), (258, 1, 8), (273, strips, 8), (279, strips, 8)]
    packed = b"".join(struct.pack("<HHII", tag, 4, count, value) for tag, count, value in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + packed + bytes(4)


@pytest.mark.parametrize("body", [bitmap(99, 99, b"\x09\0"), icon(300, 300), tiff(10**9)], ids=["bmp", "ico", "tiff"])
def test_pixels_that_are_not_there(body: bytes) -> None:
    """A file with fewer pixels than it declares is truncated, though it lost nothing at its end."""
    found = render(body, request())
    assert isinstance(found, Refused)
    assert Reason.TRUNCATED == found.reason


def test_a_tile_that_no_memory_holds() -> None:
    """Pillow's decoder error -9 means that the image is out of memory."""
    entries = [(256, 64), (257, 64), (258, 8), (259, 8), (262, 1), (277, 1), (322, 10**6), (323, 10**6)]
    entries += [(324, 8), (325, 100)]
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    found = render(b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + packed + bytes(1000), request())
    assert Refused(Reason.OUT_OF_MEMORY, "tiff: decoder error -9") == found


def test_ordinary_shapes_take_no_more() -> None:
    """Rows add next to nothing to the estimate for a picture of ordinary shape."""
    wanted = render(bomb(6_400), request(memory=1))
    assert isinstance(wanted, NeedsMemory)
    assert wanted.bytes < 1.2 * 6_400**2 + 7_000_000


async def test_more_than_was_admitted() -> None:
    """An image that takes more memory than its header says fails alone, and succeeds if it is admitted with more."""
    content = gif.head(1, 1) + gif.comments(200_000) + gif.frame(1, 1) + b";"  # Pillow keeps the comments, 50 MB twice
    async with running(memory=320 << 20) as pool:
        for memory, expected in ((8 << 20, Reason.OUT_OF_MEMORY), (240 << 20, None), (8 << 20, Reason.OUT_OF_MEMORY)):
            found = await verdict(pool, content, request(memory=memory))
            assert expected == getattr(found, "reason", None)
            assert isinstance(await verdict(pool, ENCODED["jpeg"], request(memory=memory)), Rendered)
