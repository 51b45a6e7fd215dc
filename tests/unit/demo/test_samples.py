"""Tests of the demo's objects: every format and oddity is there and matches its note."""

import io

import pillow_heif
import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

from tests.fidelity.measure import psnr
from thumbrun import formats
from thumbrun.demo import samples as module
from thumbrun.demo.pictures import rocket
from thumbrun.demo.profiles import ADOBE_RGB, DISPLAY_P3, grey_profile, rgb_profile
from thumbrun.demo.sample import Sample
from thumbrun.demo.samples import left_out, samples
from thumbrun.imaging.recipe import Recipe
from thumbrun.imaging.render import thumbnail_pixels
from thumbrun.outcomes import SKIPS, Reason, Status
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.select import Selection
from thumbrun.storage.base import Entry

Drawn = dict[str, Sample]

# path, Pillow's name of the format, mode, size, frames
DECODED = [
    ("gallery/alps.jpg", "JPEG", "RGB", (1600, 1067), 1),
    ("gallery/poster.jpg", "JPEG", "RGB", (1067, 1600), 1),
    ("gallery/papercut.jpg", "JPEG", "RGB", (1200, 1200), 1),
    ("gallery/panorama.jpg", "JPEG", "RGB", (3000, 500), 1),
    ("gallery/scroll.jpg", "JPEG", "RGB", (300, 1500), 1),
    ("gallery/tiny.png", "PNG", "RGB", (40, 30), 1),
    ("formats/forest.png", "PNG", "RGB", (1200, 800), 1),
    ("formats/balloons.gif", "GIF", "P", (480, 320), 4),
    ("formats/dunes.webp", "WEBP", "RGB", (1200, 800), 1),
    ("formats/flight.webp", "WEBP", "RGBA", (480, 320), 4),
    ("formats/mist.avif", "AVIF", "RGB", (1200, 800), 1),
    ("formats/night.tif", "TIFF", "RGB", (1200, 800), 1),
    ("formats/tiles.bmp", "BMP", "RGB", (600, 400), 1),
    ("formats/mars.jp2", "JPEG2000", "RGB", (600, 400), 1),
    ("formats/star.ico", "ICO", "RGBA", (128, 128), 1),
    ("colour/cmyk.jpg", "JPEG", "CMYK", (1200, 800), 1),
    ("colour/grey.jpg", "JPEG", "L", (1200, 800), 1),
    ("colour/grey-16-bit.png", "PNG", "I;16", (1200, 800), 1),
    ("colour/star.png", "PNG", "RGBA", (512, 512), 1),
    ("colour/star-palette.png", "PNG", "P", (400, 400), 1),
    ("colour/star.webp", "WEBP", "RGBA", (512, 512), 1),
    ("names/really a png.jpg", "PNG", "RGB", (600, 400), 1),
]


@pytest.mark.parametrize(("path", "format_", "mode", "size", "frames"), DECODED)
def test_a_sample_is_what_it_claims_to_be(
    drawn: Drawn, path: str, format_: str, mode: str, size: tuple[int, int], frames: int
) -> None:
    """Format, mode, size and number of frames match the table, and all pixels decode."""
    with Image.open(io.BytesIO(drawn[path].data)) as image:
        assert (format_, mode, size) == (image.format, image.mode, image.size)
        assert frames == getattr(image, "n_frames", 1)
        image.load()


def test_every_format_that_is_read_has_a_sample(drawn: Drawn) -> None:
    """The demo has a sample of every format that thumbrun reads."""
    shown = {
        found.name
        for sample in drawn.values()
        if sample.status is Status.DONE and (found := formats.by_media_type(sample.content_type or ""))
    }
    assert {format_.name for format_ in formats.READ} == shown


def test_the_heic_sample_is_one(drawn: Drawn) -> None:
    """The HEIC sample comes from libheif's own encoder and decodes to the picture's size."""
    image = pillow_heif.read_heif(drawn["formats/sea.heic"].data)
    assert (600, 400) == image.size


