"""Tests which objects are items, by tables with one row a case."""

import pytest

from thumbrun.planning.select import Decision, ObjectKind, Selection
from thumbrun.storage.base import Entry


def entry(name: str, *, content_type: str | None = None, size: int = 10, own: bool = False) -> Entry:
    """Return a listed object."""
    return Entry(name, size, "1", content_type, metadata={"thumbrun-run": "x"} if own else {})


def kind_and_format(decision: Decision) -> tuple[ObjectKind, str | None]:
    """Return the kind and the format, which the tables below compare."""
    return decision.kind, decision.format.name if decision.format else None


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (entry("a.jpg", own=True), (ObjectKind.OWN, None)),
        (entry("a/", size=0), (ObjectKind.PLACEHOLDER, None)),
        (entry("a.jpg", size=0), (ObjectKind.EMPTY, None)),
        (entry("a.jpg/", size=0, content_type="image/jpeg"), (ObjectKind.PLACEHOLDER, None)),
        (entry("a.jpg"), (ObjectKind.IMAGE, "jpeg")),
        (entry("A.JPG"), (ObjectKind.IMAGE, "jpeg")),
        (entry("a.HEIC"), (ObjectKind.IMAGE, "heic")),
        (entry("a"), (ObjectKind.NOT_AN_IMAGE, None)),
        (entry("a", content_type="image/jpeg"), (ObjectKind.IMAGE, "jpeg")),
        (entry("a.txt", content_type="image/PNG; charset=binary"), (ObjectKind.IMAGE, "png")),
        (entry("a.jpg", content_type="image/webp"), (ObjectKind.IMAGE, "webp")),
        (entry("a.jpg", content_type="application/octet-stream"), (ObjectKind.IMAGE, "jpeg")),
        (entry("a.jpg", content_type=""), (ObjectKind.IMAGE, "jpeg")),
        (entry("a.jpg", content_type="image/*"), (ObjectKind.IMAGE, "jpeg")),
        *(
            (entry("a.jpg", content_type=nothing), (ObjectKind.IMAGE, "jpeg"))
            for nothing in ("text/plain", "text/plain; charset=utf-8", "multipart/form-data", "application/x-download")
        ),
        *(
            (entry("a.PNG", content_type=nothing), (ObjectKind.IMAGE, "png"))
            for nothing in ("image/unknown", "application/force-download", "jpg", "undefined", "Application/Download")
        ),
        (entry("a.jpg", content_type="image/jpeg,image/jpeg"), (ObjectKind.IMAGE, "jpeg")),
        (entry("a", content_type="image/jpeg, image/jpeg"), (ObjectKind.IMAGE, "jpeg")),
        (entry("a.mpo"), (ObjectKind.IMAGE, "jpeg")),
        (entry("a", content_type="image/mpo"), (ObjectKind.IMAGE, "jpeg")),
        (entry("a.svg", content_type="text/plain"), (ObjectKind.UNSUPPORTED, None)),
        (entry("a.txt", content_type="text/plain"), (ObjectKind.NOT_AN_IMAGE, None)),
        (entry("a.jpg", content_type="text/html"), (ObjectKind.NOT_AN_IMAGE, None)),
        (entry("a.jpg", content_type="image/svg+xml"), (ObjectKind.UNSUPPORTED, None)),
        (entry("a.svg"), (ObjectKind.UNSUPPORTED, None)),
        (entry("a.CR2"), (ObjectKind.UNSUPPORTED, None)),
        (entry("a.mp4"), (ObjectKind.NOT_AN_IMAGE, None)),
        (entry(".jpg"), (ObjectKind.NOT_AN_IMAGE, None)),
    ],
)
def test_type_then_name_decide(listed: Entry, expected: tuple[ObjectKind, str | None]) -> None:
    """A specific content type decides the kind; without one, the suffix of the file name decides."""
    assert expected == kind_and_format(Selection().decide(listed, listed.name))


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (entry("upload-17"), ObjectKind.UNDECIDED),
        (entry("upload.17", content_type="application/octet-stream"), ObjectKind.UNDECIDED),
        (entry("a.txt"), ObjectKind.NOT_AN_IMAGE),
        (entry("a", content_type="text/plain"), ObjectKind.NOT_AN_IMAGE),
        (entry("a.jpg"), ObjectKind.IMAGE),
    ],
)
def test_content_settles_what_neither_type_nor_name_do(listed: Entry, expected: ObjectKind) -> None:
    """With detect=content, an object becomes an undecided item only if neither its type nor its name decides."""
    assert expected is Selection(by_content=True).decide(listed, listed.name).kind


@pytest.mark.parametrize(
    ("include", "exclude", "path", "expected"),
    [
        ((), ("*.jpg",), "a/b.jpg", ObjectKind.EXCLUDED),
        ((), ("*.JPG",), "a/b.jpg", ObjectKind.EXCLUDED),
        ((), ("drafts",), "a/drafts/b.jpg", ObjectKind.EXCLUDED),
        ((), (".*",), "a/.cache/b.jpg", ObjectKind.EXCLUDED),
        (("2026",), (), "2026/may/b.jpg", ObjectKind.IMAGE),
        (("*.png",), (), "a/b.jpg", ObjectKind.EXCLUDED),
        (("a/**",), (), "a/x/b.jpg", ObjectKind.IMAGE),
        (("a/*",), (), "a/x/b.jpg", ObjectKind.EXCLUDED),
        (("a/**", "b.jpg"), ("a/x/**",), "a/x/b.jpg", ObjectKind.EXCLUDED),
    ],
)
def test_globs_choose_among_paths(
    include: tuple[str, ...], exclude: tuple[str, ...], path: str, expected: ObjectKind
) -> None:
    """A path must match one of the included globs, if there are any, and none of the excluded ones."""
    assert expected is Selection(include=include, exclude=exclude).decide(entry(f"in/{path}"), path).kind


def test_globs_that_match_nothing_are_known() -> None:
    """Any entry counts as a match: also one of thumbrun's own, an empty one, and one that another glob takes."""
    selection = Selection(include=["*.jpg", "a*", "*.jpgg"], exclude=["b", "own", "empty", "draftz"])
    assert ["*.jpg", "a*", "*.jpgg", "b", "own", "empty", "draftz"] == selection.unmatched
    for listed in (entry("a.jpg"), entry("b/c.jpg"), entry("own/x.jpg", own=True), entry("empty", size=0)):
        selection.decide(listed, listed.name)
    assert ["*.jpgg", "draftz"] == selection.unmatched
