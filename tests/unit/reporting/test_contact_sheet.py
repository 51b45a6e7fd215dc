"""Tests of the contact sheet: its numbers are right, hostile names do no harm, and it loads nothing from elsewhere."""

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thumbrun.reporting.contact_sheet import contact_sheet

from thumbrun.outcomes import MEANINGS, SKIPS, Reason, Status, Tally
from thumbrun.reporting.content import Cell, RunDetails

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==")
VOID = {"meta", "img", "input", "wbr"}


class Page(HTMLParser):
    """A page as a browser would read it: the elements in order, their texts, and their nesting."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element, which stays open unless it is void."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element of SVG that closes itself."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must have that name."""
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        """Add text to all open elements."""
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def named(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def tiles(self) -> list[dict[str, str]]:
        """The attributes of all tiles."""
        return [attributes for attributes in self.named("li") if "title" in attributes]

    @property
    def figures(self) -> dict[str, str]:
        """The headline numbers by their word."""
        return dict(zip(self.texts["dt"], self.texts["dd"], strict=True))


def done(source: str, **more: object) -> Cell:
    """Return a cell with a thumbnail."""
    fields = {"source_bytes": 10_000, "thumbnail": PIXEL, "media_type": "image/gif", "width": 1, "height": 1}
    return Cell(source, source.replace("/", "-"), Status.DONE, **(fields | more))  # type: ignore[arg-type]


def refused(source: str, reason: Reason, detail: str = "") -> Cell:
    """Return a cell without a thumbnail."""
    status = Status.SKIPPED if reason in SKIPS else Status.FAILED
    return Cell(source, "", status, reason, detail, source_bytes=500)


FACTS = RunDetails(
    source="gs://in/", thumbnails="gs://out/run/", tasks=4, seconds=4.66, started="today", recipe="small"
)
CELLS = (
    *(done(f"a/{number}.jpg") for number in range(6)),
    *(refused(f"b/{number}.jpg", Reason.TRUNCATED, "cut at 7 bytes") for number in range(2)),
    refused("b/bomb.png", Reason.TOO_MANY_PIXELS),
    refused("b/drawing.svg", Reason.UNSUPPORTED),
)


def test_headline_numbers_are_counted() -> None:
    """The header states images, done, skipped, failed, bytes, time and tasks."""
    page = Page(contact_sheet("Run 1", FACTS, CELLS))
    assert {
        "images": "10",
        "done": "6",
        "skipped": "1",
        "failed": "3",
        "of images": "62.0 kB",
        "of thumbnails": "204 bytes",
        "start to end": "4.7 s",
        "tasks": "4",
        "from": "gs://in/",
        "to": "gs://out/run/",
        "recipe": "small",
        "started": "today",
    } == page.figures
    assert "Run 1" == page.texts["h1"][0] == page.texts["title"][0]
    assert "6 thumbnails of 10 images by 4 tasks in 4.7 s." in page.texts["header"][0]


def test_how_much_smaller_counts_the_images_that_have_a_thumbnail() -> None:
    """A huge image that failed does not make the thumbnails look smaller."""
    cells = [done("a.jpg", source_bytes=1000, output_bytes=500), refused("b.jpg", Reason.TRUNCATED)]
    page = Page(contact_sheet("t", RunDetails(), cells))
    assert "50\xa0% smaller" in page.texts["header"][0]


def test_with_a_tally_the_numbers_are_the_run_s() -> None:
    """A page with some of a run's images still states the whole run's numbers, and says so."""
    tally = Tally(900_000, Counter(unsupported=7), Counter(timeout=3), 10**12, 10**9)
    page = Page(contact_sheet("t", RunDetails(tally=tally), CELLS))
    assert "900,010" == page.figures["images"]
    assert "1.0 TB" == page.figures["of images"]
    assert "This page shows 10 of them." in page.texts["header"][0]


def test_every_image_has_a_tile_of_its_status() -> None:
    """The page shows each cell once, and shows a picture only for a done cell."""
    page = Page(contact_sheet("t", FACTS, CELLS))
    assert {"done": 6, "failed": 3, "skipped": 1} == Counter(tile["class"] for tile in page.tiles)
    pictures = page.named("img")
    assert 6 == len(pictures)
    assert all("lazy" == picture["loading"] for picture in pictures)
    assert {f"a/{number}.jpg" for number in range(6)} == {picture["alt"] for picture in pictures}
    assert f"data:image/gif;base64,{base64.b64encode(PIXEL).decode()}" == pictures[0]["src"]


def test_what_has_no_thumbnail_is_grouped_by_reason_in_plain_words() -> None:
    """Failures come first, the most frequent reason first, each with its meaning, images and details."""
    page = Page(contact_sheet("t", FACTS, CELLS))
    heads = page.texts["summary"]
    assert [
        "failed2 truncated" + MEANINGS[Reason.TRUNCATED],
        "failed1 too-many-pixels" + MEANINGS[Reason.TOO_MANY_PIXELS],
        "skipped1 unsupported" + MEANINGS[Reason.UNSUPPORTED],
    ] == heads
    assert "b/0.jpg" in page.texts["details"][0]
    assert "cut at 7 bytes" in page.texts["details"][0]
    assert "4 images without a thumbnail" == page.texts["h2"][0]


def test_without_trouble_there_is_no_talk_of_it() -> None:
    """A run without failures shows only thumbnails."""
    page = Page(contact_sheet("t", FACTS, CELLS[:6]))
    assert [] == page.named("details")
    assert "h2" not in page.texts
    assert [] == page.named("fieldset")


def test_a_run_without_images_is_a_page_too() -> None:
    """A run without images has a page, too."""
    page = Page(contact_sheet("t", RunDetails(), []))
    assert [] == page.tiles
    assert "0 thumbnails of 0 images." in page.texts["header"][0]


def test_done_without_bytes_at_hand_has_a_tile_without_a_picture() -> None:
    """A thumbnail that was not read back has a tile with a word in place of the picture."""
    page = Page(contact_sheet("t", RunDetails(), [done("a.jpg", thumbnail=None, output_bytes=9)]))
    assert [] == page.named("img")
    assert "9 bytes" == page.figures["of thumbnails"]
    assert "thumbnail made" in page.texts["figure"][0]


@pytest.mark.parametrize(
    ("sources", "headings"),
    [
        (["a/1", "a/2", "a/3", "b/1", "b/2", "b/3"], ["a/3 images", "b/3 images"]),
        (["a/x/1", "a/y/2", "a/3", "b/1", "b/2", "4"], ["Images"]),
        (
            ["a/1", "a/x/2", "a/y/3", "b/1", "b/2", "4", "5", "6", "7"],
            ["a/3 images", "b/2 images", "not in a folder4 images"],
        ),
        (["in/a/1", "in/a/2", "in/a/3"], ["in/a/3 images"]),
        (["in/a/1", "in/b/2", "in/3"], ["in/3 images"]),
        (["in/a/1", "in/a/2", "in/a/3", "in/b/1", "in/b/2", "in/b/3"], ["in/a/3 images", "in/b/3 images"]),
        (["1"], ["Images"]),
        (["/1", "/2", "//3"], ["/3 images"]),
    ],
)
def test_tiles_stand_under_their_folders(sources: list[str], headings: list[str]) -> None:
    """Folders are headings if they hold three images on average; otherwise all tiles stand together."""
    page = Page(contact_sheet("t", RunDetails(), map(done, sources)))
    assert headings == page.texts["h3"]
    assert len(sources) == len(page.tiles)


@pytest.mark.parametrize(
    ("side", "kind"), [(0, "small"), (100, "small"), (128, "small"), (129, "medium"), (256, "medium"), (512, "large")]
)
def test_tiles_grow_with_the_thumbnails(side: int, kind: str) -> None:
    """A run of large thumbnails gets large tiles."""
    page = Page(contact_sheet("t", RunDetails(), [done("a", width=side // 2, height=side), done("b")]))
    assert kind == page.named("main")[0]["class"]


def test_only_media_types_with_alpha_get_a_checkerboard() -> None:
    """A JPEG gets no checkerboard, because it has no transparent parts."""
    cells = [done("a", media_type="image/jpeg"), done("b", media_type="image/png")]
    page = Page(contact_sheet("t", RunDetails(), cells))
    assert [None, "alpha"] == [picture.get("class") for picture in page.named("img")]


def test_the_page_loads_nothing() -> None:
    """No element refers to anything outside the page, and its policy would forbid it."""
    text = contact_sheet("t", FACTS, CELLS)
    page = Page(text)
    for _, attributes in page.elements:
        assert not attributes.keys() & {"href", "srcset", "action", "poster", "style", "onclick", "onload", "onerror"}
        assert attributes.get("src", "data:image/").startswith("data:image/")
    assert not {"link", "iframe", "object", "embed", "base", "a"} & {tag for tag, _ in page.elements}
    assert not re.search(r"https?://|@import|url\(", text)


def test_the_policy_allows_this_style_and_this_script_alone() -> None:
    """The policy allows style and script by their hashes, and neither inline handlers nor anything injected."""
    page = Page(contact_sheet("t", FACTS, CELLS))
    policy = next(meta["content"] for meta in page.named("meta") if "http-equiv" in meta)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for tag in ("style", "script"):
        (content,) = page.texts[tag]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" == rules[f"{tag}-src"]
    assert "'none'" == rules["default-src"] == rules["base-uri"] == rules["form-action"]
    assert "data:" == rules["img-src"]


def test_the_page_can_be_used_by_everybody() -> None:
    """The page has a language, a title, one first heading, alternative texts and names for its controls."""
    page = Page(contact_sheet("t", FACTS, CELLS))
    assert "en" == page.named("html")[0]["lang"]
    assert 1 == len(page.named("h1")) == len(page.named("main")) == len(page.named("header"))
    assert all(picture["alt"] for picture in page.named("img"))
    assert all(control.get("aria-label") or control["type"] == "radio" for control in page.named("input"))
    assert "6 done, 1 skipped, 3 failed" == next(svg for svg in page.named("svg") if "role" in svg)["aria-label"]
    assert "hidden" in page.named("form")[0]


# Names can change the number of these: breaks, marks around escapes, folder headings.
_AS_NEEDED = {"wbr", "span", "bdi", "small", "h3"}
HOSTILE = st.one_of(
    st.text(max_size=20),
    st.text("<>\"'&/!-=`{}\\ \n\r\0\u202e\u2028\udcffa;:", max_size=20),
    st.sampled_from(
        (
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "</style></script></title><b>",
            "--><!--",
            "{title}{script}%s$name",
            "]]>&#60;b&gt;",
            "javascript:alert(1)",
        )
    ),
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_name_breaks_the_page(title: str, source: str, output: str, detail: str, note: str) -> None:
    """The page has the same elements for hostile names as for harmless ones."""

    def elements(*texts: str) -> Counter[tuple[str, ...]]:
        title, source, output, detail, note = texts
        cells = [
            Cell("x" + source, output, Status.DONE, None, "", note, thumbnail=PIXEL, media_type=output),
            Cell("y" + source, output, Status.FAILED, Reason.TIMEOUT, "d" + detail, "n" + note),
        ]
        text = contact_sheet(title, RunDetails(source=f"s{source}", more=[(note, f"m{detail}")]), cells)
        text.encode()
        page = Page(text)
        assert page.open == []
        assert all(c.isprintable() or c in "\n\u200c\u200d" for c in page.texts["body"][0])
        return Counter((tag, *sorted(attributes)) for tag, attributes in page.elements if tag not in _AS_NEEDED)

    assert elements("t", "a", "o", "d", "n") == elements(title, source, output, detail, note)
