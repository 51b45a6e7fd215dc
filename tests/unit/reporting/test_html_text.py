"""Text from outside, and numbers for people."""

import doctest
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.reporting import html_text as words


class Reader(HTMLParser):
    """Reads HTML back: its tags in order, and its text."""

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
    """What the docstrings show is what the functions do."""
    failed, attempted = doctest.testmod(words)
    assert 0 == failed
    assert attempted > 5


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
        ("\udcff", "\\udcff"),
        ("שלום", "שלום"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "\\u0301\\u0301"),
    ],
)
def test_what_can_be_seen_is_shown_and_the_rest_is_spelt_out(name: str, shown: str) -> None:
    """Letters of all scripts stay; controls, direction marks, stray bytes and piles of accents are spelt out."""
    reader = Reader()
    reader.feed(words.text(name))
    assert shown == reader.text


@given(st.text())
def test_any_text_is_text_and_nothing_else(value: str) -> None:
    """No text opens a tag of its own, as element or as attribute, and all of it can be encoded."""
    reader = Reader()
    reader.feed(words.text(value))
    reader.close()
    assert {"bdi"} <= set(reader.tags) <= {"bdi", "span", "wbr"}
    assert reader.text.isprintable() or set(reader.text) & set("\u200c\u200d")
    words.text(value).encode()
    assert not set(words.attribute(value)) & set('"<>\n\r')
    words.attribute(value).encode()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 s"), (59.9, "59.9 s"), (59.96, "1:00 min"), (61, "1:01 min"), (3569, "59:29 min"), (3600, "1:00 h")],
)
def test_durations(seconds: float, said: str) -> None:
    """Seconds below a minute, minutes below an hour, then hours; no unit is ever reached by rounding alone."""
    assert said == " ".join(words.duration(seconds))


@given(st.floats(0, 10**8))
def test_a_duration_never_has_sixty_of_anything(seconds: float) -> None:
    """Neither 60 seconds nor 60 minutes are left over."""
    number, unit = words.duration(seconds)
    assert not number.endswith(":60")
    assert "h" == unit or not number.startswith("60")


@given(st.integers(0, 10**17))
def test_sizes_have_three_digits_at_most(amount: int) -> None:
    """A size is short, whatever it is."""
    number, _ = words.size(amount)
    assert len(number.replace(".", "")) <= 3


@given(st.integers(1, 10**12), st.integers(0, 10**12))
def test_nothing_is_ever_a_hundred_percent_smaller(source: int, output: int) -> None:
    """Whatever was saved, what remains is more than nothing."""
    assert "100 %" not in words.saving(source, output)
