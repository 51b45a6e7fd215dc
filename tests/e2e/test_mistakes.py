"""Tests of what new users do wrong with the real command, and of what it tells them to do instead."""

import shlex
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.tasks import Tasks, clean_environment
from tests.photographs import photographs
from tests.unit.storage.local.test_store import deep_chain
from thumbrun.demo.emulator import Emulator

BODY = next(iter(photographs().values()))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder with one image in each of two folders, both with the same name."""
    for folder in ("a", "b"):
        (tmp_path / "pictures" / folder).mkdir(parents=True)
        (tmp_path / "pictures" / folder / "x.jpg").write_bytes(BODY)
    return tmp_path / "pictures"


def said(tasks: Tasks, code: int, *arguments: str) -> str:
    """Run a command that ends with an exit code, and return what it says."""
    task = tasks.command(*arguments)
    assert code == task.wait(), task.output()
    return task.output()


def test_ctrl_c_on_several_tasks_is_answered_at_once(tasks: Tasks, tmp_path: Path) -> None:
    """Several tasks that are told to stop say so first, and no progress follows the error that ends them."""
    (tmp_path / "in").mkdir()
    for number in range(400):
        (tmp_path / "in" / f"{number}.jpg").write_bytes(BODY)
    task = tasks.command("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--tasks", "3")
    while not list((tmp_path / "out").glob("*/*.jpg")):
        assert task.process.poll() is None, task.output()
        time.sleep(0.01)
    task.process.send_signal(signal.SIGINT)
    assert 130 == task.wait(), task.output()
    stopping, error = (task.output().index(text) for text in ("Stopping: the tasks record", "error: stopped before"))
    assert stopping < error
    assert " of 400 images" not in task.output()[stopping:]


@pytest.mark.slow
def test_a_place_of_runs_is_no_run(tasks: Tasks, tmp_path: Path, pictures: Path) -> None:
    """A command on a run that gets the place of runs, or a pattern, names the runs there in full."""
    out = tmp_path / "out"
    said(tasks, 0, "run", str(pictures), "--output", str(out), "--run-id", "mine")
    for words in (["verify"], ["retry"], ["status"], ["run", "--resume"]):
        assert f"it holds runs: name one of them, such as {out}/mine" in said(tasks, 2, *words, f"{out}/")
    assert f"it holds runs: name one of them, such as {out}/mine" in said(tasks, 2, "verify", f"{out}/m*")


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("place", ["runs-1", "runs-1/some/where"])
def test_a_bucket_of_runs_is_no_run(tasks: Tasks, emulator: Emulator, place: str) -> None:
    """In a bucket, or below a prefix of one, runs are named as well."""
    emulator.create_bucket("runs-1")
    emulator.put("runs-1", "in/a.jpg", BODY)
    environ = clean_environment(STORAGE_EMULATOR_HOST=emulator.url)
    run = tasks.command("run", "gs://runs-1/in", "--output", f"gs://{place}", "--run-id", "mine", environment=environ)
    assert 0 == run.wait(), run.output()
    task = tasks.command("verify", f"gs://{place}", environment=environ)
    assert 2 == task.wait(), task.output()
    assert f"it holds runs: name one of them, such as gs://{place}/mine" in task.output()


@pytest.mark.slow
def test_a_folder_of_runs_that_was_moved(tasks: Tasks, tmp_path: Path, pictures: Path) -> None:
    """A run in a folder that was moved is answered with the command that moves it back, which works."""
    old, new = tmp_path / "out", tmp_path / "out 2"
    said(tasks, 0, "run", str(pictures), "--output", str(old), "--run-id", "mine")
    old.rename(new)
    told = said(tasks, 2, "verify", f"{new}/mine")
    assert "move the folder back: mv " in told
    one, other = shlex.split(told.partition(": mv ")[2])
    Path(one).rename(other)
    said(tasks, 0, "verify", f"{old}/mine")


@pytest.mark.slow
def test_a_run_that_is_right_is_quiet(tasks: Tasks, tmp_path: Path, pictures: Path) -> None:
    """`verify --quiet` prints nothing of a run that is right, and the findings of one that is not."""
    said(tasks, 0, "run", str(pictures), "--output", str(tmp_path / "out"), "--run-id", "mine")
    assert "" == said(tasks, 0, "verify", str(tmp_path / "out/mine"), "--quiet")
    next((tmp_path / "out/mine").glob("*.jpg")).unlink()
    assert "1 missing" in said(tasks, 3, "verify", str(tmp_path / "out/mine"), "--quiet")
    loud = said(tasks, 3, "verify", str(tmp_path / "out/mine"))
    assert "2 of 2 images\n" in loud  # and none of them failed


@pytest.mark.slow
def test_shared_names_are_told_with_the_layout_that_keeps_them(tasks: Tasks, tmp_path: Path, pictures: Path) -> None:
    """`plan` and `run`, with one task and with several, say that --layout tree avoids the hashes; a tree needs none."""
    where = (str(pictures), "--output", str(tmp_path / "out"))
    for command in (("plan", *where), ("run", *where), ("run", *where, "--tasks", "2", "--new")):
        assert 1 == said(tasks, 0, *command).count("--layout tree")
    assert "--layout" not in said(tasks, 0, "run", *where, "--layout", "tree")


@pytest.mark.slow
def test_a_part_that_could_not_be_listed_is_of_the_plan(tasks: Tasks, tmp_path: Path) -> None:
    """A later attempt says that a part could not be listed then, and how to begin another run, which `verify` does."""
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "a.jpg").write_bytes(BODY)
    deep_chain(source, "middle")
    anew = f"begin another run, with your other flags: thumbrun run {source}/ --output {out}/ --new"
    first = said(tasks, 1, "run", str(source), "--output", str(out), "--run-id", "mine")
    assert "thumbrun cannot list 1 part of the source" in first
    assert anew in first
    for command in (("retry",), ("run", "--resume")):
        later = said(tasks, 1, *command, str(out / "mine"))
        assert "When the plan was made, thumbrun could not list 1 part of the source, so the run lacks" in later
        assert anew in later
    assert anew in said(tasks, 3, "verify", str(out / "mine"))


def test_a_missing_bucket_ends_a_plan_as_it_ends_a_run(tasks: Tasks, emulator: Emulator) -> None:
    """`plan` of a bucket that does not exist ends with 2, and names the setting."""
    task = tasks.command(
        "plan", "gs://no-such-bucket/in", environment=clean_environment(STORAGE_EMULATOR_HOST=emulator.url)
    )
    assert 2 == task.wait(), task.output()
    assert "SOURCE / INPUT_FOLDER is 'gs://no-such-bucket/in/', but the bucket of gs://" in task.output()


@pytest.mark.parametrize(
    "arguments",
    [("run",), ("run", "--tasks", "2"), ("plan",), ("list",)],
    ids=" ".join,
)
def test_credentials_that_are_not_there(tasks: Tasks, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A variable that names no file of credentials ends a command with 2, before it creates anything."""
    key, out = tmp_path / "none.json", tmp_path / "out"
    more = () if arguments == ("list",) else ("--output", str(out))
    environ = clean_environment(GOOGLE_APPLICATION_CREDENTIALS=str(key))
    task = tasks.command(*arguments, "gs://some-bucket/in", *more, environment=environ)
    assert 2 == task.wait(), task.output()
    said_ = f"error: GOOGLE_APPLICATION_CREDENTIALS names {key}, which does not exist\n  correct GOOGLE_APPLICATION"
    assert said_ in task.output()
    assert not out.exists()


