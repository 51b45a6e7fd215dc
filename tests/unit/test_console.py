"""Tests of what makes texts fit to be shown."""

import doctest

from hypothesis import given
from hypothesis import strategies as st

from thumbrun import console

NAMES = st.binary(max_size=40).map(lambda name: name.decode("utf-8", "surrogateescape")) | st.text(max_size=40)


def test_the_examples_hold() -> None:
    """The examples in the docstrings are right."""
    failed, attempted = doctest.testmod(console)
    assert 0 == failed
    assert attempted >= 9


@given(NAMES)
def test_a_name_has_one_spelling(name: str) -> None:
    """In quotes and without them, what cannot be shown is escaped alike; backslashes are doubled in quotes."""
    plain = name.replace("\\", "")
    assert console.printable(plain) == console.quoted(plain, 1000)[1:-1].replace("\\'", "'")
