"""Tests when thumbrun peeks at an object's first bytes before it reads the rest."""

import pytest

from thumbrun.task.peek_policy import PeekPolicy

MIB = 1 << 20


def looked_at(looks: PeekPolicy, count: int, *, paying: bool, format_: str = "jpeg", size: int = MIB) -> int:
    """Ask about a number of objects, one by one; return how many of them to peek at."""
    found = 0
    for _ in range(count):
        if looks.should_peek(format_, size):
            found += 1
            looks.record(format_, saved=paying)
    return found


def test_looks_that_stay_in_vain_become_few() -> None:
    """The policy peeks at one object of sixteen after sixteen peeks that saved nothing."""
    looks = PeekPolicy()
    assert 16 == looked_at(looks, 16, paying=False)
    assert 10 == looked_at(looks, 160, paying=False)


def test_one_look_that_pays_brings_all_back() -> None:
    """The policy misses at most fifteen progressive files before it peeks at every object again."""
    looks = PeekPolicy()
    looked_at(looks, 100, paying=False)
    assert 100 - looked_at(looks, 100, paying=True) <= 15
    assert 16 == looked_at(looks, 16, paying=False)


def test_now_and_then_is_enough() -> None:
    """One progressive file among sixteen makes the policy peek at every object."""
    looks = PeekPolicy()
    for _ in range(100):
        assert 15 == looked_at(looks, 15, paying=False)
        assert 1 == looked_at(looks, 1, paying=True)


@pytest.mark.parametrize(("format_", "size"), [("jpeg", 5 * MIB), ("png", MIB), ("tiff", MIB), (None, MIB)])
def test_what_is_always_looked_at(format_: str | None, size: int) -> None:
    """The policy always peeks at very large files, where a peek costs little, and at all formats but JPEG."""
    looks = PeekPolicy()
    looked_at(looks, 100, paying=False)
    for _ in range(100):
        assert looks.should_peek(format_, size)
        looks.record(format_, saved=False)
