"""Tests of reports of real runs: made by the task that finishes last, and by `thumbrun report`."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from tests.e2e.tasks import ROOT, Tasks, clean_environment
from tests.photographs import photographs
from thumbrun.demo.emulator import Emulator
from thumbrun.imaging.looks.dominant_colour import dominant_colour
from thumbrun.imaging.looks.placeholder import placeholder
from thumbrun.imaging.render import thumbnail_pixels
from thumbrun.runs.object_metadata import SOURCE_MARK, ThumbnailMarks

RECORDS = "_thumbrun/runs/one"
BODY = next(iter(photographs().values()))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder with photographs in two folders, a broken one, and one of a format that is not read."""
    folder = tmp_path / "in"
    for name in ("alps/1.jpg", "alps/2.jpg", "sea/3.jpg", "sea/=4.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(BODY)
    (folder / "sea/secret-name.jpg").write_bytes(BODY[:2000])
    (folder / "drawing.svg").write_text("<svg/>")
    return folder


def ran(tasks: Tasks, *arguments: str, code: int = 0) -> str:
    """Run a command to its end, and return what it printed."""
    asked = tasks.command(*arguments)
    assert code == asked.wait(), asked.output()
    return asked.output()


def check(record: dict[str, Any]) -> None:
    """Check that a record has the form that docs/report.schema.json states."""
    schema = json.loads((ROOT / "docs/report.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert [] == [error.message for error in Draft202012Validator(schema).iter_errors(record)]


def test_the_task_that_finishes_last_makes_the_report(tasks: Tasks, emulator: Emulator) -> None:
    """Page and JSON lie beside the summary, and those of a later round beside its own."""
    emulator.create_bucket("pics")
    for number in range(12):
        emulator.put("pics", f"in/{number}.jpg", BODY)
    emulator.put("pics", "in/broken.jpg", BODY[:2000])
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url)
    run = tasks.command("run", "gs://pics/in", "--tasks", "2", "--run-id", "one", environment=environment)
    assert 0 == run.wait(), run.output()
    assert "To see the report: thumbrun report gs://pics/one/ --open" in run.output()
    assert "Report: " not in run.output()
    record = json.loads(emulator.read("pics", f"{RECORDS}/report.json"))
    check(record)
    assert (13, 12, {"truncated": 1}) == tuple(record[key] for key in ("items", "done", "failed"))
    assert [0, 1] == sorted({attempt["task"] for attempt in record["tasks"]})
    assert 12 == sum(image["shown"] for image in record["images"])
    assert record["times"]["images"] == 13
    assert 0 < record["dollars"]["usd"] < 0.01
    page = emulator.read("pics", f"{RECORDS}/report.html").decode()
    assert 12 == page.count("<img ")
    assert "12 of 13 images have a thumbnail; 1 failed." in page
    emulator.put("pics", "in/broken.jpg", BODY)  # so the first retry has one image to make, and the second has none
    retry = tasks.command("retry", "gs://pics/one", environment=environment)
    assert 0 == retry.wait(), retry.output()
    record = json.loads(emulator.read("pics", f"{RECORDS}/summaries/0000001.report.json"))
    check(record)
    assert 1 == record["round"] == len(record["tasks"])
    assert "Run one, round 1" in emulator.read("pics", f"{RECORDS}/summaries/0000001.report.html").decode()
    retry = tasks.command("retry", "gs://pics/one", environment=environment)
    assert 0 == retry.wait(), retry.output()
    again = json.loads(emulator.read("pics", f"{RECORDS}/summaries/0000002.report.json"))
    check(again)
    assert (record["tasks"], record["work"]) == (again["tasks"], again["work"])
    verify = tasks.command("verify", "gs://pics/one", environment=environment)
    assert 0 == verify.wait(), verify.output()


@pytest.mark.slow
def test_a_report_can_be_turned_off_and_made_later(tasks: Tasks, source: Path, tmp_path: Path) -> None:
    """With --no-report a run leaves none; the command makes one in a local file, and replaces only its own."""
    out = tmp_path / "out"
    said = ran(tasks, "run", str(source), "--output", str(out), "--run-id", "one", "--no-report")
    assert "Report:" not in said
    assert [] == list((out / RECORDS).glob("report*"))
    page = tmp_path / "page.html"
    for _ in range(2):
        assert f"Report: {page.as_uri()}" in ran(tasks, "report", str(out / "one"), "--out", str(page))
    assert "4 of 6 images have a thumbnail; 1 failed and 1 was skipped." in page.read_text("utf-8")
    page.write_text("my own")
    said = ran(tasks, "report", str(out / "one"), "--out", str(page), code=2)
    assert "a file that is no report of thumbrun" in said
    assert "my own" == page.read_text()
    assert [] == list((out / RECORDS).glob("report*"))


def test_a_machine_without_a_browser(tasks: Tasks, source: Path, tmp_path: Path) -> None:
    """The page is made and named, and the command succeeds, if there is no browser to open it."""
    out, page = tmp_path / "out", tmp_path / "page.html"
    ran(tasks, "run", str(source), "--output", str(out), "--run-id", "one", "--no-report")
    environment = clean_environment(BROWSER="/nonexistent/browser")
    asked = tasks.command("report", str(out / "one"), "--out", str(page), "--open", environment=environment)
    assert 0 == asked.wait(), asked.output()
    assert f"Report: {page.as_uri()} (no browser was found here to open it)" in asked.output()
    assert page.exists()


def test_the_ledger_as_a_table(tasks: Tasks, source: Path, tmp_path: Path) -> None:
    """The table has a row for each image; no cell begins like a formula, because source and output are whole URIs."""
    out = tmp_path / "out"
    options = ("--layout", "tree", "--placeholder", "thumbhash")
    ran(tasks, "run", str(source), "--output", str(out), "--run-id", "one", *options)
    rows = list(csv.DictReader(io.StringIO(ran(tasks, "report", str(out / "one"), "--csv"))))
    by_source = {row["source"]: row for row in rows}
    assert {path.as_uri() for path in source.rglob("*.*") if path.name != "=4.jpg"} < by_source.keys()
    row = by_source[f"{source.as_uri()}/sea/=4.jpg"]
    assert f"{out.as_uri()}/one/sea/=4.jpg" == row["output"]
    assert ("done", "", str(len(BODY))) == (row["outcome"], row["reason"], row["source_bytes"])
    made = (out / "one/sea/=4.jpg").stat().st_size
    assert (str(made), "100") == (row["output_bytes"], max(row["width"], row["height"], key=int))
    with Image.open(io.BytesIO(BODY)) as image:
        assert tuple(map(str, image.size)) == (row["source_width"], row["source_height"])
    pixels = thumbnail_pixels(BODY, 100, 100)
    assert (dominant_colour(pixels), placeholder(pixels, "thumbhash")) == (row["colour"], row["placeholder"])
    told = json.loads(ran(tasks, "report", str(out / "one"), "--json"))
    check(told)
    (cell,) = (one for one in told["images"] if one["source"] == "sea/=4.jpg")
    keys = ("source_width", "source_height", "colour", "placeholder")
    assert [row[key] for key in keys] == [str(cell[key]) for key in keys]
    failed = by_source[f"{source.as_uri()}/sea/secret-name.jpg"]
    assert ("", "failed", "truncated", "0", *[""] * 5) == tuple(
        failed[key] for key in ("output", "outcome", "reason", "output_bytes", "width", *keys)
    )
    assert not any(cell[:1] in "=+-@\t\r" for row in rows for cell in row.values() if cell)


def test_the_report_of_a_run_that_is_not_finished(tasks: Tasks, source: Path, tmp_path: Path) -> None:
    """A run that one of two tasks has left is reported as it is, with the command that continues it."""
    out = tmp_path / "out"
    variables = {"INPUT_FOLDER": source.as_uri(), "OUTPUT_BUCKET": out.as_uri(), "THUMBRUN_RUN_ID": "one"}
    task = tasks.start(clean_environment(TASK_INDEX="0", TASK_COUNT="2", TASK_EXECUTION="e", **variables))
    assert 0 == task.wait(), task.output()
    record = json.loads(ran(tasks, "report", str(out / "one"), "--json"))
    check(record)
    assert record["ended"] is None
    assert record["verdict"].startswith("The run is not finished: ")
    assert f"thumbrun run --resume {out}/one/" == record["next"][0]["command"]


def test_private_names_stand_nowhere(tasks: Tasks, source: Path, tmp_path: Path) -> None:
    """With source-metadata=hash neither page nor JSON holds the name of an image; a hash tells which one it is."""
    out = tmp_path / "out"
    flags = ("--run-id", "one", "--source-metadata", "hash", "--layout", "tree")
    ran(tasks, "run", str(source), "--output", str(out), *flags)
    page, text = ((out / RECORDS / f"report.{ending}").read_text("utf-8") for ending in ("html", "json"))
    for part in ("secret-name", "drawing", "alps", "sea/", "1.jpg"):
        assert part not in page
        assert part not in text
    assert "Names are private in this run" in page
    record = json.loads(text)
    check(record)
    mark = ThumbnailMarks("one", "r", hash_source=True).of(f"{source.as_uri()}/alps/1.jpg", "1")[SOURCE_MARK]
    assert mark[:16] in {image["source"] for image in record["images"]}


def test_a_report_that_cannot_be_made_fails_no_run(tasks: Tasks, source: Path, tmp_path: Path) -> None:
    """A folder in the way of the report is a warning that names the command, and the run ends with 0."""
    out = tmp_path / "out"
    (out / RECORDS / "report.begun").mkdir(parents=True)
    said = ran(tasks, "run", str(source), "--output", str(out), "--run-id", "one")
    assert "There is no report, because of this:" in said
    assert "thumbrun report" in said
    assert "The run is complete" in said


@pytest.mark.slow
def test_a_death_while_it_is_made_is_not_tried_twice(tasks: Tasks, source: Path, tmp_path: Path) -> None:
    """After a task died between the record that it begins and the report, no other one tries it; the command can."""
    out = tmp_path / "out"
    ran(tasks, "run", str(source), "--output", str(out), "--run-id", "one")
    for name in ("summary.json", "report.html", "report.json"):  # as if it had died before it wrote these
        (out / RECORDS / name).unlink()
    said = ran(tasks, "run", "--resume", str(out / "one"))
    assert "The run is complete" in said
    assert ["report.begun"] == [path.name for path in (out / RECORDS).glob("report*")]
    ran(tasks, "report", str(out / "one"), "--out", str(tmp_path / "page.html"))


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (("--csv", "--json"), "--json and --csv cannot go together"),
        (("--csv", "--out", "x.csv"), "--out and --open are for the page"),
        (("--out", "no-such/page.html"), "there is no folder 'no-such'"),
        (("--out", "."), "which cannot be a file"),
    ],
)
def test_wrong_flags(tasks: Tasks, flags: tuple[str, ...], problem: str) -> None:
    """What is wrong with the flags is said before any run is looked for, with exit code 2."""
    assert problem in ran(tasks, "report", "some/run", *flags, code=2)
