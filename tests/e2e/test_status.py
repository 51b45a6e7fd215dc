"""Tests of `thumbrun status` and `thumbrun list`, of runs that real tasks work on."""

import json
import time
from pathlib import Path

import pytest

from tests.e2e.tasks import Task, Tasks, clean_environment, cloud_run
from tests.e2e.test_terminal import in_terminal
from tests.photographs import photographs
from tests.unit.imaging.samples import slow
from thumbrun.demo.emulator import Emulator


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder of photographs, one broken image, and one that takes long."""
    folder = tmp_path / "in"
    folder.mkdir()
    body = next(iter(photographs().values()))
    for number in range(30):
        (folder / f"{number:02}.jpg").write_bytes(body)
    (folder / "broken.jpg").write_bytes(body[:2000])
    return folder


def begin(tasks: Tasks, source: Path, output: Path) -> Task:
    """Start one of two tasks of a run that is called `one`; the other one never comes."""
    variables = {"INPUT_FOLDER": source.as_uri(), "OUTPUT_BUCKET": output.as_uri(), "THUMBRUN_RUN_ID": "one"}
    return tasks.start(clean_environment(**variables, **cloud_run(0, 2, execution="e")))


def status(tasks: Tasks, output: Path, *flags: str) -> str:
    """Return what the command prints about the run."""
    asked = tasks.command("status", str(output / "one"), *flags)
    assert 0 == asked.wait(), asked.output()
    return asked.output()


@pytest.mark.slow
def test_a_run_that_one_of_two_tasks_has_left(tasks: Tasks, source: Path, tmp_path: Path) -> None:
    """What a task did that was killed is shown, with failures by reason and how long it is silent."""
    (source / "long.png").write_bytes(slow() * 1)
    output = tmp_path / "out"
    task = begin(tasks, source, output)
    deadline = time.monotonic() + 300
    while not list(output.glob("_thumbrun/runs/one/ledger/*/*-0000001*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    task.kill()
    found = json.loads(status(tasks, output, "--json"))
    assert (1, "one", source.as_uri() + "/", 32) == (found["version"], found["run"], found["source"], found["items"])
    assert found["state"] == "at-work"
    assert [(0, 2, 0)] == [(one["task"], one["tasks"], one["attempt"]) for one in found["tasks"]]
    shown = status(tasks, output)
    assert "Run one is at work." in shown
    assert "of 32 (" in shown
    assert "1 of 2 heard of in the last two minutes" in shown


def test_watching_until_the_end(tasks: Tasks, source: Path, tmp_path: Path) -> None:
    """`--watch` ends with the run, and prints plain lines where there is no terminal."""
    output = tmp_path / "out"
    run = tasks.command("run", str(source), "--output", str(output), "--run-id", "one")
    while not (output / "_thumbrun/runs/one/run.json").exists():
        assert run.process.poll() is None, run.output()
        time.sleep(0.01)
    shown = status(tasks, output, "--watch")
    assert 0 == run.wait(), run.output()
    assert shown.isprintable() or all(line.isprintable() for line in shown.splitlines())
    assert "complete; 31 of 31 (100 %)" in shown.splitlines()[-1]
    assert "30 done, 1 failed (1 truncated)" in shown.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("columns", [60, 120])
def test_in_a_terminal(tasks: Tasks, source: Path, tmp_path: Path, columns: int) -> None:
    """On a terminal, status, watch and list break no word and say the same."""
    run = tasks.command("run", str(source), "--output", str(tmp_path / "out"), "--run-id", "one")
    assert 0 == run.wait(), run.output()
    for arguments, said in (
        (("status", "out/one"), "Run one is complete."),
        (("status", "out/one", "--watch"), "Run one is complete."),
        (("list", "out"), "1 run in"),
    ):
        shown = in_terminal(*arguments, folder=tmp_path, columns=columns)
        assert said in shown
        for line in shown.splitlines():
            assert len(line) <= columns or " " not in line.strip(), shown


def test_a_run_without_images(tasks: Tasks, tmp_path: Path) -> None:
    """Status and list say of a run that is complete without an image that it found none."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/notes.txt").write_text("no image")
    run = tasks.command("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--run-id", "one")
    assert 4 == run.wait(), run.output()
    shown = status(tasks, tmp_path / "out")
    assert "Run one is complete: it found no images." in shown
    assert "outcomes" not in shown
    listed = tasks.command("list", str(tmp_path / "out"))
    assert 0 == listed.wait(), listed.output()
    assert "found no images  0 " in listed.output()
    assert "complete" not in listed.output()


@pytest.mark.slow
def test_the_runs_of_a_bucket(tasks: Tasks, emulator: Emulator) -> None:
    """The runs of a place are listed, the latest first, with state and size; others beside them do not matter."""
    emulator.create_bucket("listed")
    body = next(iter(photographs().values()))
    emulator.put("listed", "in/a.jpg", body)
    emulator.put("listed", "_thumbrun/runs/odd/run.json", b"no record")
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url)
    for name in ("one", "two"):
        run = tasks.command("run", "gs://listed/in", "--run-id", name, environment=environment)
        assert 0 == run.wait(), run.output()
    asked = tasks.command("list", "gs://listed", "--json", environment=environment)
    assert 0 == asked.wait(), asked.output()
    found = json.loads(asked.output())
    assert ["two", "one", "odd"] == [run["run"] for run in found["runs"]]
    assert ["complete", "complete", "unreadable"] == [run["state"] for run in found["runs"]]
    assert (1, len(body), 1) == tuple(found["runs"][0][key] for key in ("items", "bytes", "done"))
    empty = tasks.command("list", "gs://listed/elsewhere", environment=environment)
    assert 0 == empty.wait(), empty.output()
    assert "There are no runs in gs://listed/elsewhere/" in empty.output()
    assert "that was the --output of the runs" in empty.output()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", "nowhere/one"), "there is no run 'one'"),
        (("status",), "RUN is missing"),
        (("list", "nowhere-at-all/"), "does not exist"),
        (("list", "gs://B"), "is not a bucket name"),
    ],
)
def test_places_that_hold_nothing(tasks: Tasks, arguments: tuple[str, ...], said: str) -> None:
    """A run or a place that is not there is a sentence, and exit code 2."""
    asked = tasks.command(*arguments)
    assert 2 == asked.wait(), asked.output()
    assert said in asked.output()


def test_a_server_that_cannot_be_reached(tasks: Tasks) -> None:
    """A command that looks at a run says at once that it retries, and ends with an error that says what to check."""
    environment = clean_environment(STORAGE_EMULATOR_HOST="http://127.0.0.1:9")
    asked = tasks.command("status", "gs://some-bucket/one", environment=environment)
    assert 1 == asked.wait()
    retried, error, hint = asked.output().splitlines()[0], *asked.output().splitlines()[-2:]
    assert "no server listens at 127.0.0.1:9, an address of this machine; thumbrun retries in" in retried
    assert error.startswith("error: gs://some-bucket/")
    assert "  start the server there, or correct or unset STORAGE_EMULATOR_HOST" == hint
