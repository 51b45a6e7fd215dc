"""Tests of the page: its numbers are right, hostile names do no harm, and it loads nothing from elsewhere."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thumbrun.outcomes import MEANINGS, SKIPS, Outcome, Reason, Status, Tally
from thumbrun.reporting.after_failures import what_to_do
from thumbrun.reporting.content import Cell, Dollars, ReasonGroup, Report, Slow
from thumbrun.reporting.page import page
from thumbrun.reporting.work import Attempt, work_of

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

    @property
    def headings(self) -> list[str]:
        """The headings of the tiles."""
        return [text for text in self.texts.get("h3", ()) if text.endswith(("image", "images"))]


T0 = datetime(2026, 1, 1, 12, tzinfo=UTC)


def done(source: str, **more: object) -> Cell:
    """Return a cell with a thumbnail."""
    fields = {"source_bytes": 10_000, "thumbnail": PIXEL, "media_type": "image/gif", "width": 1, "height": 1}
    fields |= {"output_bytes": len(PIXEL), "format": "gif"}
    return Cell(source, source.replace("/", "-"), Status.DONE, **(fields | more))  # type: ignore[arg-type]


def refused(source: str, reason: Reason, detail: str = "") -> Cell:
    """Return a cell without a thumbnail."""
    status = Status.SKIPPED if reason in SKIPS else Status.FAILED
    return Cell(source, "", status, reason, detail, source_bytes=500, format="png")


def attempt(task: int, tasks: int, seconds: float, **more: Any) -> Attempt:
    """Return what a task did from the first second of the run on."""
    end = T0 + timedelta(seconds=seconds)
    known: dict[str, Any] = {"attempt": 0, "machine": "m", "processors": 8, "started": T0, "images": 5}
    known |= {"execution": None, "first": T0 + timedelta(seconds=0.5), "last": end}
    return Attempt(task=task, tasks=tasks, **(known | more))


def report(cells: Sequence[Cell], **more: Any) -> Report:
    """Return the report of a run of these images."""
    tally = Tally.of(
        Outcome(0, 0, cell.status, cell.reason, source_bytes=cell.source_bytes, output_bytes=cell.output_bytes)
        for cell in cells
    )
    counts = [(Status.FAILED, tally.failed), (Status.SKIPPED, tally.skipped)]
    reasons = [
        ReasonGroup(
            status, Reason(name), images, *what_to_do(Reason(name), "r"), [one for one in cells if one.reason == name]
        )
        for status, counter in counts
        for name, images in counter.most_common()
    ]
    attempts = [attempt(task, 4, 3 + task / 10) for task in range(4)]
    fields: dict[str, Any] = {
        "run_id": "1",
        "source": "gs://in/",
        "thumbnails": "gs://out/run/",
        "named": "r",
        "began": T0,
        "ended": T0 + timedelta(seconds=4.66),
        "at": T0 + timedelta(seconds=5),
        "items": len(cells),
        "bytes_there": 100_000,
        "tally": tally,
        "next_commands": [("To check:", "thumbrun verify r")],
        "reasons": reasons,
        "cells": cells,
        "attempts": attempts,
        "work": work_of(attempts),
        "settings": {"format": "keep", "include": ["*.jpg"], "limit": None},
    }
    return Report(**(fields | more))


CELLS = (
    *(refused(f"b/{number}.jpg", Reason.TRUNCATED, "cut at 7 bytes") for number in range(2)),
    refused("b/bomb.png", Reason.TOO_MANY_PIXELS),
    *(done(f"a/{number}.jpg") for number in range(6)),
    refused("b/drawing.svg", Reason.UNSUPPORTED),
)
MS = {"fetch_ms": 30, "decode_ms": 50, "encode_ms": 10, "put_ms": 10, "waiting_ms": 100}


def test_the_page_has_its_parts_in_this_order() -> None:
    """The page answers one question after the other, the most pressing first."""
    parts = Page(page(report(CELLS))).texts["h2"]
    assert [
        "What to do next",
        "4 images without a thumbnail",
        "Contact sheet",
        "Tasks against a single job",
        "Where the time went",
        "Settings",
    ] == parts


def test_headline_numbers_are_counted() -> None:
    """The header states the verdict, done, skipped and failed, time, dollars beside the estimate, and the speed-up."""
    dollars = Dollars(0.42, 0.45, [("writes", 0.4), ("transfer", None)], "2026-01-01", "")
    shown = Page(page(report(CELLS, dollars=dollars)))
    assert {
        "done of 10": "6",
        "skipped": "1",
        "failed": "3",
        "start to end": "4.7 s",
        "estimated $0.45": "$0.42",
        "times as fast as one task": "3.8 \N{MULTIPLICATION SIGN}",
        "from": "gs://in/",
        "to": "gs://out/run/",
        "began": "2026-01-01 12:00 UTC",
        "ended": "2026-01-01 12:00 UTC",
    } == shown.figures
    assert "Run 1" == shown.texts["h1"][0] == shown.texts["title"][0]
    assert "6 of 10 images have a thumbnail; 3 failed and 1 was skipped." in shown.texts["header"][0]
    assert "transfernot included" in "".join(shown.texts["tr"])


@pytest.mark.parametrize(
    ("cells", "more", "verdict"),
    [
        (CELLS[3:9], {}, "All 6 images have their thumbnails."),
        (CELLS[3:4], {}, "The image has its thumbnail."),
        (CELLS[2:4], {}, "1 of 2 images has a thumbnail; 1 failed."),
        (CELLS[:3], {}, "No image has a thumbnail; 3 failed."),
        ((), {}, "The source has no image."),
        (CELLS, {"ended": None, "items": 20}, "The run is not finished: 10 of 20 images have an outcome."),
    ],
)
def test_the_verdict_is_one_sentence(cells: Sequence[Cell], more: dict[str, Any], verdict: str) -> None:
    """The verdict fits runs of every kind, one image and none included."""
    assert verdict == report(cells, **more).verdict


def test_the_contact_sheet_of_an_unfinished_run_says_how_many_are_missing() -> None:
    """What has no outcome yet is not on the contact sheet, so it does not speak of all images."""
    shown = page(report(CELLS, ended=None, items=120))
    assert "10 of 120 images have an outcome; all of these are shown." in shown
    assert "All 10 images." in page(report(CELLS))


@pytest.mark.parametrize("tasks", [1, 2])
def test_rows_that_compare_several_tasks(tasks: int) -> None:
    """What compares several tasks is left out of the report of one."""
    attempts = [attempt(task, tasks, 3) for task in range(tasks)]
    shown = page(report(CELLS, attempts=attempts, work=work_of(attempts)))
    rows = ("Speed-up</th>", "Efficiency</th>", "Tasks that were done waited for the last one</th>")
    assert [tasks > 1] * 3 == [row in shown for row in rows]
    assert "Wall clock, while a task was at work</th>" in shown


def test_every_image_has_a_tile_of_its_status() -> None:
    """The page shows each cell once, failures first, and shows a picture only for a done cell."""
    shown = Page(page(report(CELLS)))
    assert {"done": 6, "failed": 3, "skipped": 1} == Counter(tile["class"] for tile in shown.tiles)
    assert ["failed"] * 3 == [tile["class"] for tile in shown.tiles][:3]
    pictures = shown.named("img")
    assert 6 == len(pictures)
    assert all("lazy" == picture["loading"] for picture in pictures)
    assert {f"a/{number}.jpg" for number in range(6)} == {picture["alt"] for picture in pictures}
    assert f"data:image/gif;base64,{base64.b64encode(PIXEL).decode()}" == pictures[0]["src"]


def test_what_has_no_thumbnail_is_grouped_by_reason_in_plain_words() -> None:
    """Failures come first, the most frequent reason first, each with its meaning, what to do, images and details."""
    shown = Page(page(report(CELLS)))
    assert [
        "failed2 truncated" + MEANINGS[Reason.TRUNCATED],
        "failed1 too-many-pixels" + MEANINGS[Reason.TOO_MANY_PIXELS],
        "skipped1 unsupported" + MEANINGS[Reason.UNSUPPORTED],
    ] == shown.texts["summary"][:3]
    assert "b/0.jpg" in shown.texts["details"][0]
    assert "cut at 7 bytes" in shown.texts["details"][0]
    assert "unless you replace these files" in shown.texts["details"][0]
    assert "thumbrun retry r --reason too-many-pixels --max-pixels N" in shown.texts["details"][1]


def test_the_contact_sheet_says_what_it_leaves_out() -> None:
    """A page with some of a run's images says so."""
    tally = Tally(900_000, Counter(unsupported=7), Counter(timeout=300), 10**12, 10**9)
    text = page(report(CELLS, tally=tally, items=900_307))
    assert "10 of 900,307 images: 3 of the 300 that failed, then of each folder about as many." in text


