"""Tests the names of thumbnails: some by a table, and that no two share a name."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.naming import NameBook, NamingRule

PATHS = st.text(alphabet="ab-./é 0", min_size=1, max_size=6)


def rule(*, layout: str = "flat", format_: str = "keep", folds: bool = False, limit: int = 900) -> NamingRule:
    """Return a naming rule."""
    return NamingRule(layout, Recipe(format=format_), folds, limit)


def settle(paths: list[str], naming: NamingRule) -> list[str]:
    """Return the final names of JPEGs at the paths, one for each."""
    return [name for (name,) in settle_all(paths, naming)]


def settle_all(paths: list[str], naming: NamingRule) -> list[tuple[str, ...]]:
    """Return all final names of JPEGs at the paths; every third path shares a shard with the one before."""
    book = NameBook(naming.names_an_item)
    shards: list[list[str]] = []
    for number, path in enumerate(paths):
        if number % 3 == 1:
            shards[-1].append(path)
        else:
            shards.append([path])
    for number, shard in enumerate(shards):
        book.add(number, array("Q", [naming.key(name) for path in shard for name in naming.names(path, "jpeg", 0)]))
    while moved := book.raise_colliding():
        for number, indices in moved.items():
            for index in indices:
                level = book.level(number, index)
                book.rename(number, index, map(naming.key, naming.names(shards[number][index], "jpeg", level)))
    return [
        naming.names(path, "jpeg", book.level(number, index))
        for number, shard in enumerate(shards)
        for index, path in enumerate(shard)
    ]


@pytest.mark.parametrize(
    ("path", "source", "naming", "expected"),
    [
        ("x/a.jpg", "jpeg", rule(), "a.jpg"),
        ("x/a.jpg", "jpeg", rule(layout="tree"), "x/a.jpg"),
        ("x/photo", "jpeg", rule(), "photo"),
        ("a.HEIC", "heic", rule(), "a.HEIC.jpg"),
        ("a.jpg", "heic", rule(), "a.jpg"),
        ("a.tif", "tiff", rule(), "a.tif.jpg"),
        ("a.ico", "ico", rule(), "a.ico.png"),
        ("a.png", "png", rule(format_="webp"), "a.png.webp"),
        ("a.jpeg", "jpeg", rule(format_="jpeg"), "a.jpeg"),
        ("photo", "jpeg", rule(format_="jpeg"), "photo.jpg"),
        ("upload-17", None, rule(), "upload-17.jpg"),
        ("a b#?%😀\n.png", "png", rule(), "a b#?%😀\n.png"),
        ("x/", "jpeg", rule(), "unnamed"),
        ("//a.jpg", "jpeg", rule(layout="tree"), "//a.jpg"),
    ],
)
def test_names_follow_name_and_type_alone(path: str, source: str | None, naming: NamingRule, expected: str) -> None:
    """A thumbnail keeps its source's name, and gets a suffix if its format is another."""
    assert expected == naming.names(path, source, 0)[0]


def test_a_hash_goes_before_the_suffix() -> None:
    """A colliding name gets its hash before the suffix, so that programs still open the file as its format."""
    assert "a-cb3ee2cc5c.heic.jpg" == rule().names("x/a.heic", "heic", 1)[0].replace(
        rule().names("x/a.heic", "heic", 1)[0][2:12], "cb3ee2cc5c"
    )
    assert len("a-0123456789.jpg") == len(rule().names("x/a.jpg", "jpeg", 1)[0])


@pytest.mark.parametrize("length", [300, 250, 246])
def test_a_name_too_long_for_the_destination_is_cut_and_hashed(length: int) -> None:
    """A name that is too long loses the end of its stem, never half a character, and gets the hash."""
    naming = rule(limit=250)
    name = naming.names("é" * length + ".jpg", "jpeg", 0)[0]
    assert 250 >= len(name.encode())
    assert name.endswith(".jpg")
    assert 10 == len(name.removesuffix(".jpg").rpartition("-")[2])


def test_every_member_of_a_colliding_group_is_renamed() -> None:
    """No item of a colliding group keeps the plain name, so the order of the listing does not matter."""
    names = settle(["x/a.jpg", "y/a.jpg", "b.jpg"], rule())
    assert "b.jpg" == names[2]
    assert 3 == len(set(names))
    assert "a.jpg" not in names


def test_a_name_that_equals_a_renamed_one_is_renamed_too() -> None:
    """A source that has the name of another's renamed thumbnail gets another name."""
    taken = rule().names("x/a.jpg", "jpeg", 1)[0]
    names = settle(["x/a.jpg", "y/a.jpg", f"z/{taken}"], rule())
    assert 3 == len(set(names))
    assert taken not in names


def test_names_that_differ_by_case_or_unicode_form_collide_on_a_disk() -> None:
    """If the destination folds names, `A.jpg` collides with `a.jpg`, and so do both Unicode forms of `é`."""
    names = settle(["x/A.jpg", "a.jpg", "\u00e9.jpg", "y/e\u0301.jpg"], rule(folds=True))
    assert 4 == len({name.casefold() for name in names})
    assert all("-" in name for name in names)
    assert ["A.jpg", "a.jpg"] == settle(["x/A.jpg", "a.jpg"], rule())


@given(st.lists(PATHS, unique=True, max_size=30), st.sampled_from(["flat", "tree"]), st.booleans())
def test_no_two_items_share_a_name(paths: list[str], layout: str, folds: bool) -> None:
    """Every item gets a name of its own, whatever the source holds."""
    naming = rule(layout=layout, folds=folds)
    names = settle(paths, naming)
    assert len(paths) == len({naming.key(name) for name in names})
