"""The objects of the demo's bucket: every format and oddity, each small and each with a word on what it is."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from PIL import Image, ImageCms

from thumbrun.demo.pictures import SCENES, arrow, logo, scene
from thumbrun.demo.profiles import ADOBE_RGB, DISPLAY_P3, grey_profile, rgb_profile

_WIDTH, _HEIGHT = 1200, 800


@dataclass(frozen=True, slots=True)
class Sample:
    """One object.

    Attributes:
        path: Below the source.
        data: Its bytes.
        content_type: Or None.
        note: What is worth seeing about it.
    """

    path: str
    data: bytes
    content_type: str | None
    note: str


def samples() -> Iterator[Sample]:
    """Draw and yield all objects, the same every time; without pillow-heif, no HEIC is among them."""
    yield from _landscapes()
    yield from _formats()
    yield from _orientations()
    yield from _colours()
    yield from _names()
    yield from _troubles()


def _encoded(picture: Image.Image, format_: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, format_, **options)
    return target.getvalue()


def _jpeg(picture: Image.Image, **options: Any) -> bytes:
    return _encoded(picture, "JPEG", **{"quality": 88, **options})


def _scene(name: str, seed: int = 1, width: int = _WIDTH, height: int = _HEIGHT) -> Image.Image:
    return scene(name, width, height, seed)


def _landscapes() -> Iterator[Sample]:
    for number, name in enumerate(SCENES):
        upright = number % 4 == 3
        size = (_HEIGHT, _WIDTH) if upright else (_WIDTH, _HEIGHT)
        yield Sample(f"gallery/{name}.jpg", _jpeg(_scene(name, 1, *size)), "image/jpeg", "a JPEG photograph")
    yield Sample("gallery/panorama.jpg", _jpeg(_scene("alps", 5, 2400, 400)), "image/jpeg", "six times as wide as tall")
    yield Sample("gallery/tower.jpg", _jpeg(_scene("city", 6, 300, 1500)), "image/jpeg", "five times as tall as wide")
    yield Sample(
        "gallery/tiny.png", _encoded(_scene("sea", 3, 48, 32), "PNG"), "image/png", "smaller than the box: stays"
    )
    progressive = _jpeg(_scene("dawn", 2), progressive=True)
    yield Sample("gallery/progressive.jpg", progressive, "image/jpeg", "a progressive JPEG")


def _formats() -> Iterator[Sample]:
    flying = [_scene("balloons", seed, 480, 320) for seed in range(1, 5)]
    moving = {"save_all": True, "append_images": flying[1:], "duration": 300, "loop": 0}
    yield Sample("formats/forest.png", _encoded(_scene("forest", 2), "PNG"), "image/png", "PNG")
    yield Sample(
        "formats/balloons.gif", _encoded(flying[0], "GIF", **moving), "image/gif", "an animation: its first frame"
    )
    yield Sample("formats/dunes.webp", _encoded(_scene("dunes", 2), "WEBP", quality=85), "image/webp", "WebP")
    yield Sample("formats/flight.webp", _encoded(flying[1], "WEBP", **moving), "image/webp", "an animated WebP")
    yield Sample("formats/mist.avif", _encoded(_scene("mist", 2), "AVIF", quality=70, speed=9), "image/avif", "AVIF")
    yield Sample(
        "formats/night.tif", _encoded(_scene("night", 2), "TIFF", compression="tiff_lzw"), "image/tiff", "TIFF"
    )
    yield Sample("formats/circles.bmp", _encoded(_scene("circles", 2, 600, 400), "BMP"), "image/bmp", "BMP")
    yield Sample("formats/mars.jp2", _encoded(_scene("mars", 2), "JPEG2000"), "image/jp2", "JPEG 2000")
    yield Sample("formats/star.ico", _encoded(logo(128), "ICO"), "image/x-icon", "an icon of several sizes")
    if find_spec("pillow_heif"):
        import pillow_heif

        target = io.BytesIO()
        pillow_heif.from_pillow(_scene("sea", 2)).save(target, quality=80)
        yield Sample("formats/sea.heic", target.getvalue(), "image/heic", "HEIC, as iPhones write it")


def _orientations() -> Iterator[Sample]:
    upright = arrow(600, 800)
    # What a camera stores so that the tag turns it upright: the inverse of what each tag asks for.
    stored = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    for orientation, turn in stored.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture = upright if turn is None else upright.transpose(turn)
        note = f"EXIF orientation {orientation}"
        yield Sample(f"orientation/{orientation}.jpg", _jpeg(picture, exif=exif), "image/jpeg", note)


def _colours() -> Iterator[Sample]:
    picture = _scene("balloons", 9)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    for name, space in (("Adobe RGB", ADOBE_RGB), ("Display P3", DISPLAY_P3)):
        profile = rgb_profile(name, space)
        wide = ImageCms.profileToProfile(picture, srgb, ImageCms.ImageCmsProfile(io.BytesIO(profile)), outputMode="RGB")
        path = f"colour/{name.lower().replace(' ', '-')}.jpg"
        yield Sample(path, _jpeg(wide or picture, icc_profile=profile), "image/jpeg", f"in {name}, shown in sRGB")
    yield Sample("colour/cmyk.jpg", _jpeg(_scene("mars", 3).convert("CMYK")), "image/jpeg", "CMYK, as printers want it")
    grey = _scene("mist", 4).convert("L")
    yield Sample("colour/grey.jpg", _jpeg(grey, icc_profile=grey_profile("Gamma 2.2", 2.2)), "image/jpeg", "grey")
    deep = grey.convert("I").point(lambda value: value * 257).convert("I;16")
    yield Sample("colour/grey-16-bit.png", _encoded(deep, "PNG"), "image/png", "16 bits a pixel")
    yield Sample("colour/star.png", _encoded(logo(512), "PNG"), "image/png", "transparent, and stays so")
    colours = logo(400).quantize(64)
    yield Sample("colour/star-palette.png", _encoded(colours, "PNG"), "image/png", "a palette with transparency")
    yield Sample("colour/star.webp", _encoded(logo(512), "WEBP", lossless=True), "image/webp", "a transparent WebP")


def _names() -> Iterator[Sample]:
    odd = ("with space.jpg", "100% #1?.jpg", "été à la mer.jpg", "🎈 party.jpg", "quote's & <b>tag</b>.jpg", "a//b.jpg")
    for number, name in enumerate(odd):
        picture = _scene(list(SCENES)[number], 20 + number, 600, 400)
        yield Sample(f"names/{name}", _jpeg(picture), "image/jpeg", "a name that is easily broken")
    for folder in ("2023", "2024"):
        picture = _scene("forest" if folder == "2023" else "dunes", 30, 600, 400)
        yield Sample(f"names/{folder}/IMG_0001.jpg", _jpeg(picture), "image/jpeg", "two of this name: each gets a hash")
    picture = _scene("city", 31, 600, 400)
    yield Sample("names/no content type.jpg", _jpeg(picture), None, "no content type: the name tells")
    yield Sample("names/really a png.jpg", _encoded(picture, "PNG"), "image/jpeg", "a PNG that is called JPEG")
    yield Sample(
        "names/upload.png", _encoded(logo(200), "PNG"), "application/octet-stream", "a content type that says nothing"
    )


def _troubles() -> Iterator[Sample]:
    whole = _jpeg(_scene("night", 40))
    yield Sample("trouble/cut short.jpg", whole[: len(whole) // 2], "image/jpeg", "fails: truncated")
    yield Sample("trouble/text.jpg", b"This is a letter, not a picture.\n" * 20, "image/jpeg", "fails: unreadable")
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>'
    yield Sample("trouble/drawing.svg", drawing, "image/svg+xml", "skipped: unsupported")
    yield Sample("trouble/", b"", None, "a folder placeholder: no image")
    yield Sample("readme.txt", b"Holiday pictures.\n", "text/plain", "no image")
