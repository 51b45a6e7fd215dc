"""The contact sheet: counts, hostile names, and nothing from elsewhere."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.outcomes import MEANINGS, Reason, Status
from thumbrun.report.contact_sheet import Cell, contact_sheet

CELLS = [
    Cell("a.jpg", "a.jpg", Status.DONE, source_bytes=5_000, thumbnail=b"\xff\xd8", note="a note"),
    Cell("b.jpg", "b.jpg", Status.DONE, source_bytes=5_000, thumbnail=b"\xff\xd8"),
    Cell("c.svg", "c.svg", Status.SKIPPED, Reason.UNSUPPORTED),
    Cell("d.jpg", "d.jpg", Status.FAILED, Reason.TRUNCATED, "cut"),
]


class Page(HTMLParser):
    """Collects a page's elements, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Take text."""
        self.text += data


def test_the_page_says_what_came_of_every_image() -> None:
    """Done images are shown, the others listed with their reason in plain words, and all are counted."""
    page = Page(contact_sheet("Run", [("source", "gs://b/in/")], CELLS))
    assert 2 == page.elements.count("img")
    assert {"2 thumbnails", "1 skipped", "1 failed", "2,500 times smaller"} == set(
        re.findall(r"[\d,]+ (?:thumbnails|skipped|failed|times smaller)", page.text)
    )
    for words in (
        "a note",
        "gs://b/in/",
        MEANINGS[Reason.TRUNCATED],
        "failed: truncated",
        "skipped: unsupported",
        "cut",
    ):
        assert words in page.text


def test_the_page_loads_nothing() -> None:
    """Nothing on the page comes from elsewhere, and its policy would not let it."""
    page = contact_sheet("Run", [], CELLS)
    assert {"data:"} == set(re.findall(r"""(?:src|href)="(.{5})""", page))
    assert "url(" not in page
    assert "<script" not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("status", [Status.DONE, Status.FAILED])
@given(
    name=st.text(min_size=1)
    | st.sampled_from(["<script>alert(1)</script>", "\"'><img src=x>", "a\u202egpj.exe", "\x1b[2J\0"])
)
def test_names_are_text_and_nothing_else(status: Status, name: str) -> None:
    """Whatever a name holds, the page has the same elements and attributes as with a harmless one."""

    def page(word: str) -> Page:
        cell = Cell(word, word, status, Reason.TRUNCATED if status is Status.FAILED else None, word, word, 1, b"x")
        return Page(contact_sheet(word, [(word, word)], [cell]))

    hostile, harmless = page(name), page("a.jpg")
    assert harmless.elements == hostile.elements
    assert [key for key, _ in harmless.attributes] == [key for key, _ in hostile.attributes]
    assert all(c.isprintable() or c == "\n" for c in hostile.text.partition("</style>")[0])
