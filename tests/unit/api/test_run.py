"""Tests of `thumbrun.run` and what follows it: its result, its end, and what interrupts it."""

import asyncio
import json
import logging
import pickle
import threading
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

import thumbrun
from tests.unit.api.pictures import picture, pictures_in
from tests.unit.imaging import gate
from thumbrun import NothingToDoError, Progress, RunResult, SettingsError, TooLateError
from thumbrun.api.event_record import EventRecord
from thumbrun.api.existing_run import settings_of_run
from thumbrun.clock import SystemClock
from thumbrun.decoding import launcher
from thumbrun.logs.events import Events


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder of three pictures and a file that is none."""
    return pictures_in(tmp_path / "in", 3, broken=1)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the folder for the runs."""
    return tmp_path / "out"


def run(source: Path, out: Path) -> RunResult:
    """Run with one process that decodes."""
    return thumbrun.run(source, output=out, workers=1)


def test_a_result_says_what_was_done(source: Path, out: Path) -> None:
    """The result has the run, its folder, the counts, and what failed and why; it is frozen and can travel."""
    made = run(source, out)
    assert (out / made.run).as_uri() + "/" == made.folder
    assert made.complete
    assert (3, {}, {"unreadable": 1}) == (made.outcomes.done, made.outcomes.skipped, made.outcomes.failed)
    (failure,) = made.failures
    assert ("broken-0.jpg", "unreadable") == (failure.source, failure.reason)
    assert ["0.jpg", "1.jpg", "2.jpg"] == sorted(path.name for path in (out / made.run).iterdir())
    with pytest.raises(FrozenInstanceError):
        made.complete = False  # type: ignore[misc]
    assert made == pickle.loads(pickle.dumps(made))  # noqa: S301
    record = json.loads(json.dumps(made.to_record()))
    assert {"unreadable": 1} == record["outcomes"]["failed"]


@pytest.mark.quick(one_in=4)
@pytest.mark.parametrize(
    "keywords",
    [
        {"size": ["60", "40x20"], "fit": "cover", "gravity": "attention", "format": ["webp", "jpeg"]},
        {"size": ["60x40", "90x30"], "fit": "contain", "background": "navy", "name": "{width}/{stem}.{ext}"},
        {"size": ["90x", "x30"], "fit": "outside", "enlarge": True},
        {"size": ["400x90"], "fit": "fill"},
    ],
    ids=lambda value: str(value["fit"]),
)
def test_a_run_of_each_shape_is_verified(keywords: dict[str, Any], tmp_path: Path, out: Path) -> None:
    """A run makes thumbnails of each shape, and a check that opens all of them finds them right, with no setting."""
    source = tmp_path / "in"
    source.mkdir()
    for number, (width, height) in enumerate([(300, 200), (200, 300), (30, 20)]):
        (source / f"{number}.png").write_bytes(picture(width, height, "PNG"))
    made = thumbrun.run(source, output=out, workers=1, **keywords)
    assert (3, True) == (made.outcomes.done, made.complete)
    assert thumbrun.verify(made.folder, workers=1).right


def test_the_other_functions_have_the_fields_of_the_json(source: Path, out: Path) -> None:
    """What `plan`, `verify` and `report` return is what the commands print as JSON, by the same names."""
    planned = thumbrun.plan(source, output=out)
    made = run(source, out)
    for result in (planned, thumbrun.verify(made.folder), thumbrun.report(made.folder)):
        record = json.loads(json.dumps(result.to_record()))
        for name, value in record.items():
            if name != "version":
                held = getattr(result, name)
                nested = held.to_record() if hasattr(held, "to_record") else held
                assert isinstance(value, list) or json.loads(json.dumps(nested)) == value, name
                assert not isinstance(value, list) or len(value) == len(held), name
    assert planned.items == 4
    assert 1 == planned.estimates[0]["tasks"]


