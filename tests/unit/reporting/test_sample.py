"""Tests of the sample that is even over groups."""

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from thumbrun.reporting.sample import EvenSample

Items = list[tuple[str, int]]


def sampled(most: int, items: Items) -> list[tuple[str, int]]:
    """Return a sample of items, which are groups and ranks."""
    sample: EvenSample[tuple[str, int]] = EvenSample(most)
    for group, rank in items:
        sample.add(group, rank, (group, rank))
    assert len(items) == sample.seen
    assert sum(map(len, sample._groups.values())) <= 2 * most
    return list(sample.in_turn())


@settings(deadline=None)
@given(st.integers(1, 12), st.lists(st.tuples(st.text("abcdefgh", max_size=2), st.integers(0, 10**6)), unique=True))
def test_what_is_chosen(most: int, items: Items) -> None:
    """The sample holds only items that came, each once, as many as wanted, and all of them if they are as few."""
    chosen = sampled(most, items)
    assert len(chosen) == len(set(chosen)) <= most
    assert set(chosen) <= set(items)
    if len(items) <= most:
        assert set(chosen) == set(items)


@settings(deadline=None)
@given(
    st.integers(1, 8),
    st.lists(st.tuples(st.text("abcdefgh", max_size=2), st.integers(0, 10**6)), unique=True),
    st.randoms(use_true_random=False),
)
def test_the_order_does_not_matter(most: int, items: Items, chance: random.Random) -> None:
    """The same items in another order give the same sample, if their ranks differ."""
    items = [(group, rank) for rank, group in {rank: group for group, rank in items}.items()]
    shuffled = chance.sample(items, len(items))
    assert sampled(most, items) == sampled(most, shuffled)


def test_each_group_has_about_as_many() -> None:
    """A group of ten thousand does not crowd out one of five; what is left goes to those that have more."""
    items = [("large", rank) for rank in range(10_000)] + [("small", rank) for rank in range(5)]
    assert Counter(large=15, small=5) == Counter(group for group, _ in sampled(20, items))


def test_of_more_groups_than_items_some_have_one() -> None:
    """If there are more groups than items are wanted, some groups have one item each."""
    chosen = sampled(10, [(str(group), rank) for group in range(5_000) for rank in range(2)])
    assert 10 == len({group for group, _ in chosen}) == len(chosen)
