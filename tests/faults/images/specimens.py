"""The photographs that the campaign mutates: real ones if there are some, in every format and layout."""

import io
import random
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageCms

from tests.faults.images import handmade
from tests.kept import kept
from tests.photographs import photographs

_LARGEST = 400_000  # bytes; the campaign mutates a photograph as it is up to this size
_SIDES = (640, 333, 96)


@dataclass(frozen=True, slots=True)
class Specimen:
    """A healthy image.

    Attributes:
        name: The name of the image.
        format: The name of the format, as in `formats`.
        content: The bytes of the image.
        frames: Whether the image holds more than the picture that is shown; then a cut can leave that picture whole.
    """

    name: str
    format: str
    content: bytes
    frames: bool = False


@cache
def specimens(seed: int) -> tuple[Specimen, ...]:
    """Return the specimens, which a seed chooses from the photographs."""
    bodies = photographs()
    name = f"specimens by {seed} of {sha256(b''.join(bodies.values())).hexdigest()}"
    return kept(name, lambda: _specimens(seed, bodies), [Path(__file__), Path(handmade.__file__)])


def _specimens(seed: int, bodies: dict[str, bytes]) -> tuple[Specimen, ...]:
    chance = random.Random(seed)  # noqa: S311
    small = [name for name in sorted(bodies) if len(bodies[name]) <= _LARGEST]
    found = [
        Specimen(name, _format_of(bodies[name]), bodies[name]) for name in chance.sample(small, k=min(12, len(small)))
    ]
    for side in _SIDES:
        with Image.open(io.BytesIO(bodies[chance.choice(small)])) as photograph:
            photograph.thumbnail((side, side))
            found += _encoded(photograph.convert("RGB"))
    return tuple(found)


def _format_of(body: bytes) -> str:
    return "jpeg" if body.startswith(b"\xff\xd8") else "png" if body.startswith(b"\x89PNG") else "webp"


def _encoded(picture: Image.Image) -> list[Specimen]:
    """Return a picture in every format and layout."""
    side = max(picture.size)

    def saved(kind: str, what: str, image: Image.Image = picture, *, frames: bool = False, **options: Any) -> Specimen:
        target = io.BytesIO()
        image.save(target, kind, **options)
        return Specimen(f"{what}-{side}", kind.lower(), target.getvalue(), frames)

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[274], exif[271], exif[305] = 6, "a camera", "thumbrun's tests"
    alpha = picture.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(picture.size))
    others = [picture.rotate(angle) for angle in (90, 180)]
    icon = picture.resize((64, 64))
    return [
        saved("JPEG", "jpeg", icc_profile=profile, exif=exif, comment=b"made for this test"),
        saved("JPEG", "jpeg-progressive", progressive=True, exif=exif),
        saved("JPEG", "jpeg-restarts", restart_marker_blocks=4, subsampling=0),
        saved("JPEG", "jpeg-cmyk", picture.convert("CMYK")),
        saved("PNG", "png", icc_profile=profile, exif=exif),
        saved("PNG", "png-alpha", alpha),
        saved("PNG", "png-palette", picture.quantize(64)),
        Specimen(f"png-interlaced-{side}", "png", handmade.interlaced_png(picture)),
        saved("GIF", "gif"),
        saved("GIF", "gif-frames", save_all=True, append_images=others, frames=True),
        saved("WEBP", "webp", icc_profile=profile, exif=exif),
        saved("WEBP", "webp-alpha", alpha),
        saved("WEBP", "webp-lossless", lossless=True),
        saved("WEBP", "webp-frames", save_all=True, append_images=others, frames=True),
        saved("AVIF", "avif", speed=10, exif=exif),
        saved("AVIF", "avif-frames", speed=10, save_all=True, append_images=others, frames=True),
        Specimen(f"heic-{side}", "heic", _heic(picture)),
        Specimen(f"heic-alpha-{side}", "heic", _heic(alpha)),
        saved("TIFF", "tiff", exif=exif),
        saved("TIFF", "tiff-lzw", compression="tiff_lzw"),
        saved("TIFF", "tiff-jpeg", compression="jpeg"),
        saved("TIFF", "tiff-deflate", picture.convert("I;16"), compression="tiff_adobe_deflate"),
        saved("TIFF", "tiff-big", big_tiff=True, compression="packbits"),
        saved("TIFF", "tiff-pages", save_all=True, append_images=others, frames=True),
        saved("BMP", "bmp"),
        saved("BMP", "bmp-palette", picture.quantize(16)),
        saved("JPEG2000", "jpeg2000"),
        saved("JPEG2000", "jpeg2000-stream", no_jp2=True, irreversible=True),
        saved("ICO", "ico", icon, sizes=[(64, 64), (16, 16)]),
        saved("ICO", "ico-bitmap", icon, sizes=[(32, 32)], bitmap_format="bmp"),
    ]


def _heic(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    pillow_heif.from_pillow(picture).save(target, quality=60)
    return target.getvalue()
