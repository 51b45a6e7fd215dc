"""Every image gets a verdict, from its bytes."""

import io
import struct
import subprocess
import sys
import warnings
import zlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.unit.imaging.encoded import ENCODED, PICTURE
from tests.unit.imaging.partial.pictures import progressive
from tests.unit.imaging.samples import PLENTY, bomb
from thumbrun.decoding import answers
from thumbrun.imaging.render import render
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Reason


def asked(**changes: Any) -> Request:
    """Return a request for a JPEG at 100 pixels, within generous limits."""
    values: dict[str, Any] = {"output_format": "jpeg", "quality": 80, "max_pixels": PLENTY, "memory": PLENTY}
    return Request(**{"width": 100, "height": 100, **values, **changes})


@pytest.mark.parametrize("name", ENCODED)
def test_every_format(name: str) -> None:
    """Each format that thumbrun reads becomes a thumbnail."""
    rendered = render(ENCODED[name], asked())
    assert isinstance(rendered, Rendered)
    size = (64, 64) if name == "ico" else PICTURE.size
    assert (name.partition(" ")[0], *size) == (rendered.source_format, rendered.source_width, rendered.source_height)
    assert ((64, 64) if name == "ico" else (100, 67)) == (rendered.width, rendered.height)


@pytest.mark.parametrize("body", [io.BytesIO(ENCODED["png"]), memoryview(ENCODED["png"]), ENCODED["png"]])
def test_bytes_and_files(body: Any) -> None:
    """An image can come as bytes or in a file."""
    assert isinstance(render(body, asked()), Rendered)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("name", ENCODED)
def test_cut_files(name: str, share: float) -> None:
    """A file without its end is reported as truncated."""
    body = ENCODED[name]
    found = render(body[: max(80, int(len(body) * share))], asked())
    if isinstance(found, Rendered):
        assert name in {"ico", "heic"}  # the lost bytes are not of the picture that is shown
    else:
        assert isinstance(found, Refused)
        assert found.reason in ({Reason.TRUNCATED, Reason.UNREADABLE} if name == "ico" else {Reason.TRUNCATED})


@pytest.mark.parametrize("body", [b"\1", b"\0\xff", b"\x80hello"])
def test_no_image(body: bytes) -> None:
    """Bytes that are no image are unreadable, and no decoder sees them."""
    assert Refused(Reason.UNREADABLE, "the bytes are in no image format that thumbrun reads") == render(body, asked())


@pytest.mark.parametrize("name", ENCODED)
def test_too_many_pixels(name: str) -> None:
    """The limit of pixels applies to every format."""
    width, height = (64, 64) if name == "ico" else PICTURE.size
    assert isinstance(render(ENCODED[name], asked(max_pixels=width * height)), Rendered)
    found = render(ENCODED[name], asked(max_pixels=width * height - 1))
    assert isinstance(found, Refused)
    assert Reason.TOO_MANY_PIXELS == found.reason


@pytest.mark.parametrize("name", ENCODED)
def test_memory(name: str) -> None:
    """A picture that declares more memory than allowed says how much it needs, and that is enough.

    AVIF, HEIC and ICO first say how much opening them needs.
    """
    wanted = render(ENCODED[name], asked(memory=1))
    assert isinstance(wanted, NeedsMemory)
    if name in ("avif", "heic", "ico"):
        wanted = render(ENCODED[name], asked(memory=wanted.bytes))
        assert isinstance(wanted, NeedsMemory)
    assert isinstance(render(ENCODED[name], asked(memory=wanted.bytes)), Rendered)
    assert wanted == render(ENCODED[name], asked(memory=wanted.bytes - 1))


def test_an_icon_that_hides_a_bomb() -> None:
    """The size that the picture in an icon declares counts, not the size in the icon's directory."""
    inner = bomb(12_800)
    icon = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22) + inner
    found = render(icon, asked(max_pixels=10**8))
    limit = "--max-pixels / THUMBRUN_MAX_PIXELS is 100,000,000"
    assert Refused(Reason.TOO_MANY_PIXELS, f"the image has 12,800 x 12,800 pixels; {limit}") == found
    assert isinstance(render(icon, asked(memory=10**8)), NeedsMemory)


def test_a_webp_canvas_is_not_made_before_it_is_allowed() -> None:
    """A few bytes that declare an animation of 16,384 by 16,384 pixels take no memory."""
    header = b"VP8X" + struct.pack("<I", 10) + b"\x02" + bytes(3) + b"\xff\x3f\0" * 2
    body = b"RIFF" + struct.pack("<I", 4 + len(header)) + b"WEBP" + header
    assert isinstance(render(body, asked(memory=10**8)), NeedsMemory)


