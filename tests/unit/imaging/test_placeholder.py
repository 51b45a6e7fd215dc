"""Placeholders are those that others make of the same picture, and are told in one form."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from thumbrun.imaging.looks.appearance import KINDS, is_placeholder
from thumbrun.imaging.looks.placeholder import placeholder


def drawn(width: int, height: int, *, transparent: bool = False) -> Image.Image:
    """Return a picture with gradients of red, green and, if it is transparent, alpha, and with curved bands of blue."""
    pixels = bytes(
        value
        for y in range(height)
        for x in range(width)
        for value in (
            255 * x // max(1, width - 1),
            255 * y // max(1, height - 1),
            (x * x + 3 * y * y) // 40 % 256,
            255 * (x + y) // (width + height) if transparent else 255,
        )
    )
    return Image.frombytes("RGBA", (width, height), pixels)


# What others make of these pictures: thumbhash 0.1.1, the author's own library (npm), and fast-blurhash 0.4.0 (PyPI),
# with 4 x 3 components or 3 x 4, on white. Wolt's library in TypeScript overlooks components below 0 where it looks for
# the largest one, other than the one in C.
MADE_BY_OTHERS = [
    (100, 75, False, "XggOJZpwd3dheId3eHiIiJLgC/h3", "L%HV9m2S$6Shhkavjwf5gZfNfTfO"),
    (60, 100, False, "nvgNLBqCB4dnh4aIiHdwpg34eA==", "T%HV9g2V$6hiaxfSgYfifPi_a~fQ"),
    (100, 100, False, "HwgOJxpwd3dgiId3eGeHh4iIBwitgH8H", "L%HV9q2T$6SghkavfSf8gZfNfTfO"),
    (100, 3, False, "XPkRSaSAh4eCiIiHXHAo+Hc=", "L+HV,=2Q$BSb*=JOsXWUdLf7fQf7"),
    (64, 48, True, "IgmKDI4nooewh3p3SOUHoH8GeCh3iIeHCA==", "LWN,;zD1=ggM@L%Moeoft,oJj[j["),
    (30, 90, True, "ItmFGg4nkbCYiKiApg7oWYWHgIeIeIg=", "TcNdgc8GxG{X$*bIt]s:j[x0offj"),
]


def halves(thumbhash: str) -> list[int]:
    """Return the halves of the bytes of a hash in base64, with 8 for 7: of a component that is 0, they are as good."""
    return [8 if half == 7 else half for byte in base64.b64decode(thumbhash) for half in (byte & 15, byte >> 4)]


@pytest.mark.parametrize(("width", "height", "transparent", "thumbhash", "blurhash"), MADE_BY_OTHERS)
def test_others_make_the_same(width: int, height: int, transparent: bool, thumbhash: str, blurhash: str) -> None:
    """Other libraries make the same of a picture."""
    picture = drawn(width, height, transparent=transparent)
    assert halves(thumbhash) == halves(placeholder(picture, "thumbhash").removeprefix("thumbhash:"))
    assert f"blurhash:{blurhash}" == placeholder(picture, "blurhash")


def test_a_picture_of_one_colour() -> None:
    """Rounding errors do not show: a picture of one colour has one ThumbHash in every size of its proportions."""
    made = {placeholder(Image.new("RGB", (4 * side, 3 * side), "#c80a14"), "thumbhash") for side in range(1, 40)}
    assert 1 == len(made)


@pytest.mark.parametrize("kind", KINDS)
@given(
    mode=st.sampled_from(["L", "LA", "RGB", "RGBA"]),
    size=st.tuples(st.integers(1, 130), st.integers(1, 130)),
    data=st.data(),
)
def test_every_picture_has_one_in_the_form_that_is_told(
    kind: str, mode: str, size: tuple[int, int], data: st.DataObject
) -> None:
    """Whatever a thumbnail shows, its placeholder has the form that a reader checks, and begins like no formula."""
    pixels = data.draw(st.binary(min_size=4 * len(mode), max_size=4 * len(mode)))
    made = placeholder(Image.frombytes(mode, (2, 2), pixels).resize(size), kind)
    assert is_placeholder(made, kind)
    assert is_placeholder(made)
    assert made.startswith(f"{kind}:")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thumbhash",
        "thumbhash:",
        "sixel:XggOJZpwd3dheId3eHiIiJLgC/h3",
        "XggOJZpwd3dheId3eHiIiJLgC/h3",
        "thumbhash:XggOJZpwd3dheId3eHiIiJLgC/h3\n",
        "thumbhash:" + "A" * 37,
        "thumbhash:=XggOJZpwd3dheId3eHiIiJLgC/h3",
        "blurhash:L%HV9m2S$6Shhkavjwf5gZfNfTf",
        "blurhash:L%HV9m2S$6Shhkavjwf5gZfNfTf<",
        "blurhash:L%HV9m2S$6Shhkavjwf5gZfNfTfOO",
        "blurhash:thumbhash:L%HV9m2S$6Shhkavjwf",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    """A text of another kind, length or alphabet is no placeholder."""
    assert not is_placeholder(text)
