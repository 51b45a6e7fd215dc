"""What a survey says about a source without images: zero objects, one and several, of every kind."""

import pytest

from thumbrun.planning.select import Decision, ObjectKind
from thumbrun.planning.survey import Survey, describe
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
