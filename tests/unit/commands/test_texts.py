"""What commands print, with zero, one and several of everything that they count."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.logs.clocks import HandClock
from tests.unit.logs.test_events import Heard
from thumbrun.commands.list_runs import runs_text
from thumbrun.commands.plan import preview_text
from thumbrun.commands.status import status_text
from thumbrun.commands.summary import say_run, task_text
from thumbrun.ledger.status import RunStatus, State
from thumbrun.logs.events import Events
from thumbrun.outcomes import Tally
from thumbrun.task.task_result import TaskResult
from thumbrun.verification.findings import Finding, FindingKind, Found, verified_text


def preview(images: int, tasks: int = 1, **other: Any) -> str:
    """Return the preview of a plan with so many images of 1,000 bytes, one a shard."""
    kinds = {"image": {"objects": images, "bytes": 1000 * images, "types": {"jpeg": images}}} if images else {}
    return preview_text(
        {
            "source": "gs://b/in/",
            "output": "gs://b/",
            "sizes": ["100x100"],
            "items": images,
            "bytes": 1000 * images,
            "seen": {"kinds": kinds, "cold_bytes": {}},
            "collisions": 0,
            "renamed": [],
            "shards": images,
            "tasks": [{"cost_seconds": float(images)} for _ in range(tasks)],
        }
        | other
    )


def test_a_plan_of_nothing() -> None:
    """An empty source is said to be empty, and nothing would go anywhere."""
    assert "gs://b/in/ is empty." == preview(0)
    shut = {"parts": 1, "named": [{"name": "a/", "detail": "/in/a/: permission denied"}]}
    assert "thumbrun cannot list 1 part of the source, and leaves out what it holds: /in/a/: permission denied" == (
        preview(0, seen={"kinds": {}, "cold_bytes": {}, "unlisted": shut})
    )
    papers = {"kinds": {"not an image": {"objects": 1, "bytes": 1, "types": {"text/plain": 1}}}, "cold_bytes": {}}
    lines = preview(0, seen=papers).splitlines()
    assert "gs://b/in/ holds no image: 1 object is not an image." == lines[0]
    assert ["1", "not", "an", "image", "1", "byte", "1", "text/plain"] == lines[2].split()


@pytest.mark.parametrize(
    ("images", "tasks", "first", "last"),
    [
        (1, 1, "gs://b/in/ holds 1 image, 1.0 kB.", "1 shard for 1 task."),
        (
            2000,
            2,
            "gs://b/in/ holds 2,000 images, 2.0 MB.",
            "2,000 shards for 2 tasks. The task with the most work has 1.00 times the average.",
        ),
    ],
)
def test_a_plan_of_one_and_of_many(images: int, tasks: int, first: str, last: str) -> None:
    """Images, shards and tasks are counted in the singular and the plural."""
    lines = preview(images, tasks).splitlines()
    assert first == lines[0]
    assert last == lines[-1]


def test_a_plan_with_sizes_kinds_and_collisions() -> None:
    """Each size has its folder, kinds that are not plain say what would happen, and one collision is shown."""
    text = preview(
        2,
        sizes=["400x400", "100x100"],
        seen={
            "kinds": {
                "unsupported": {"objects": 1, "bytes": 9, "types": {"image/svg+xml": 1}},
                "unsettled": {"objects": 1, "bytes": 9, "types": {".bin": 1}},
            },
            "cold_bytes": {"NEARLINE": 1},
        },
        layout="flat",
        collisions=2,
        renamed=[{"source": "in/a.jpg", "output": "a-0123456789.jpg"}],
    )
    assert "Thumbnails would go to gs://b/<run id>/, in 2 folders: 400x400/, 100x100/." in text
    assert "unsupported, would be skipped" in text
    assert "unknown, would be opened" in text
    assert "Cloud Storage charges a retrieval fee for reading 1 byte in NEARLINE." in text
    assert "2 thumbnails would share a name, so each gets a hash of its path in the name. For example:\n  in/a" in text
    assert "\n--layout tree keeps the folders of the source" in text


def test_a_plan_with_a_limit_or_hidden_images() -> None:
    """A limit is named, because nobody knows what else the source holds; hidden images are counted."""
    assert preview(1, limit=1).startswith("A run would take the first 1 image of gs://b/in/, 1.0 kB (--limit).")
    assert preview(1, limit=2).startswith("gs://b/in/ holds 1 image, ")
    for number, said in ((1, "1 image is hidden: its path has a name"), (2, "2 images are hidden: their paths have")):
        kinds = {"image": {"objects": 2, "bytes": 2, "types": {"jpeg": 2}}}
        assert said in preview(2, seen={"kinds": kinds, "cold_bytes": {}, "hidden": number})


def verified(items: int, *findings: FindingKind) -> str:
    """Return the text of a check of so many items, one a shard, with findings."""
    result = Found("r", "gs://b/in/", "gs://b/r/", "gs://b/_thumbrun/runs/r/", opened=True)
    result.items = result.shards = result.objects = items
    result.tally = Tally(done=items)
    for kind in findings:
        result.add(Finding(kind))
    return verified_text(result.result(), f"{items:,} done").splitlines()[0]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (0, "Run r: 0 items in 0 shards, 0 done. gs://b/r/ holds 0 objects."),
        (1, "Run r: 1 item in 1 shard, 1 done. gs://b/r/ holds 1 object."),
        (2000, "Run r: 2,000 items in 2,000 shards, 2,000 done. gs://b/r/ holds 2,000 objects."),
    ],
)
def test_a_check_counts_items(items: int, expected: str) -> None:
    """Items, shards and objects are counted in the singular and the plural."""
    assert expected == verified(items)


@pytest.mark.parametrize("kind", [FindingKind.NO_PLAN, FindingKind.BAD_RECORD])
def test_a_check_without_a_plan_counts_nothing(kind: FindingKind) -> None:
    """Nobody claims that the folder is empty if it was not listed; one bad record among others hides no counts."""
    assert "Run r: thumbrun found no plan that it can read, so it checked nothing." == verified(0, kind)
    assert verified(1, FindingKind.BAD_RECORD).startswith("Run r: 1 item in")


@pytest.mark.parametrize(
    ("worked", "own", "expected"),
    [
        (0, 0, "This task had no image left to work on"),
        (0, 1, "This task had no image left to work on: it had an outcome before"),
        (0, 2000, "This task had no image left to work on: all 2,000 had an outcome before"),
        (2, 2, "This task: 2 done. It read 2.0 kB and wrote 200 bytes in 4.0 s, 0.5 images a second"),
        (
            1,
            2,
            "This task: 1 done (1 image had an outcome before). It read 1.0 kB and wrote 100 bytes in 4.0 s",
        ),
    ],
)
def test_a_task_tells_its_own_work(worked: int, own: int, expected: str) -> None:
    """A task counts what it worked itself, so that one that continues a finished run claims no bytes read."""
    result = TaskResult("r", "gs://b/r/", tally(own), None, 4.0, False, "gs://b/r/", tally(worked))
    assert expected == task_text(result).removesuffix(", 0.2 images a second")


def tally(done: int) -> Tally:
    """Return a tally of images of 1,000 bytes."""
    return Tally(done, source_bytes=1000 * done, output_bytes=100 * done)


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        (0, ["To check the run: thumbrun verify gs://b/r/"]),
        (1, ["To retry what failed: thumbrun retry gs://b/r/", "To check the run: thumbrun verify gs://b/r/"]),
    ],
)
def test_a_run_ends_with_what_can_follow(failed: int, expected: list[str]) -> None:
    """The last lines of a complete run are the commands that check it and, if images failed, retry them."""
    heard = Heard()
    run = Tally(1, failed=Counter({"timeout": failed} if failed else {}))
    say_run(TaskResult("r", "gs://b/r/", run, run, 1.0, False, "gs://b/r/", run), Events(heard, HandClock()))
    assert expected == [event.message for event in heard.events if event.name == "next"]


@pytest.mark.parametrize(
    ("state", "number", "expected"),
    [
        (State.SILENT, 0, ["Continue it with: thumbrun run --resume gs://b/r"]),
        (State.SILENT, 2, ["  round     2, begun by thumbrun retry", "Continue it with: thumbrun retry gs://b/r"]),
        (State.AT_WORK, 0, []),
        (State.COMPLETE, 2, ["  round     2, begun by thumbrun retry"]),
    ],
)
def test_a_silent_run_says_how_to_continue_it(state: State, number: int, expected: list[str]) -> None:
    """Only a run at which nobody works needs a person, who reads the command that continues its latest round."""
    at = datetime(2026, 1, 2, 15, 30, tzinfo=UTC)
    said = status_text(RunStatus("r", "gs://b/in/", at, at, state, items=3, round=number), "gs://b/r").splitlines()
    assert expected == [line for line in said if "thumbrun" in line]


def test_a_place_without_runs_says_which_place_to_give() -> None:
    """Who lists the runs of the source reads that they lie in the output."""
    assert "that was the --output of the runs" in runs_text("gs://b/in/", [])
