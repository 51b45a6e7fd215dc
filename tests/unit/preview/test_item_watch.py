"""Tests of what a plan notices of its items: the largest, names at risk, and which items to try."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from thumbrun.formats import BY_NAME
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.select import Decision, ObjectKind
from thumbrun.preview.item_watch import ItemWatch
from thumbrun.storage.base import Entry

RULE = NamingRule("flat", Recipe(), folds=False, limit=900)
JPEG, PNG = (Decision(ObjectKind.IMAGE, BY_NAME[name]) for name in ("jpeg", "png"))


def watch(*, folds: bool = False, sample: int = 0, problem: str | None = None) -> ItemWatch:
    """Return a watch whose destination cannot hold names that begin with `bad`."""
    return ItemWatch(
        lambda name: problem if name.startswith("bad") else None,
        NamingRule("flat", Recipe(), folds=folds, limit=900),
        sample=sample,
        chance=random.Random(1),  # noqa: S311
    )


@given(st.lists(st.integers(1, 50), max_size=30))
def test_the_largest_items(sizes: list[int]) -> None:
    """The five largest are named, the largest first."""
    seen = watch()
    for number, size in enumerate(sizes):
        seen.item(Entry(f"{number}", size, "1"), JPEG, (f"{number}",))
    assert sorted(sizes, reverse=True)[:5] == [one["bytes"] for one in seen.largest]
    assert all(sizes[int(one["source"])] == one["bytes"] for one in seen.largest)


def test_names_that_the_destination_cannot_hold() -> None:
    """All are counted, and five are named with the reason."""
    seen = watch(problem="too long")
    for number in range(9):
        seen.item(Entry(f"in/{number}", 1, "1"), JPEG, (f"bad{number}" if number else "good",))
    risk = seen.names_at_risk(0)
    assert 8 == risk["invalid"]
    assert 5 == len(risk["named"])
    assert {"source": "in/1", "output": "bad1", "problem": "too long"} == risk["named"][0]


def test_names_that_differ_in_form_only() -> None:
    """Of the names that collide on a disk that folds them, those that are not the very same are counted."""
    names = ["a.jpg", "A.JPG", "b.jpg", "b.jpg", "b.jpg", "c.jpg"]  # the planner finds five that collide
    seen = watch(folds=True)
    for name in names:
        seen.item(Entry(name, 1, "1"), JPEG, (name,))
    assert 2 == seen.names_at_risk(5)["differ_in_form_only"]
    assert 0 == watch().names_at_risk(5)["differ_in_form_only"]
    assert 0 == watch(folds=True).names_at_risk(0)["differ_in_form_only"]


@given(st.integers(0, 8), st.lists(st.tuples(st.sampled_from([JPEG, PNG]), st.integers(1, 10**6)), max_size=60))
def test_every_format_and_size_has_its_chosen_items(sample: int, items: list[tuple[Decision, int]]) -> None:
    """Each stratum counts its items and keeps at most as many as the sample, each of its own format and size."""
    seen = watch(sample=sample)
    for number, (decision, size) in enumerate(items):
        seen.item(Entry(f"{number}", size, "1"), decision, (f"{number}",))
    seen.item(Entry("x.svg", 5, "1"), Decision(ObjectKind.UNSUPPORTED), ("x.svg",))  # nobody can try it
    assert (len(items) if sample else 0) == sum(stratum.objects for stratum in seen.strata.values())
    for (format_, _), stratum in seen.strata.items():
        assert min(sample, stratum.objects) == len(stratum.chosen)
        assert len(stratum.chosen) == len({item.source for item in stratum.chosen})
        sizes = [item.size for item in stratum.chosen]
        assert max(sizes) <= 4 * min(sizes)
        assert {(format_, format_)} == {(item.format, item.output_format) for item in stratum.chosen}
        assert all(
            items[int(item.source)] == (JPEG if format_ == "jpeg" else PNG, item.size) for item in stratum.chosen
        )


def test_each_item_has_the_same_chance() -> None:
    """Of a thousand listings, each of ten items is chosen about as often as any other."""
    chance, counts = random.Random(7), Counter[str]()  # noqa: S311
    for _ in range(1000):
        seen = ItemWatch(lambda _: None, RULE, sample=3, chance=chance)
        for number in range(10):
            seen.item(Entry(f"{number}", 100, "1"), JPEG, ("",))
        counts.update(item.source for stratum in seen.strata.values() for item in stratum.chosen)
    assert 3000 == counts.total()
    assert 250 < min(counts.values())
    assert max(counts.values()) < 350
