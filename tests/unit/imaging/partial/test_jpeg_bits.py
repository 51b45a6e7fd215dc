"""A stand-in for the last bits of means is a scan like an encoder's, and right on average."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageStat

from tests import photographs
from tests.unit.imaging.partial.pictures import made, progressive, psnr
from thumbrun.imaging.partial import jpeg_bits
from thumbrun.imaging.partial.jpeg_scans import Frame, Scan, all_scans, read_frame
from thumbrun.imaging.partial.known_bytes import KnownBytes
from thumbrun.imaging.partial.part import Part
from thumbrun.imaging.render import thumbnail_pixels

FAITHFUL = 45.0  # dB


def read(body: bytes) -> tuple[Frame, list[Scan]]:
    """Return a JPEG's frame and scans."""
    known = KnownBytes(len(body), body)
    frame = read_frame(known)
    return frame, all_scans(known, frame)


def stand_ins(frame: Frame, lacking: dict[int, int]) -> bytes:
    """Return scans with stand-ins as bytes."""
    return bytes(Part(KnownBytes(0), jpeg_bits.stand_ins(frame, lacking)))


def data(body: bytes, scan: Scan) -> bytes:
    """Return the bits of a scan, without stuffed bytes."""
    length = int.from_bytes(body[scan.start + 2 : scan.start + 4], "big")
    return body[scan.start + 2 + length : scan.end].replace(b"\xff\x00", b"\xff")


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from(["4:4:4", "4:2:2", "4:2:0", "L"]), st.integers(60, 95))
def test_the_scan_is_as_long_as_an_encoders(width: int, height: int, subsampling: str, quality: int) -> None:
    """The scan has one bit for each block that an encoder writes, at any size and with any colours."""
    target = io.BytesIO()
    picture = photographs.draw(300, 1).resize((width, height))
    if subsampling == "L":
        picture.convert("L").save(target, "JPEG", progressive=True, quality=quality)
    else:
        picture.save(target, "JPEG", progressive=True, quality=quality, subsampling=subsampling)
    frame, scans = read(target.getvalue())
    (real,) = (scan for scan in scans if scan.first == 0 and scan.high)
    made = stand_ins(frame, dict.fromkeys(frame.components, 1))
    header = made.index(b"\xff\xda")
    length = 2 + int.from_bytes(made[header + 2 : header + 4], "big")
    assert len(data(target.getvalue(), real)) == len(made) - header - length
    assert not re.search(rb"\xff.", made[header + length :])


def test_bits_that_not_all_components_lack() -> None:
    """Each bit has a scan of the components that lack it, and the highest bit comes first."""
    frame, _ = read(progressive(1700))
    first, second, third = frame.components
    made = stand_ins(frame, {first: 2, second: 0, third: 1})
    heads = re.findall(rb"\xff\xda\x00.(.)(.+?)\x00\x00([\x10\x21])", made, re.DOTALL)
    assert [(1, 0x21), (2, 0x10)] == [(count[0], bits[0]) for count, _, bits in heads]
    assert b"" == stand_ins(frame, dict.fromkeys(frame.components, 0))


@pytest.mark.parametrize("quality", [70, 75, 80])
def test_coarse_means_are_right_on_average(quality: int) -> None:
    """A picture without the last bits is darker, and stand-ins make it as light as the whole one."""
    body = progressive(1920, quality)
    frame, _ = read(body)
    whole = thumbnail_pixels(body, 100, 100, whole=True)
    part = made(body)
    assert part is not None
    assert psnr(whole, thumbnail_pixels(part, 100, 100)) >= FAITHFUL
    without = part.replace(stand_ins(frame, dict.fromkeys(frame.components, 1)), b"")
    assert len(without) < len(part)
    assert lighter(whole, thumbnail_pixels(without, 100, 100)) >= 0.25
    assert abs(lighter(whole, thumbnail_pixels(part, 100, 100))) <= 0.15


def lighter(one: Image.Image, other: Image.Image) -> float:
    """Return by how many levels one picture is lighter than another."""
    return ImageStat.Stat(one.convert("L")).mean[0] - ImageStat.Stat(other.convert("L")).mean[0]