def test_without_pillow_heif_there_is_no_heic_and_the_demo_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the HEIC encoder, the demo leaves out only the HEIC sample, and `left_out` says so."""
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    assert ["HEIC"] == left_out()
    drawn = {sample.path for sample in module._formats({"HEIC"})}
    assert "formats/sea.heic" not in drawn
    assert "formats/mist.avif" in drawn


def test_progressive_samples_are_progressive(drawn: Drawn) -> None:
    """Only the progressive JPEG samples are stored in scans."""
    progressive = ("holiday/2024/beach sunset.jpg", "holiday/2025/Norway/full moon.jpg")
    for path, expected in (*((path, True) for path in progressive), ("gallery/alps.jpg", False)):
        with Image.open(io.BytesIO(drawn[path].data)) as image:
            assert expected == ("progression" in image.info)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_shows_the_same_rocket(drawn: Drawn, orientation: int) -> None:
    """Each file has its orientation, and shows the upright rocket once a program follows it."""
    with Image.open(io.BytesIO(drawn[f"orientation/{orientation}.jpg"].data)) as image:
        assert orientation == image.getexif()[0x0112]
        upright = ImageOps.exif_transpose(image)
    expected = rocket(600, 800)
    assert expected.size == upright.size
    assert max(ImageStat.Stat(ImageChops.difference(expected, upright)).mean) < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_renderer_turns_each_orientation_upright(drawn: Drawn, orientation: int) -> None:
    """The thumbnails of all eight orientations show the same picture."""
    upright = thumbnail_pixels(drawn["orientation/1.jpg"].data, 100, 100)
    turned = thumbnail_pixels(drawn[f"orientation/{orientation}.jpg"].data, 100, 100)
    assert (75, 100) == upright.size == turned.size
    assert psnr(upright, turned) > 30


@pytest.mark.parametrize("space", [ADOBE_RGB, DISPLAY_P3])
def test_profiles_map_neutral_to_neutral(space: tuple[tuple[float, float, float], ...]) -> None:
    """White and mid grey stay neutral in a space whose primaries add up to its white."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(rgb_profile("test", space)))  # type: ignore[arg-type]
    for level in (255, 128):
        picture = Image.new("RGB", (1, 1), (level, level, level))
        made = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        assert made is not None
        pixel = made.getpixel((0, 0))
        assert isinstance(pixel, tuple)
        assert max(pixel) - min(pixel) <= 2


def test_the_grey_profile_states_its_own_length(drawn: Drawn) -> None:
    """The first four bytes of a profile are its length, and the colour engine reads the rest."""
    profile = grey_profile("grey", 2.2)
    assert profile.startswith(len(profile).to_bytes(4, "big"))
    with Image.open(io.BytesIO(drawn["colour/grey.jpg"].data)) as image:
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert "Gamma 2.2" == ImageCms.getProfileDescription(embedded).strip()


@pytest.mark.parametrize(
    ("path", "name"), [("colour/adobe-rgb.jpg", "Adobe RGB"), ("colour/display-p3.jpg", "Display P3")]
)
def test_wide_colours_carry_their_profile(drawn: Drawn, path: str, name: str) -> None:
    """A colour engine reads the profile, and using it gives other pixels than ignoring it."""
    with Image.open(io.BytesIO(drawn[path].data)) as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert name == ImageCms.getProfileDescription(profile).strip()
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        shown = ImageCms.profileToProfile(image, profile, srgb)
        assert shown is not None
        assert max(ImageStat.Stat(ImageChops.difference(image, shown)).mean) > 1


def test_sixteen_bits_are_used(drawn: Drawn) -> None:
    """The 16-bit sample has values beyond 8 bits, so a decoder that cuts them is noticed."""
    with Image.open(io.BytesIO(drawn["colour/grey-16-bit.png"].data)) as image:
        low, high = image.getextrema()
    assert isinstance(high, (int, float))
    assert high > 60_000
    assert low != high


