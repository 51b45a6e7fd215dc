"""The demo's sample pictures: every format and oddity is among them, and is what it says."""

import io
from functools import cache

import pytest
from PIL import Image, ImageCms

from tests.fidelity.measure import psnr
from thumbrun import formats
from thumbrun.demo.profiles import ADOBE_RGB, DISPLAY_P3, grey_profile, rgb_profile
from thumbrun.demo.samples import Sample, samples
from thumbrun.imaging.render import thumbnail_pixels


@cache
def by_path() -> dict[str, Sample]:
    """Return all samples."""
    return {sample.path: sample for sample in samples()}


def image(path: str) -> Image.Image:
    """Open a sample."""
    return Image.open(io.BytesIO(by_path()[path].data))


def test_every_format_that_is_read_is_there() -> None:
    """A format without a sample would never be seen."""
    seen = {format_.name for path in by_path() if (format_ := formats.by_suffix(path))}
    assert {format_.name for format_ in formats.READ} == seen


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_there(orientation: int) -> None:
    """The tag says what the file's name says, and turns the picture upright."""
    assert orientation == image(f"orientation/{orientation}.jpg").getexif()[0x0112]
    upright = thumbnail_pixels(by_path()["orientation/1.jpg"].data, 100, 100)
    turned = thumbnail_pixels(by_path()[f"orientation/{orientation}.jpg"].data, 100, 100)
    assert (75, 100) == upright.size == turned.size
    assert psnr(upright, turned) > 30


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("colour/cmyk.jpg", "CMYK"),
        ("colour/grey.jpg", "L"),
        ("colour/grey-16-bit.png", "I;16"),
        ("colour/star.png", "RGBA"),
        ("colour/star-palette.png", "P"),
    ],
)
def test_oddities_are_what_they_say(path: str, mode: str) -> None:
    """The samples of odd modes have them."""
    assert mode == image(path).mode


@pytest.mark.parametrize("path", ["colour/adobe-rgb.jpg", "colour/display-p3.jpg", "colour/grey.jpg"])
def test_profiles_are_embedded(path: str) -> None:
    """The samples of other colour spaces carry a profile that the library beneath takes."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(image(path).info["icc_profile"]))
    assert ImageCms.getProfileDescription(profile).strip()


@pytest.mark.parametrize("space", [ADOBE_RGB, DISPLAY_P3])
def test_profiles_map_white_to_white(space: tuple[tuple[float, float, float], ...]) -> None:
    """White and mid grey stay neutral in a space made from primaries that add up to its white."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(rgb_profile("test", space)))  # type: ignore[arg-type]
    for level in (255, 128):
        picture = Image.new("RGB", (1, 1), (level, level, level))
        made = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        assert made is not None
        pixel = made.getpixel((0, 0))
        assert isinstance(pixel, tuple)
        assert max(pixel) - min(pixel) <= 2
    assert grey_profile("grey", 2.2).startswith(len(grey_profile("grey", 2.2)).to_bytes(4, "big"))


def test_the_samples_are_always_the_same() -> None:
    """The same pictures every time, so that the picture in the README stays true."""
    again = {sample.path: sample.data for sample in samples()}
    assert {path: sample.data for path, sample in by_path().items() if not path.endswith(".heic")} == {
        path: data for path, data in again.items() if not path.endswith(".heic")
    }


def test_names_collide_and_are_odd() -> None:
    """Two files of one name, names that are easily broken, and objects that are no images."""
    files = [path.rpartition("/")[2] for path in by_path()]
    assert 2 == files.count("IMG_0001.jpg")
    for part in (" ", "#", "?", "%", "//", "🎈", "'", "<b>", "é"):
        assert any(part in path for path in by_path())
    assert by_path()["names/no content type.jpg"].content_type is None
    assert b"" == by_path()["trouble/"].data
