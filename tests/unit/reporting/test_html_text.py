"""Tests of text from outside as HTML."""

import doctest
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.reporting import html_text


class Reader(HTMLParser):
    """A parser that reads HTML back: its tags in order, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text += data


def test_the_examples_hold() -> None:
    """The examples in the docstrings are right."""
    failed, attempted = doctest.testmod(html_text)
    assert 0 == failed
    assert 2 == attempted


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain name.jpg", "plain name.jpg"),
        ("été 富士山 🎈.jpg", "été 富士山 🎈.jpg"),
        ("👩\u200d👩\u200d👧.jpg", "👩\u200d👩\u200d👧.jpg"),
        ("a\nb\tc\0d", "a\\nb\\tc\\x00d"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u2066x\u2069\u200f", "\\u2066x\\u2069\\u200f"),
        ("\u2028\ufeff\u200b", "\\u2028\\ufeff\\u200b"),
        ("\udcff", "\\xff"),
        ("שלום", "שלום"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "\\u0301\\u0301"),
        *(("e" + mark * 5, "e" + mark * 4 + f"\\u{ord(mark):04x}") for mark in "\u20dd\u0489\ufe0f\u0e47\u0903"),
        ("e" + "\u0301\u200d" * 5, "e" + "\u0301\u200d" * 4 + "\\u0301\\u200d"),
    ],
)
def test_what_can_be_seen_is_shown_and_the_rest_is_spelt_out(name: str, shown: str) -> None:
    """Letters of all scripts stay; controls, direction marks, stray bytes and piles of accents are spelt out."""
    reader = Reader()
    reader.feed(html_text.text(name))
    assert shown == reader.text


@given(st.text())
def test_any_text_is_text_and_nothing_else(value: str) -> None:
    """No text opens a tag, in an element or an attribute, and any text can be encoded."""
    reader = Reader()
    reader.feed(html_text.text(value))
    reader.close()
    assert {"bdi"} <= set(reader.tags) <= {"bdi", "span", "wbr"}
    assert reader.text.isprintable() or set(reader.text) & set("\u200c\u200d")
    html_text.text(value).encode()
    assert not set(html_text.attribute(value)) & set('"<>\n\r')
    html_text.attribute(value).encode()
