"""The objects of the demo's bucket: small samples of every format and oddity, each with a note."""

import io
from collections.abc import Callable, Iterator
from importlib.util import find_spec

from PIL import Image, ImageCms, features

from thumbrun.demo.pictures import badge, rocket, scene
from thumbrun.demo.profiles import ADOBE_RGB, DISPLAY_P3, grey_profile, rgb_profile
from thumbrun.demo.sample import STORED_AS, Sample, bomb, encoded, jpeg, turned
from thumbrun.outcomes import Reason, Status

_LARGE = (1600, 1067)
_MIDDLE = (1200, 800)
_SMALL = (600, 400)


def _has(encoder: str) -> bool:
    return bool(features.check(encoder))


# The formats that need an optional encoder. The wheels of Pillow contain all of them but the last.
_OPTIONAL: dict[str, Callable[[], bool]] = {
    "WebP": lambda: _has("webp"),
    "AVIF": lambda: _has("avif"),
    "JPEG 2000": lambda: _has("jpg_2000"),
    "HEIC": lambda: find_spec("pillow_heif") is not None,
}


def left_out() -> list[str]:
    """Return the formats that this machine cannot encode, so that `samples` leaves them out."""
    return [name for name, present in _OPTIONAL.items() if not present()]


def samples() -> Iterator[Sample]:
    """Draw and yield all objects except those of formats in `left_out`; they are the same every time."""
    without = set(left_out())
    yield from _gallery()
    yield from _holiday()
    yield from _formats(without)
    yield from _orientations()
    yield from _colours(without)
    yield from _names()
    yield from _troubles()


def _gallery() -> Iterator[Sample]:
    for name in ("alps", "aurora", "balloons", "citrus", "dunes", "flow", "lake", "planets", "reef", "tiles", "tulips"):
        yield Sample(f"gallery/{name}.jpg", jpeg(scene(name, *_LARGE)), "image/jpeg", "1600 by 1067")
    for name in ("city", "leaves", "lighthouse", "poster"):
        yield Sample(f"gallery/{name}.jpg", jpeg(scene(name, 1067, 1600)), "image/jpeg", "1067 by 1600")
    yield Sample("gallery/papercut.jpg", jpeg(scene("papercut", 1200, 1200)), "image/jpeg", "a square JPEG")
    yield Sample("gallery/panorama.jpg", jpeg(scene("lilac", 3000, 500, 5)), "image/jpeg", "six times as wide as tall")
    yield Sample("gallery/scroll.jpg", jpeg(scene("waves", 300, 1500)), "image/jpeg", "five times as tall as wide")
    tiny = encoded(scene("sea", 40, 30, 3), "PNG")
    yield Sample("gallery/tiny.png", tiny, "image/png", "smaller than the box, so not enlarged")


def _holiday() -> Iterator[Sample]:
    yield Sample("holiday/", b"", None, "a folder placeholder, not an image", None)
    for year, name in ((2024, "forest"), (2025, "lake")):
        body = jpeg(scene(name, *_SMALL, year))
        note = "two images have this name, so both thumbnails get a hash"
        yield Sample(f"holiday/{year}/IMG_0001.JPG", body, "image/jpeg", note)
    progressive = jpeg(scene("sea", *_LARGE, 4), progressive=True)
    yield Sample("holiday/2024/beach sunset.jpg", progressive, "image/jpeg", "a progressive JPEG")
    body = jpeg(scene("night", *_MIDDLE, 4), progressive=True, subsampling=0)
    yield Sample("holiday/2025/Norway/full moon.jpg", body, "image/jpeg", "folders within folders")
    yield Sample("holiday/README.txt", b"Two holidays, many pictures.\n", "text/plain", "not an image", None)


def _formats(without: set[str]) -> Iterator[Sample]:
    flying = [scene("balloons", 480, 320, seed) for seed in range(1, 5)]
    landing = flying[::-1]
    moving = {"save_all": True, "duration": 300, "loop": 0}
    yield Sample("formats/forest.png", encoded(scene("forest", *_MIDDLE, 2), "PNG"), "image/png", "PNG")
    yield Sample(
        "formats/balloons.gif",
        encoded(flying[0], "GIF", append_images=flying[1:], **moving),
        "image/gif",
        "an animation; the thumbnail is its first frame",
    )
    if "WebP" not in without:
        yield Sample(
            "formats/dunes.webp", encoded(scene("dunes", *_MIDDLE, 2), "WEBP", quality=85), "image/webp", "WebP"
        )
        yield Sample(
            "formats/flight.webp",
            encoded(landing[0], "WEBP", append_images=landing[1:], **moving),
            "image/webp",
            "an animated WebP",
        )
    if "AVIF" not in without:
        body = encoded(scene("mist", *_MIDDLE, 2), "AVIF", quality=70, speed=10)
        yield Sample("formats/mist.avif", body, "image/avif", "AVIF")
    if "HEIC" not in without:
        yield Sample("formats/sea.heic", _heic(scene("sea", *_SMALL, 2)), "image/heic", "HEIC, as iPhones write it")
    night = encoded(scene("night", *_MIDDLE, 2), "TIFF", compression="tiff_lzw")
    yield Sample("formats/night.tif", night, "image/tiff", "TIFF")
    yield Sample("formats/tiles.bmp", encoded(scene("tiles", *_SMALL, 2), "BMP"), "image/bmp", "BMP")
    if "JPEG 2000" not in without:
        mars = encoded(scene("mars", *_SMALL, 2), "JPEG2000", quality_mode="dB", quality_layers=[40])
        yield Sample("formats/mars.jp2", mars, "image/jp2", "JPEG 2000")
    yield Sample("formats/star.ico", encoded(badge(128), "ICO"), "image/x-icon", "an icon of several sizes")