def test_where_the_time_went() -> None:
    """Shares, sums and times an image stand in a table beside the bar; the slowest images follow."""
    slow = Slow(CELLS[3], MS)
    shown = Page(page(report(CELLS, timed=10, milliseconds=MS, slowest=[slow])))
    rows = shown.texts["tr"]
    assert "Decode: decoding and scaling25 %0.050 s5 ms" in rows
    assert "a/0.jpg10.0 kB0.1 s30 ms50 ms10 ms10 ms0.1 s" in rows
    assert "thumbrun read 62.0 kB of 100 kB that are there (62 %), and wrote 204 bytes." in shown.texts["p"]


def test_an_older_ledger_has_no_times() -> None:
    """Of a run whose ledger holds neither times nor machines, the page says so."""
    old = [attempt(task, 2, 3, machine=None, processors=None, started=None) for task in range(2)]
    text = page(report(CELLS, attempts=old, work=work_of(old)))
    assert "The times of the images are not recorded." in text
    assert "The machines are not recorded." in text


def test_tasks_that_share_processors_are_told_of() -> None:
    """Where tasks shared fewer processors than they were, the page says that the ideal line ends there."""
    shared = [attempt(task, 4, 3, processors=2) for task in range(4)]
    text = page(report(CELLS, attempts=shared, work=work_of(shared)))
    assert "They shared 2 processors on 1 machine" in text
    assert "the ideal line ends there" in text