def test_the_page_of_a_report(source: Path, out: Path, tmp_path: Path) -> None:
    """The page is in the result, and in a file if one is named; a file that is no page is not replaced."""
    made = run(source, out)
    for _ in range(2):
        reported = thumbrun.report(made.folder, out=tmp_path / "page.html")
    assert reported.html == (tmp_path / "page.html").read_text("utf-8")
    assert "html" not in reported.to_record()
    assert "verdict=" in repr(reported)
    assert len(repr(reported)) < 2_000
    with pytest.raises(SettingsError, match=r"^out is '.+0\.jpg', a file that is no report"):
        thumbrun.report(made.folder, out=source / "0.jpg")
    assert picture() == (source / "0.jpg").read_bytes()


def test_a_run_that_failed_is_verified(source: Path, out: Path) -> None:
    """`verify` finds a thumbnail that was deleted; `quick` opens none."""
    made = run(source, out)
    assert thumbrun.verify(made.folder).right
    (out / made.run / "1.jpg").unlink()
    found = thumbrun.verify(Path(out, made.run), quick=True)
    assert (False, {"missing": 1}, False) == (found.right, found.counts, found.opened)
    assert "missing" == found.findings[0].kind


def test_a_retry_begins_a_round(source: Path, out: Path) -> None:
    """`retry` works on what failed and what is missing, and returns what the run is then; a reason limits it."""
    made = run(source, out)
    (source / "broken-0.jpg").write_bytes(picture())
    (out / made.run / "1.jpg").unlink()
    missing = thumbrun.retry(made.folder, reason="missing", workers=1)
    assert (3, {"unreadable": 1}) == (missing.outcomes.done, missing.outcomes.failed)
    assert (out / made.run / "1.jpg").exists()
    mended = thumbrun.retry(Path(out, made.run), reason=[thumbrun.Reason.UNREADABLE], workers=1)
    assert (made.run, True, 4, {}) == (mended.run, mended.complete, mended.outcomes.done, mended.outcomes.failed)
    rounds = out / "_thumbrun/runs" / made.run / "rounds"
    assert 2 == len(list(rounds.iterdir()))
    nothing = thumbrun.retry(made.folder, reason=["unreadable", "timeout"], workers=1)
    assert (True, mended.outcomes) == (nothing.complete, nothing.outcomes)
    assert 2 == len(list(rounds.iterdir()))


def test_a_retry_of_what_is_none(source: Path, out: Path) -> None:
    """A reason that does not exist, a run that does not, and a keyword of `run` alone are errors; nothing begins."""
    made = run(source, out)
    with pytest.raises(SettingsError, match=r"^reason is 'timeouts'; it must be one of .*; did you mean 'timeout'\?"):
        thumbrun.retry(made.folder, reason="timeouts")
    with pytest.raises(SettingsError, match="there is no run"):
        thumbrun.retry(out / "none")
    with pytest.raises(TypeError, match="size"):
        thumbrun.retry(made.folder, size=7)  # type: ignore[call-arg]
    assert not (out / "_thumbrun/runs" / made.run / "rounds").exists()


def test_errors(tmp_path: Path, source: Path, out: Path) -> None:
    """Each kind of error is its own exception, with a hint that names keywords."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToDoError) as caught:
        run(tmp_path / "empty", out)
    assert "allow_empty" in caught.value.hint
    assert "--" not in caught.value.hint
    assert thumbrun.run(tmp_path / "empty", output=out, allow_empty=True).complete
    with pytest.raises(SettingsError, match="max_images is 2, but the source holds 4 images"):
        thumbrun.run(source, output=out, max_images=2)
    with pytest.raises(SettingsError, match=r"^there is no run 'none'"):
        thumbrun.verify(out / "none")
    with pytest.raises(SettingsError, match="source and resume cannot go together"):
        thumbrun.run(source, resume=out / "x")  # type: ignore[arg-type]


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("tasks", [None, 2])
def test_progress(source: Path, out: Path, tasks: int | None) -> None:
    """The caller's function hears of the images as they are done, in this process or in others."""
    heard: list[Progress] = []
    thumbrun.run(source, output=out, workers=2, tasks=tasks, progress=heard.append)
    assert (4, 3, 1) == (heard[-1].total, heard[-1].done, heard[-1].failed)
    assert heard == sorted(heard, key=lambda progress: progress.finished)