def _heic(picture: Image.Image) -> bytes:
    import pillow_heif

    target = io.BytesIO()
    pillow_heif.from_pillow(picture).save(target, quality=80)
    return target.getvalue()


def _orientations() -> Iterator[Sample]:
    upright = rocket(600, 800)
    for orientation in STORED_AS:
        note = f"EXIF orientation {orientation}"
        yield Sample(f"orientation/{orientation}.jpg", turned(upright, orientation), "image/jpeg", note)


def _colours(without: set[str]) -> Iterator[Sample]:
    picture = scene("citrus", *_MIDDLE, 9)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    for name, space in (("Adobe RGB", ADOBE_RGB), ("Display P3", DISPLAY_P3)):
        profile = rgb_profile(name, space)
        wide = ImageCms.profileToProfile(picture, srgb, ImageCms.ImageCmsProfile(io.BytesIO(profile)), outputMode="RGB")
        path = f"colour/{name.lower().replace(' ', '-')}.jpg"
        yield Sample(path, jpeg(wide or picture, icc_profile=profile), "image/jpeg", f"in {name}, converted to sRGB")
    yield Sample(
        "colour/cmyk.jpg", jpeg(scene("mars", *_MIDDLE, 3).convert("CMYK")), "image/jpeg", "CMYK, as used in print"
    )
    grey = scene("mist", *_MIDDLE, 4).convert("L")
    yield Sample("colour/grey.jpg", jpeg(grey, icc_profile=grey_profile("Gamma 2.2", 2.2)), "image/jpeg", "grey")
    deep = grey.convert("I").point(lambda value: value * 257).convert("I;16")
    yield Sample("colour/grey-16-bit.png", encoded(deep, "PNG"), "image/png", "16 bits a pixel")
    yield Sample("colour/star.png", encoded(badge(512), "PNG"), "image/png", "stays transparent")
    palette = encoded(badge(400).quantize(64), "PNG")
    yield Sample("colour/star-palette.png", palette, "image/png", "a palette with transparency")
    if "WebP" not in without:
        star = encoded(badge(512), "WEBP", lossless=True)
        yield Sample("colour/star.webp", star, "image/webp", "a transparent WebP")


def _names() -> Iterator[Sample]:
    odd = {
        "with  two spaces.jpg": "alps",
        "100% #1?.jpg": "tulips",
        "été à la mer.jpg": "sea",
        "🎈 party.jpg": "balloons",
        "富士山.jpg": "dawn",
        "quote's & <b>tag</b>.jpg": "tiles",
        "gpj.\u202etxt.jpg": "planets",  # reverses the writing direction, so that many programs show another name
        "empty//folder.jpg": "dunes",
    }
    for name, picture in odd.items():
        body = jpeg(scene(picture, *_SMALL, 20))
        yield Sample(f"names/{name}", body, "image/jpeg", "a name that many programs get wrong")
    city = scene("city", *_SMALL, 31)
    yield Sample("names/no content type.jpg", jpeg(city), None, "no content type: the name decides")
    yield Sample(
        "names/no suffix", jpeg(scene("flow", *_SMALL, 32)), "image/jpeg", "no suffix: the content type decides"
    )
    yield Sample("names/really a png.jpg", encoded(city, "PNG"), "image/jpeg", "a PNG with the name of a JPEG")
    star = encoded(badge(200), "PNG")
    yield Sample(
        "names/upload.png", star, "application/octet-stream", "a content type without meaning: the name decides"
    )


def _troubles() -> Iterator[Sample]:
    whole = jpeg(scene("night", *_MIDDLE, 40))
    yield _failing("trouble/cut short.jpg", whole[: len(whole) // 2], "image/jpeg", Reason.TRUNCATED)
    letter = b"This is a letter, not a picture.\n" * 20
    yield _failing("trouble/letter.jpg", letter, "image/jpeg", Reason.UNREADABLE)
    yield _failing("trouble/bomb.png", bomb(60_000, 60_000), "image/png", Reason.TOO_MANY_PIXELS)
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>'
    note = "skipped as intended: unsupported"
    yield Sample("trouble/drawing.svg", drawing, "image/svg+xml", note, Status.SKIPPED, Reason.UNSUPPORTED)


def _failing(path: str, data: bytes, content_type: str, reason: Reason) -> Sample:
    return Sample(path, data, content_type, f"fails as intended: {reason}", Status.FAILED, reason)
