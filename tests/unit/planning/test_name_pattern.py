"""Tests of patterns of names: what each field stands for, and that no two thumbnails share a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.planning.test_naming import PATHS, settle_all
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.name_pattern import FIELDS, NamePattern, Target, pattern_mistake
from thumbrun.planning.naming import NamingRule

PATH = "trips/2024/IMG 1.JPG"
WEBP = Target((320, 240), "webp")
KEPT = Target((320, 0), "jpeg", keeps=True)
BOXES: list[Box] = [(1, 1), (1, 11), (11, 1), (12, 1), (1, 2), (320, 0), (0, 320)]


def expanded(pattern: str, path: str = PATH, target: Target = WEBP, mark: str = "", shorter: int = 0) -> str:
    """Return the name that a pattern gives."""
    return NamePattern.parse(pattern).expanded(path, target, mark, shorter)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{dir}/{stem}_{width}x{height}.{ext}", "trips/2024/IMG 1_320x240.webp"),
        ("{path}", "trips/2024/IMG 1.JPG.webp"),
        ("{name}", "IMG 1.JPG.webp"),
        ("{stem}", "IMG 1.webp"),
        ("{width}/{format}/{stem}", "320/webp/IMG 1.webp"),
        ("{stem}.thumb", "IMG 1.thumb.webp"),
        ("{{{stem}}}.{ext}", "{IMG 1}.webp"),
        ("{hash}.{ext}", "8f709187660e63e1.webp"),
        ("same.webp", "same.webp"),
    ],
)
def test_what_the_fields_stand_for(pattern: str, expected: str) -> None:
    """Each field is replaced, doubled braces are braces, and an extension that is missing is added."""
    assert expected == expanded(pattern)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("{stem}.{ext}", PATH, "IMG 1.JPG"),
        ("{name}", "photo", "photo"),
        ("{stem}.{ext}", "photo", "photo.jpg"),
        ("{stem}.{ext}", "photo.dat", "photo.jpg"),
        ("{stem}_{width}x{height}.{ext}", PATH, "IMG 1_320x.JPG"),
        ("{dir}/{stem}.{ext}", "a.jpg", "a.jpg"),
        ("x/{dir}/{stem}.{ext}", "a.jpg", "x/a.jpg"),
        ("{dir}/{name}", "x/", "x/unnamed"),
    ],
)
def test_names_that_keep_the_format(pattern: str, path: str, expected: str) -> None:
    """An image that keeps its format keeps its own extension if it fits; an empty folder leaves no slash."""
    assert expected == expanded(pattern, path, KEPT)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{dir}/{stem}_{width}.{ext}", "trips/2024/IMG 1-ab_320.webp"),
        ("{stem}/{width}.{ext}", "IMG 1-ab/320.webp"),
        ("{stem}/{stem}.{ext}", "IMG 1/IMG 1-ab.webp"),
        ("{name}", "IMG 1-ab.JPG.webp"),
        ("{path}", "trips/2024/IMG 1-ab.JPG.webp"),
        ("{dir}/{width}.{ext}", "trips/2024/320-ab.webp"),
    ],
)
def test_where_a_mark_goes(pattern: str, expected: str) -> None:
    """A mark goes behind the last stem, else before the extension."""
    assert expected == expanded(pattern, mark="-ab")


def test_a_stem_that_is_cut() -> None:
    """A stem loses so many bytes, but never its last character, and never half of one."""
    assert "IM-ab_320.webp" == expanded("{stem}_{width}", mark="-ab", shorter=3)
    assert "é.webp" == expanded("{stem}", "éé.jpg", shorter=1)
    assert "I.webp" == expanded("{stem}", shorter=100)


@pytest.mark.parametrize(
    ("pattern", "boxes", "formats", "advice"),
    [
        ("{stem}.{ext}", [(640, 0), (320, 0)], ["webp"], "640x and 320x the same name; add {width}"),
        ("{stem}.{ext}", [(0, 640), (0, 320)], ["webp"], "x640 and x320 the same name; add {height}"),
        ("{stem}_{width}.{ext}", [(640, 480), (640, 400)], ["webp"], "640x480 and 640x400 the same name; add {height}"),
        ("{stem}.{ext}", [(640, 480), (320, 240)], ["webp"], "640x480 and 320x240 the same name; add {width} or"),
        ("a.{ext}", [(640, 480), (320, 240)], ["keep"], "640x480 and 320x240 the same name; add {width} or"),
        ("{stem}_{width}.{ext}", [(640, 0), (320, 0)], ["webp", "jpeg"], None),
        ("{stem}_{width}", [(640, 0), (320, 0)], ["webp", "jpeg"], None),
        ("{stem}", [(640, 0)], ["keep"], None),
    ],
)
def test_what_a_pattern_cannot_tell_apart(
    pattern: str, boxes: list[Box], formats: list[str], advice: str | None
) -> None:
    """A pattern that gives two thumbnails of an image the same name lacks a field, which the advice names."""
    found = pattern_mistake(NamePattern.parse(pattern), boxes, formats)
    assert (found is None) == (advice is None)
    assert (advice or "") in (found or "")


PARTS = st.sampled_from([*(f"{{{field}}}" for field in FIELDS), "-", "1", "a", "/", ".jpg", "{{"])


@given(
    st.lists(PATHS, unique=True, max_size=20),
    st.lists(PARTS, min_size=1, max_size=6).map("".join),
    st.lists(st.sampled_from(BOXES), unique=True, min_size=1, max_size=3),
    st.sampled_from([("keep",), ("webp",), ("webp", "jpeg")]),
    st.booleans(),
)
def test_no_two_thumbnails_share_a_name(
    paths: list[str], text: str, boxes: list[Box], formats: tuple[str, ...], folds: bool
) -> None:
    """Whatever pattern is right, and whatever the source holds, each thumbnail of each image has a name of its own."""
    try:
        pattern = NamePattern.parse(text)
    except ValueError:
        return
    if pattern_mistake(pattern, boxes, formats):
        return
    (width, height), *smaller = boxes
    recipe = Recipe(width, height, formats[0], smaller=tuple(smaller), further=formats[1:])
    naming = NamingRule("flat", recipe, folds, 900, pattern, part_limit=255)
    found = [name for names in settle_all(paths, naming) for name in names]
    assert len(paths) * len(boxes) * len(formats) == len(found) == len({naming.key(name) for name in found})


@given(st.text(alphabet="aé/.", min_size=1, max_size=400), st.sampled_from(["{stem}_{width}", "{width}/{name}"]))
def test_a_long_name_is_cut_to_what_the_destination_holds(path: str, text: str) -> None:
    """A name keeps to the limits of the destination, with a hash in place of what it lost."""
    recipe = Recipe(640, 0, "webp", smaller=((320, 0),), further=("jpeg",))
    naming = NamingRule("flat", recipe, False, 200, NamePattern.parse(text), part_limit=100)
    names = naming.names(path, "jpeg", 0)
    assert 4 == len(set(names))
    for name in names:
        assert 100 >= max(len(part.encode()) for part in name.split("/"))


@given(PATHS, st.sampled_from(["flat", "tree"]), st.integers(0, 2))
def test_layouts_are_patterns(path: str, layout: str, level: int) -> None:
    """The layouts name thumbnails as the patterns do that the documents give for them."""
    pattern = NamePattern.parse({"flat": "{name}", "tree": "{path}"}[layout])
    for format_ in ("keep", "jpeg", "webp"):
        rule = NamingRule(layout, Recipe(format=format_), False, 900)
        assert rule.names(path, "jpeg", level) == NamingRule(layout, Recipe(format=format_), False, 900, pattern).names(
            path, "jpeg", level
        )


@pytest.mark.parametrize(
    ("pattern", "boxes", "advice"),
    [
        ("{height}/{stem}", [(320, 0)], "its {height} is empty for 320x"),
        ("{width}/{height}/{stem}", [(320, 200), (0, 320)], "its {width} is empty for x320"),
        ("{stem}/{height}", [(320, 0)], "its {height} is empty for 320x"),
        ("{width}x{height}/{stem}", [(320, 0), (0, 320)], None),
        ("{dir}/{stem}", [(320, 0)], None),
        (".{stem}", [(320, 0)], None),
        (".{stem}", [(320, 200)], None),
    ],
)
def test_a_side_that_is_free_leaves_nothing_without_a_name(pattern: str, boxes: list[Box], advice: str | None) -> None:
    """A pattern is refused if a free side would leave a folder, or the stem of a file, without a name."""
    found = pattern_mistake(NamePattern.parse(pattern), boxes, ["webp"])
    assert (found is None) == (advice is None)
    assert (advice or "") in (found or "")
