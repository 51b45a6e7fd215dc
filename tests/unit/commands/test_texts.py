"""What commands print, with zero, one and several of everything that they count."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.logs.clocks import HandClock
from tests.unit.logs.test_events import Heard
from thumbrun.commands.list_runs import runs_text
from thumbrun.commands.status import status_text
from thumbrun.commands.summary import say_run, task_text
from thumbrun.ledger.status import RunStatus, State
from thumbrun.logs.events import Events
from thumbrun.outcomes import Tally
from thumbrun.task.task_result import TaskResult
from thumbrun.verification.findings import Finding, FindingKind, Found, verified_text


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
    ("uri", "expected"),
    [
        ("gs://s/report.html", "To see the report: thumbrun report gs://b/r/ --open"),
        ("file:///s/report.html", "Report: file:///s/report.html"),
    ],
)
def test_a_run_says_how_to_see_its_report(uri: str, expected: str) -> None:
    """No browser opens an object of a bucket, so a command does; the event has the URI in any case."""
    heard = Heard()
    run = Tally(1)
    say_run(
        TaskResult("r", "gs://b/r/", run, run, 1.0, False, "gs://b/r/", run, report=uri), Events(heard, HandClock())
    )
    [event] = [event for event in heard.events if event.name == "report"]
    assert (expected, uri) == (event.message, event.fields["report"])


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
    assert "that was the --output of the runs" in runs_text("gs://b/in/", [], None)


@pytest.mark.parametrize("width", [None, 200, 60, 30])
def test_runs_in_a_narrow_terminal(width: int | None) -> None:
    """Where the table is too wide, each run has three lines with all that the table tells."""
    whole = {"run": "20260102T1530Z", "began": "2026-01-02T15:30:00+00:00", "source": "gs://photos/in/"}
    runs: list[dict[str, Any]] = [
        {**whole, "state": "complete", "items": 1240, "bytes": 5_000_000, "done": 1238, "failed": 2, "skipped": 0},
        {**whole, "state": "unfinished", "items": 1, "bytes": 7},
        {**whole, "state": "complete", "items": 0, "bytes": 0, "done": 0, "failed": 0, "skipped": 0},
        {"run": "odd", "began": None, "source": None, "state": "unreadable"},
    ]
    text = runs_text("gs://b/", runs, width)
    if width in (None, 200):
        assert 1 + len(runs) + 1 == len(text.splitlines())
        assert "complete, 2 failed  1,240   5.0 MB   gs://photos/in/" in text
        assert "found no images     0       0 bytes  gs://photos/in/" in text
    else:
        first = [
            "20260102T1530Z  2026-01-02 15:30 UTC",
            "  complete, 2 failed; 1,240 images, 5.0 MB",
            "  gs://photos/in/",
        ]
        assert first == text.splitlines()[:3]
        assert "  unfinished; 1 image, 7 bytes" in text.splitlines()
        assert ["odd  ?", "  unreadable", "  ?"] == text.splitlines()[9:12]
        assert "4 runs in gs://b/" == text.splitlines()[-1]