def test_a_progress_that_raises_stops_the_run(source: Path, out: Path) -> None:
    """The error of the caller's function is raised, and the same call goes on with what is left."""

    def stop(progress: Progress) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        thumbrun.run(source, output=out, workers=1, progress=stop)
    assert run(source, out).complete
    assert 1 == len(list(out.glob("2*")))


@pytest.fixture
def gated(source: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder, with another picture at which the decoding process stops."""
    monkeypatch.setattr(launcher, "_COMMAND", gate.command())
    (source / "a-gate.jpg").write_bytes(gate.gated(picture()))
    return source


async def test_a_cancelled_run_can_go_on(gated: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelling `run_async` lets the run record what it has done and end its processes; the same call goes on."""
    monkeypatch.setattr("thumbrun.task.runner.GRACE_SECONDS", 0.01)
    call = asyncio.ensure_future(thumbrun.run_async(gated, output=out, workers=1))
    (process,) = await gate.stopped()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.to_thread(process.wait)
    (gated / "a-gate.jpg").write_bytes(picture())
    made = await thumbrun.run_async(gated, output=out, workers=1)
    assert made.complete
    assert [made.run] == [path.name for path in await asyncio.to_thread(lambda: [*out.glob("2*")])]


async def test_a_run_that_is_cancelled_twice_ends_at_once(gated: Path, out: Path) -> None:
    """A second cancellation does not wait for the image under way."""
    call = asyncio.ensure_future(thumbrun.run_async(gated, output=out, workers=1))
    (process,) = await gate.stopped()
    call.cancel()
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.to_thread(process.wait)


def test_a_duration_that_is_over(gated: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`max_duration` raises an error that says so in keywords, and leaves no process."""
    monkeypatch.setattr("thumbrun.task.runner.GRACE_SECONDS", 0.01)
    with pytest.raises(TooLateError, match="the limit of max_duration"):
        thumbrun.run(gated, output=out, workers=1, max_duration=2)
    assert [] == gate.processes()


def test_several_tasks_that_others_start(source: Path, out: Path) -> None:
    """Calls with the same task count share one run, whichever comes first."""
    results: dict[int, RunResult] = {}

    def task(index: int) -> None:
        results[index] = thumbrun.run(
            source, output=out, workers=1, task_index=index, task_count=2, task_execution="job-1"
        )

    threads = [threading.Thread(target=task, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 == len({result.run for result in results.values()})
    assert any(result.complete for result in results.values())
    assert thumbrun.verify(results[0].folder).right


def test_a_run_is_continued_by_its_name(source: Path, out: Path) -> None:
    """`resume` takes a run's folder, and needs neither source nor settings."""
    made = run(source, out)
    again = thumbrun.run(resume=made.folder)
    assert (made.run, made.outcomes) == (again.run, again.outcomes)


def test_logging_hears_what_happens(source: Path, out: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A program that sets up `logging` gets the events of the reference, with their names and fields."""
    caplog.set_level(logging.INFO, "thumbrun")
    run(source, out)
    logged = {record.event: record for record in caplog.records}  # type: ignore[attr-defined]
    assert {"run-agreed", "plan-made", "image-failed"} <= logged.keys()
    failed = logged["image-failed"]
    assert (logging.WARNING, "unreadable") == (failed.levelno, failed.fields["reason"])  # type: ignore[attr-defined]


async def test_the_environment_does_not_change_a_run_that_goes_on(source: Path, out: Path) -> None:
    """A setting that makes another run is as the run began with it, given or not, whatever a variable says now."""
    made = await thumbrun.run_async(source, output=out, workers=1)
    events = Events(EventRecord(None, asyncio.Event()), SystemClock())
    claimed = {"THUMBRUN_LIMIT": "1", "THUMBRUN_NAME": "{stem}", "THUMBRUN_SIZE": "40", "THUMBRUN_ANIMATED": "keep"}
    begun, _ = await settings_of_run(made.folder, {}, {}, events, SystemClock())
    later, _ = await settings_of_run(made.folder, {**claimed, "THUMBRUN_WORKERS": "3"}, {}, events, SystemClock())
    assert (begun.fingerprint(), 3) == (later.fingerprint(), later.workers)
    assert (None, None) == (later.limit, later.name)