def test_details_are_one_short_printable_line() -> None:
    """The detail of a refusal is one short line that cannot garble a log."""
    chunk = b"\x1b[31"
    body = ENCODED["png"][:33] + struct.pack(">I", 0) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\n" * 999
    found = render(body, asked())
    assert isinstance(found, Refused)
    assert found.detail.isprintable()
    assert len(found.detail) <= 200


def test_warnings_stay_inside() -> None:
    """Pillow's warnings reach nobody, though warnings are errors here."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        render(bomb(12_800), asked(memory=10**7))
        render(ENCODED["tiff"][:-4000], asked())
    assert [] == caught


def test_out_of_memory() -> None:
    """A decoder that gets no memory blames the memory, not the image."""
    script = """
import resource, sys
from tests.unit.imaging.samples import bomb, request
from thumbrun.imaging.render import render
body = bomb(25_600)
render(bomb(64), request())
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + (64 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
print(render(body, request()).reason)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "out-of-memory\n" == ended.stdout


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(ENCODED)), st.data())
def test_damaged_files(name: str, data: st.DataObject) -> None:
    """A file gets a verdict, whatever is changed in it."""
    body = bytearray(ENCODED[name])
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(0, min(len(body), 2000) - 1))] = data.draw(st.integers(0, 255))
    found = render(bytes(body), asked(max_pixels=10**6, memory=10**8))
    assert isinstance(found, Rendered | Refused | NeedsMemory)


@pytest.mark.parametrize(
    ("mode", "output", "expected"),
    [
        ("RGBA", "jpeg", "RGB"),
        ("RGBA", "png", "RGBA"),
        ("RGBA", "webp", "RGBA"),
        ("RGBA", "avif", "RGBA"),
        ("LA", "png", "LA"),
        ("L", "jpeg", "L"),
        ("L", "png", "L"),
        ("RGB", "png", "RGB"),
        ("1", "png", "L"),
        ("RGB", "gif", "P"),
        ("RGBA", "gif", "P"),
    ],
)
def test_output_modes(mode: str, output: str, expected: str) -> None:
    """Thumbnails keep alpha and grey if the format has them."""
    picture = PICTURE.convert(mode)
    if mode.endswith("A"):
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    target = io.BytesIO()
    picture.save(target, "PNG")
    rendered = render(target.getvalue(), asked(output_format=output))
    assert isinstance(rendered, Rendered)
    assert expected == Image.open(io.BytesIO(rendered.data)).mode


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("output", ["jpeg", "webp", "avif", "png"])
@pytest.mark.parametrize(("quality", "side"), [(90, 700), (100, 300)])
def test_noise_of_high_quality(output: str, quality: int, side: int) -> None:
    """The longest file that a thumbnail can have is made, and passes as the answer of a decoding process."""
    target = io.BytesIO()
    Image.merge("RGBA", [Image.effect_noise((side, side), 90) for _ in "RGBA"]).save(target, "PNG", compress_level=1)
    wanted = asked(output_format=output, width=side, height=side, quality=quality, memory=200 << 20)
    rendered = render(target.getvalue(), wanted)
    assert isinstance(rendered, Rendered), rendered
    with Image.open(io.BytesIO(rendered.data)) as thumbnail:
        thumbnail.load()
        assert (side, side) == thumbnail.size
    message = b"".join(answers.write(rendered))
    assert len(message) <= answers.longest(wanted)
    assert rendered == answers.read(message, wanted)


def test_flat_drawings_stay_exact() -> None:
    """A small icon with a palette stays exact in every pixel, and has a palette again."""
    icon = Image.new("RGBA", (48, 48), (0, 0, 0, 0))
    icon.paste((250, 20, 20, 255), (4, 4, 30, 30))
    icon.paste((20, 20, 250, 128), (20, 20, 44, 44))
    target = io.BytesIO()
    icon.save(target, "PNG")
    for output in ("png", "webp"):
        rendered = render(target.getvalue(), asked(output_format=output))
        assert isinstance(rendered, Rendered)
        thumbnail = Image.open(io.BytesIO(rendered.data))
        assert ("P" if output == "png" else "RGBA") == thumbnail.mode
        assert icon.tobytes() == thumbnail.convert("RGBA").tobytes()


@pytest.mark.parametrize("side", [1300, 1920, 3000, 4000])
@pytest.mark.parametrize("kept", [0.45, 0.7, 0.99])
def test_a_progressive_picture_that_is_cut_short(side: int, kept: float) -> None:
    """A progressive picture that is cut short is truncated, though its first scans are enough for a thumbnail."""
    body = progressive(side)
    assert isinstance(render(body, asked()), Rendered)
    cut = render(body[: int(kept * len(body))], asked())
    assert isinstance(cut, Refused)
    assert Reason.TRUNCATED == cut.reason


def test_what_lies_behind_a_picture() -> None:
    """Bytes behind a picture's end do not make it truncated, however many there are."""
    for more in (100, 1 << 20):
        assert isinstance(render(progressive(1920) + bytes(more), asked()), Rendered)