def test_transparency_is_there(drawn: Drawn) -> None:
    """The transparent samples, also the one with a palette, have fully transparent and fully opaque pixels."""
    for path in ("colour/star.png", "colour/star-palette.png", "colour/star.webp", "formats/star.ico"):
        with Image.open(io.BytesIO(drawn[path].data)) as image:
            alpha = set(image.convert("RGBA").getchannel("A").tobytes())
        assert 0 in alpha, path
        assert max(alpha) >= 254, path  # a palette can turn 255 into 254


def test_the_truncated_sample_is_truncated(drawn: Drawn) -> None:
    """The header of the sample decodes, but its pixels end early."""
    with Image.open(io.BytesIO(drawn["trouble/cut short.jpg"].data)) as image:
        assert (1200, 800) == image.size
        with pytest.raises(OSError, match="truncated"):
            image.load()


def test_the_bomb_is_small_and_declares_a_monster(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes declare 3.6 thousand million pixels."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    body = drawn["trouble/bomb.png"].data
    assert len(body) < 200
    with Image.open(io.BytesIO(body)) as image:
        assert (60_000, 60_000) == image.size


def test_oddities_of_names_and_types_are_there(drawn: Drawn) -> None:
    """The samples have every oddity that real buckets have."""
    paths = list(drawn)
    for part in (" ", "  ", "#", "?", "%", "'", "<b>", "&", "🎈", "é", "富", "\u202e", "//"):
        assert any(part in path for path in paths), part
    assert any(path.count("/") == 3 and "//" not in path for path in paths)
    assert "\n" not in "".join(paths)
    assert drawn["names/no content type.jpg"].content_type is None
    assert "application/octet-stream" == drawn["names/upload.png"].content_type
    assert "" == formats.suffix_of("names/no suffix")
    assert b"" == drawn["holiday/"].data


def test_what_is_no_item_is_none_for_the_selection(drawn: Drawn) -> None:
    """The selection takes exactly those samples for items that the demo intends as items."""
    selection = Selection()
    for path, sample in drawn.items():
        entry = Entry(path, len(sample.data), "1", content_type=sample.content_type)
        assert (sample.status is not None) == selection.decide(entry, path).kind.is_item, path


def test_names_collide_as_intended(drawn: Drawn) -> None:
    """Two photographs in two folders share a name, so their thumbnails need a hash."""
    rule = NamingRule(layout="flat", recipe=Recipe(), folds=False, limit=1000)
    names: dict[str, list[str]] = {}
    for path, sample in drawn.items():
        if sample.status is Status.DONE and (found := formats.by_media_type(sample.content_type or "")):
            names.setdefault(rule.names(path, found.name, 0)[0], []).append(path)
    collisions = {name: paths for name, paths in names.items() if len(paths) > 1}
    assert ["holiday/2024/IMG_0001.JPG", "holiday/2025/IMG_0001.JPG"] == collisions["IMG_0001.JPG"]


def test_what_is_meant_to_fail_says_so(drawn: Drawn) -> None:
    """The note of every sample without a thumbnail names its reason, and reason and status match."""
    meant = {sample.path: sample.reason for sample in drawn.values() if sample.reason}
    assert {
        "trouble/cut short.jpg": Reason.TRUNCATED,
        "trouble/letter.jpg": Reason.UNREADABLE,
        "trouble/bomb.png": Reason.TOO_MANY_PIXELS,
        "trouble/drawing.svg": Reason.UNSUPPORTED,
    } == meant
    for path, reason in meant.items():
        assert str(reason) in drawn[path].note
        assert (Status.SKIPPED if reason in SKIPS else Status.FAILED) is drawn[path].status


def test_paths_differ_and_every_sample_has_a_note() -> None:
    """Every sample of the quick groups has its own path and a note."""
    quick = [*module._holiday(), *module._names(), *module._troubles()]
    assert len(quick) == len({sample.path for sample in quick})
    assert all(sample.note for sample in quick)


@pytest.mark.slow
def test_samples_are_the_same_every_time(drawn: Drawn) -> None:
    """The samples are the same every time, so that the README's picture stays true; only x265 can differ."""
    again = {sample.path: sample for sample in samples()}
    assert list(drawn) == list(again)
    differing = {path for path in drawn if drawn[path] != again[path]}
    assert differing <= {"formats/sea.heic"}