@pytest.mark.slow
def test_a_timeline_of_ten_thousand_tasks_shows_a_hundred() -> None:
    """Of many tasks the timeline shows some, and the last one to end is among them."""
    tasks = [attempt(task, 10_000, 3) for task in range(9_999)] + [attempt(9_999, 10_000, 9)]
    shown = Page(page(report(CELLS, attempts=tasks, work=work_of(tasks))))
    assert "100 of 10,000 tasks, the last one to end among them." in shown.texts["p"]
    assert "task 9,9998.5 s" in shown.texts["li"]


def test_one_task_is_compared_with_nothing() -> None:
    """The page of a single task has its timeline, and no speed-up."""
    one = [attempt(0, 1, 3), attempt(0, 1, 4, attempt=1)]
    shown = Page(page(report(CELLS, attempts=one, work=work_of(one))))
    assert "The task" in shown.texts["h2"]
    assert "It was started again once." in shown.texts["main"][0]
    assert "times as fast as one task" not in shown.figures


def test_without_trouble_there_is_no_talk_of_it() -> None:
    """A run without failures has no list of failures, and no choice of outcomes."""
    shown = Page(page(report(CELLS[3:9])))
    assert not any("without a thumbnail" in heading for heading in shown.texts["h2"])
    assert [] == shown.named("fieldset")


def test_a_run_without_images_is_a_page_too() -> None:
    """A run without images has a page, too."""
    shown = Page(page(report([], attempts=[], work=None, next_commands=[])))
    assert [] == shown.tiles
    assert "The source has no image." in shown.texts["header"][0]


def test_done_without_bytes_at_hand_has_a_tile_without_a_picture() -> None:
    """A thumbnail that was not read back has a tile with a word in place of the picture."""
    shown = Page(page(report([done("a.jpg", thumbnail=None)])))
    assert [] == shown.named("img")
    assert any("thumbnail made" in text for text in shown.texts["figure"])


@pytest.mark.parametrize(
    ("sources", "headings"),
    [
        (["a/1", "a/2", "a/3", "b/1", "b/2", "b/3"], ["a/3 images", "b/3 images"]),
        (["a/x/1", "a/y/2", "a/3", "b/1", "b/2", "4"], ["Images6 images"]),
        (
            ["a/1", "a/x/2", "a/y/3", "b/1", "b/2", "4", "5", "6", "7"],
            ["a/3 images", "b/2 images", "not in a folder4 images"],
        ),
        (["in/a/1", "in/a/2", "in/a/3"], ["in/a/3 images"]),
        (["in/a/1", "in/b/2", "in/3"], ["in/3 images"]),
        (["1"], ["Images1 image"]),
        (["/1", "/2", "//3"], ["/3 images"]),
    ],
)
def test_tiles_stand_under_their_folders(sources: list[str], headings: list[str]) -> None:
    """Folders are headings if they hold three images on average; otherwise all tiles stand together."""
    shown = Page(page(report(list(map(done, sources)))))
    assert headings == shown.headings
    assert len(sources) == len(shown.tiles)


