"""Tests when thumbrun peeks at an object's first bytes before it reads the rest."""

import pytest

from thumbrun.task.peek_policy import PeekPolicy

MIB = 1 << 20


def peeked_at(policy: PeekPolicy, count: int, *, saving: bool, format_: str = "jpeg", size: int = MIB) -> int:
    """Ask about a number of objects, one by one; return how many of them to peek at."""
    found = 0
    for _ in range(count):
        if policy.should_peek(format_, size):
            found += 1
            policy.record(format_, saved=saving)
    return found


def test_looks_that_stay_in_vain_become_few() -> None:
    """The policy peeks at one object of sixteen after sixteen peeks that saved nothing."""
    policy = PeekPolicy()
    assert 16 == peeked_at(policy, 16, saving=False)
    assert 10 == peeked_at(policy, 160, saving=False)


def test_one_look_that_pays_brings_all_back() -> None:
    """The policy misses at most fifteen progressive files before it peeks at every object again."""
    policy = PeekPolicy()
    peeked_at(policy, 100, saving=False)
    assert 100 - peeked_at(policy, 100, saving=True) <= 15
    assert 16 == peeked_at(policy, 16, saving=False)


def test_now_and_then_is_enough() -> None:
    """One progressive file among sixteen makes the policy peek at every object."""
    policy = PeekPolicy()
    for _ in range(100):
        assert 15 == peeked_at(policy, 15, saving=False)
        assert 1 == peeked_at(policy, 1, saving=True)


@pytest.mark.parametrize(("format_", "size"), [("jpeg", 5 * MIB), ("png", MIB), ("tiff", MIB), (None, MIB)])
def test_what_is_always_looked_at(format_: str | None, size: int) -> None:
    """The policy always peeks at very large files, where a peek costs little, and at all formats but JPEG."""
    policy = PeekPolicy()
    peeked_at(policy, 100, saving=False)
    for _ in range(100):
        assert policy.should_peek(format_, size)
        policy.record(format_, saved=False)