def test_a_plan_into_a_place_that_cannot_be_written(tasks: Tasks, tmp_path: Path, pictures: Path) -> None:
    """`plan` refuses an output as `run` does, and creates no folder for one that is right."""
    (tmp_path / "file").write_text("no folder")
    told = said(tasks, 2, "plan", str(pictures), "--output", str(tmp_path / "file" / "out"))
    assert "--output / OUTPUT_BUCKET is" in told
    assert "is a file; give a folder" in told
    said(tasks, 0, "plan", str(pictures), "--output", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["png", ".PNG"])
def test_a_suffix_in_place_of_a_pattern(tasks: Tasks, tmp_path: Path, pictures: Path, text: str) -> None:
    """A suffix that matches nothing is answered with the pattern of such names."""
    told = said(tasks, 4, "plan", str(pictures), "--include", text)
    assert f"Did you mean --include '*.{text.removeprefix('.')}'? Check --include" in told


@pytest.mark.slow
def test_a_pattern_that_matches_nothing(tasks: Tasks, tmp_path: Path, pictures: Path) -> None:
    """`plan` and `run` name a mistyped pattern, once however many tasks there are, and not one that matches."""
    told = "No file of the source matches the pattern 'draftz'"
    more = (str(pictures), "--output", str(tmp_path / "out"), "--exclude", "b,draftz", "--include", "*.jpg,x.*")
    for command in (("plan", *more), ("run", *more), ("run", *more, "--tasks", "2", "--new")):
        assert 1 == said(tasks, 0, *command).count(told)


@pytest.mark.slow
def test_limits_and_broken_files_are_told_apart(tasks: Tasks, tmp_path: Path, pictures: Path) -> None:
    """After failures that a limit caused, the retry is told with its flag; of a broken file, that none helps."""
    (pictures / "cut.jpg").write_bytes(BODY[:500])
    where = ("--output", str(tmp_path / "out"), "--run-id", "mine")
    told = said(tasks, 0, "run", str(pictures), *where, "--max-bytes", "1000")
    (retry,) = (line for line in told.splitlines() if line.startswith("To retry with a higher limit: "))
    words = shlex.split(retry.partition(": ")[2])
    assert "truncated: a retry fails again unless you replace these files" in told
    again = said(tasks, 0, *words[1:-1], "1GiB")
    assert "Round 1 retries: too-large\n" in again
    assert "2 done" in again
    assert "Round 2 retries: everything that failed or is missing\n" in said(tasks, 0, "retry", words[2])