@pytest.mark.parametrize(
    ("side", "kind"), [(0, "small"), (100, "small"), (128, "small"), (129, "medium"), (256, "medium"), (512, "large")]
)
def test_tiles_grow_with_the_thumbnails(side: int, kind: str) -> None:
    """A run of large thumbnails gets large tiles."""
    shown = Page(page(report([done("a", width=side // 2, height=side), done("b")])))
    assert f"contact {kind}" in [section.get("class") for section in shown.named("section")]


def test_only_media_types_with_alpha_get_a_checkerboard() -> None:
    """A JPEG gets no checkerboard, because it has no transparent parts."""
    cells = [done("a", media_type="image/jpeg"), done("b", media_type="image/png")]
    assert [None, "alpha"] == [picture.get("class") for picture in Page(page(report(cells))).named("img")]


def test_the_page_loads_nothing() -> None:
    """No element refers to anything outside the page, and its policy would forbid it."""
    text = page(report(CELLS))
    shown = Page(text)
    for _, attributes in shown.elements:
        assert not attributes.keys() & {"href", "srcset", "action", "poster", "style", "onclick", "onload", "onerror"}
        assert attributes.get("src", "data:image/").startswith("data:image/")
    assert not {"link", "iframe", "object", "embed", "base", "a"} & {tag for tag, _ in shown.elements}
    assert not re.search(r"https?://|@import|url\(", text)


def test_the_policy_allows_this_style_and_this_script_alone() -> None:
    """The policy allows style and script by their hashes, and neither inline handlers nor anything injected."""
    shown = Page(page(report(CELLS)))
    policy = next(meta["content"] for meta in shown.named("meta") if "http-equiv" in meta)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for tag in ("style", "script"):
        (content,) = shown.texts[tag]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" == rules[f"{tag}-src"]
    assert "'none'" == rules["default-src"] == rules["base-uri"] == rules["form-action"]
    assert "data:" == rules["img-src"]


def test_the_page_can_be_used_by_everybody() -> None:
    """The page has a language, a title, one first heading, alternative texts and names for its controls."""
    shown = Page(page(report(CELLS)))
    assert "en" == shown.named("html")[0]["lang"]
    assert 1 == len(shown.named("h1")) == len(shown.named("main")) == len(shown.named("header"))
    assert all(picture["alt"] for picture in shown.named("img"))
    assert all(control.get("aria-label") or control["type"] == "radio" for control in shown.named("input"))
    assert all(control["aria-label"] for control in shown.named("select"))
    assert "6 done, 1 skipped, 3 failed" == next(svg for svg in shown.named("svg") if "role" in svg)["aria-label"]
    assert "hidden" in shown.named("form")[0]


# Names can change the number of these: breaks, marks around escapes, folder headings.
_AS_NEEDED = {"wbr", "span", "bdi", "small", "h3", "option", "select"}
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
def test_no_name_breaks_the_page(title: str, source: str, output: str, detail: str, machine: str) -> None:
    """The page has the same elements for hostile names as for harmless ones, and its JSON can be written."""

    def elements(*texts: str) -> Counter[tuple[str, ...]]:
        title, source, output, detail, machine = texts
        cells = [
            Cell("y" + source, "", Status.FAILED, Reason.TIMEOUT, "d" + detail, "n" + detail),
            Cell("x" + source, "o" + output, Status.DONE, thumbnail=PIXEL, media_type=output),
        ]
        attempts = [attempt(task, 2, 3, machine=f"m{machine}") for task in range(2)]
        made = report(
            cells,
            run_id=title,
            source=f"s{source}",
            next_commands=[("Do:", f"thumbrun {source}")],
            attempts=attempts,
            work=work_of(attempts),
            timed=2,
            milliseconds=MS,
            slowest=[Slow(cells[0], MS)],
            settings={"include": [source]},
        )
        json.dumps(made.to_record(), ensure_ascii=False).encode()
        text = page(made)
        text.encode()
        shown = Page(text)
        assert shown.open == []
        assert all(c.isprintable() or c in "\n\u200c\u200d" for c in shown.texts["body"][0])
        return Counter((tag, *sorted(attributes)) for tag, attributes in shown.elements if tag not in _AS_NEEDED)

    assert elements("t", "a", "o", "d", "m") == elements(title, source, output, detail, machine)
