"""The memory that an image is said to need is enough to decode it, in a process that is limited to just that."""

import io
from functools import cache
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from tests.photographs import draw
from tests.unit.imaging.samples import request, running, verdict
from thumbrun.imaging.request import NeedsMemory, Rendered

SIDE = 5000  # 17 megapixels


@cache
def photograph() -> Image.Image:
    """Return a large photograph, so smooth that it is encoded in little time."""
    return draw(500, 4).resize((SIDE, SIDE * 2 // 3), Image.Resampling.BILINEAR)


def encoded(format_: str, mode: str, **options: Any) -> bytes:
    """Return a photograph in a format."""
    picture = photograph().convert(mode)
    target = io.BytesIO()
    if format_ == "HEIF":
        pillow_heif.from_pillow(picture).save(target, quality=10)
    else:
        picture.save(target, format_, **options)
    return target.getvalue()


def turned() -> Image.Exif:
    """Return EXIF of a picture that lies on its side."""
    exif = Image.Exif()
    exif[274] = 6
    return exif


def named(value: str | dict[str, Any]) -> str:
    """Return a name without the address of an object, which differs between the processes that run tests."""
    return value if isinstance(value, str) else " ".join(value)


@pytest.mark.slow
@pytest.mark.timeout(3600)  # the encoders take most of the time
@pytest.mark.parametrize(
    ("format_", "mode", "options"),
    [
        ("JPEG", "RGB", {}),
        ("JPEG", "CMYK", {"progressive": True}),
        ("JPEG", "RGB", {"progressive": True, "subsampling": 0}),
        ("PNG", "RGBA", {"compress_level": 1}),
        ("PNG", "I;16", {"compress_level": 1}),
        ("GIF", "L", {}),
        ("WEBP", "RGB", {"method": 0}),
        ("WEBP", "RGBA", {"method": 0, "lossless": True, "quality": 0}),
        ("AVIF", "RGBA", {"speed": 10, "subsampling": "4:4:4"}),
        ("HEIF", "RGB", {}),
        ("TIFF", "RGB", {"exif": turned()}),
        ("TIFF", "RGB", {"compression": "tiff_lzw", "exif": turned()}),
        ("BMP", "RGB", {}),
        ("JPEG2000", "RGB", {}),
    ],
    ids=named,
)
async def test_what_it_is_said_to_take_is_enough(format_: str, mode: str, options: dict[str, Any]) -> None:
    """A process renders a picture of 17 megapixels in just as much memory as its header was said to need."""
    content = encoded(format_, mode, **options)
    asked, found = 1, None
    async with running(memory=1 << 30) as pool:
        for _ in range(3):
            found = await verdict(pool, content, request(memory=asked))
            if not isinstance(found, NeedsMemory):
                break
            asked = found.bytes
    assert isinstance(found, Rendered), found
