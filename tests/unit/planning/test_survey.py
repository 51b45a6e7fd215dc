"""What a survey says about a source without images: zero objects, one and several, of every kind."""

import pytest

from thumbrun.planning.select import Decision, ObjectKind
from thumbrun.planning.survey import Survey, describe, describe_left_out, left_out
from thumbrun.storage.base import Entry

SOURCE = "gs://photos/in/"

# By the numbers of objects of each kind: the sentence.
ROWS: list[tuple[dict[ObjectKind, int], str]] = [
    ({}, "gs://photos/in/ is empty."),
    ({ObjectKind.NOT_AN_IMAGE: 1}, "gs://photos/in/ holds no image: 1 object is not an image."),
    ({ObjectKind.NOT_AN_IMAGE: 3}, "gs://photos/in/ holds no image: 3 objects are not images."),
    ({ObjectKind.PLACEHOLDER: 1}, "gs://photos/in/ holds no image: 1 object is a folder placeholder."),
    ({ObjectKind.EMPTY: 1}, "gs://photos/in/ holds no image: 1 object is empty."),
    ({ObjectKind.EXCLUDED: 1200}, "gs://photos/in/ holds no image: 1,200 objects are excluded."),
    ({ObjectKind.OWN: 2}, "gs://photos/in/ holds no image: 2 objects are thumbrun's own."),
    (
        {ObjectKind.PLACEHOLDER: 1, ObjectKind.NOT_AN_IMAGE: 3},
        "gs://photos/in/ holds no image: 3 objects are not images, 1 is a folder placeholder.",
    ),
    (
        {ObjectKind.EMPTY: 1, ObjectKind.PLACEHOLDER: 2},
        "gs://photos/in/ holds no image: 2 objects are folder placeholders, 1 is empty.",
    ),
]


@pytest.mark.parametrize(("numbers", "expected"), ROWS)
def test_a_source_without_images_is_described(numbers: dict[ObjectKind, int], expected: str) -> None:
    """The sentence names the largest group first, and the noun once; one object is singular."""
    survey = Survey()
    for kind, number in numbers.items():
        for count in range(number):
            survey.count(Entry(f"in/{count}", 5, "1"), Decision(kind))
    assert expected == describe(SOURCE, survey.to_record())


def test_what_is_left_out_is_told_in_one_line() -> None:
    """The line counts every kind that is no item, the largest first, with the types of what is no image."""
    survey = Survey()
    for number in range(8):
        survey.count(Entry(f"in/{number}.x{number % 7}", 5, "1"), Decision(ObjectKind.NOT_AN_IMAGE))
    for kind in (ObjectKind.EXCLUDED, ObjectKind.EXCLUDED, ObjectKind.OWN, ObjectKind.UNSUPPORTED):
        survey.count(Entry("in/a.svg", 5, "1"), Decision(kind))
    seen = survey.to_record()
    assert {"excluded": 2, "not an image": 8, "thumbrun's own": 1} == left_out(seen)
    assert (
        "Left out: 8 objects are not images (2 .x0, 1 .x1, 1 .x2, 1 .x3, 1 .x4, 2 more types), 2 are excluded, "
        "1 is thumbrun's own"
    ) == describe_left_out(seen)


def test_hidden_images_are_counted() -> None:
    """An image is hidden if a name in its path below the source begins with a dot; what is no item does not count."""
    survey = Survey()
    paths = (".a.jpg", "x/.b/c.jpg", "x/.d.jpg", "e.jpg", "f./g.jpg")
    for path in paths:
        survey.count(Entry(f".in/{path}", 5, "1"), Decision(ObjectKind.IMAGE), path)
    survey.count(Entry(".in/.notes", 5, "1"), Decision(ObjectKind.NOT_AN_IMAGE), ".notes")
    assert 3 == survey.to_record()["hidden"]
    assert "hidden" not in Survey().to_record()


def test_items_to_decode_are_counted_by_format_and_storage_class() -> None:
    """Each format and storage class has its objects, bytes, cost, peeks and compressed objects; most come first."""
    survey = Survey()
    for size in (1000, 300_000, 5 << 20):
        survey.count_read(Entry("a.jpg", size, "1", storage_class="STANDARD"), "jpeg", 2.5)
    survey.count_read(Entry("a.png", 300_000, "1", content_encoding="gzip"), "png", 7.0)
    first, second = survey.to_record()["formats"]
    assert {
        "format": "jpeg",
        "storage_class": "STANDARD",
        "objects": 3,
        "bytes": 301_000 + (5 << 20),
        "peeked": 1,
        "large": 1,
        "cost_ms": 7.5,
        "gzip": 0,
    } == first
    assert ("png", None, 1, 1, 0, 1) == tuple(
        second[key] for key in ("format", "storage_class", "objects", "peeked", "large", "gzip")
    )


def test_the_memory_for_storage_classes_is_bounded() -> None:
    """A server that names a new class for each object gets one row for all that are too many."""
    survey = Survey()
    for number in range(2000):
        survey.count_read(Entry("a.jpg", 5, "1", storage_class=f"C{number}"), "jpeg", 1.0)
    rows = survey.to_record()["formats"]
    assert len(rows) < 600
    assert (None, 2000) == (rows[0]["storage_class"], sum(row["objects"] for row in rows))
