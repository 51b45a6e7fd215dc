"""Tests of thumbrun on folders of this machine."""

import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.tasks import Tasks, clean_environment, cloud_run
from tests.fidelity.measure import psnr
from tests.photographs import photographs, reduced
from tests.unit.storage.local.test_store import deep_chain


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, bytes]:
    """Put images into the folder `pictures`, and return them by path."""
    chosen = dict(list(photographs().items())[-30:])
    chosen["odd/with space #?%🎉\n.jpg"] = chosen["odd/twin.jpg"] = next(iter(photographs().values()))
    chosen["twin.jpg"] = next(iter(chosen.values()))
    for path, body in chosen.items():
        target = tmp_path / "pictures" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
    (tmp_path / "pictures" / "notes.txt").write_text("no image")
    return chosen


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, without thumbrun's records."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "_thumbrun" not in path.parts
    }


@pytest.mark.slow
def test_a_folder_into_another(tasks: Tasks, tmp_path: Path, pictures: dict[str, bytes]) -> None:
    """`thumbrun run FOLDER --output FOLDER` makes the thumbnails and leaves the source as it was."""
    before = files(tmp_path / "pictures")
    output = tmp_path / "out" / "deep"
    task = tasks.command("run", str(tmp_path / "pictures"), "--output", str(output), "--layout", "tree")
    assert 0 == task.wait(), task.output()
    assert before == files(tmp_path / "pictures")
    made = {name.partition("/")[2]: body for name, body in files(output).items()}
    assert set(pictures) == set(made)
    for path, body in made.items():
        reference = reduced(pictures[path])
        with Image.open(io.BytesIO(body)) as thumbnail:
            assert reference.size == thumbnail.size
            assert psnr(reference, thumbnail.convert("RGB")) > 24


@pytest.mark.slow
def test_a_folder_into_itself_three_times_by_three_tasks(
    tasks: Tasks, tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    """Thumbrun never takes thumbnails among their sources for sources, and no run touches another run's thumbnails."""
    folder = tmp_path / "pictures"
    for number in range(1, 4):
        task = tasks.command("run", str(folder), "--output", str(folder), "--tasks", "3")
        assert 0 == task.wait(), task.output()
        assert f"The run is complete: {len(pictures)} done" in task.output()
        assert (number + 1) * len(pictures) + 1 == len(files(folder))
        assert " are thumbrun's own" in task.output()
    alone = tasks.command("run", str(folder), "--output", str(tmp_path / "out"), "--limit", "1")
    assert 0 == alone.wait(), alone.output()
    assert " are thumbrun's own" in alone.output()


@pytest.mark.slow
def test_a_runs_folder_that_is_renamed_in_its_source(tasks: Tasks, tmp_path: Path) -> None:
    """Thumbnails whose folder was renamed within the source are still left out, and counted."""
    (tmp_path / "a.jpg").write_bytes(next(iter(photographs().values())))
    first = tasks.command("run", str(tmp_path), "--output", str(tmp_path), "--run-id", "one")
    assert 0 == first.wait(), first.output()
    (tmp_path / "one").rename(tmp_path / "best of")
    again = tasks.command("run", str(tmp_path), "--output", str(tmp_path), "--run-id", "two")
    assert 0 == again.wait(), again.output()
    assert "Plan made: 1 image," in again.output()
    assert "are thumbrun's own" in again.output()


def test_a_plan_writes_nothing(tasks: Tasks, tmp_path: Path, pictures: dict[str, bytes]) -> None:
    """`thumbrun plan` prints the numbers of images, of colliding names and of items per task, and writes nothing."""
    task = tasks.command("plan", str(tmp_path / "pictures"), "--output", str(tmp_path / "none"), "--tasks", "4")
    assert 0 == task.wait(), task.output()
    assert f"holds {len(pictures)} images" in task.output()
    assert "The thumbnails of 2 images would share a name" in task.output()
    assert not (tmp_path / "none").exists()
    as_json = tasks.command("plan", str(tmp_path / "pictures"), "--tasks", "4", "--json")
    assert 0 == as_json.wait(), as_json.output()
    found = json.loads(as_json.output())
    assert (len(pictures), 4) == (found["items"], len(found["tasks"]))
    assert len(pictures) == sum(task["items"] for task in found["tasks"])
    assert {"image", "not an image"} == set(found["seen"]["kinds"])


@pytest.mark.slow
def test_failures_of_single_images_are_outcomes(tasks: Tasks, tmp_path: Path, pictures: dict[str, bytes]) -> None:
    """A broken image fails alone: thumbrun prints the reason, and exits with 0, or with 3 if --strict is given."""
    photo = next(iter(pictures.values()))
    (tmp_path / "pictures" / "cut.jpg").write_bytes(photo[: len(photo) // 2])
    (tmp_path / "pictures" / "text.jpg").write_text("this is no image")
    (tmp_path / "pictures" / "drawing.svg").write_text("<svg/>")
    arguments = ("run", str(tmp_path / "pictures"), "--output", str(tmp_path / "out"))
    task = tasks.command(*arguments)
    assert 0 == task.wait(), task.output()
    expected = f"{len(pictures)} done, 1 skipped (1 unsupported), 2 failed ("
    assert expected in task.output()
    assert "warning: text.jpg failed (unreadable)" in task.output()
    strict = tasks.command(*arguments, "--strict")
    assert 3 == strict.wait(), strict.output()


@pytest.mark.parametrize("command", ["run", "plan"])
def test_filters_that_leave_nothing(tasks: Tasks, tmp_path: Path, command: str) -> None:
    """Where the filters leave no image, `run` and `plan` name the filters, and not the source, and exit with 4."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(b"no matter what")
    filters = ("--include", "*.png", "--exclude", "drafts")
    task = tasks.command(command, str(tmp_path / "in"), "--output", str(tmp_path / "out"), *filters)
    assert 4 == task.wait(), task.output()
    assert "holds no image: 1 object is excluded." in task.output()
    said = "Check --include / THUMBRUN_INCLUDE (*.png) and --exclude / THUMBRUN_EXCLUDE (drafts)."
    assert said in task.output()
    assert "INPUT_FOLDER" not in task.output()


def test_patterns_as_people_write_them(tasks: Tasks, tmp_path: Path) -> None:
    """`*.jpg` takes `B.JPG`, a folder's name leaves out what lies below it, and `.*` leaves out hidden folders."""
    body = next(iter(photographs().values()))
    for name in ("a.jpg", "B.JPG", "c.png", "Drafts/d.jpg", ".cache/e.jpg", "f/.trash/g/h.jpg"):
        target = tmp_path / "in" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
    plan = tasks.command("plan", str(tmp_path / "in"))
    assert 0 == plan.wait(), plan.output()
    assert "2 images are hidden" in plan.output()
    arguments = ("--include", "*.jpg", "--exclude", "drafts", "--exclude", ".*")
    task = tasks.command("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), *arguments)
    assert 0 == task.wait(), task.output()
    assert {"a.jpg", "B.JPG"} == {name.rpartition("/")[2] for name in files(tmp_path / "out")}
    assert "Left out: 4 objects are excluded" in task.output()


@pytest.mark.slow
def test_links_are_counted(tasks: Tasks, tmp_path: Path) -> None:
    """`plan` and `run` count symbolic links, and follow none; a source of links alone is not empty."""
    body = next(iter(photographs().values()))
    (tmp_path / "other").mkdir()
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("in/a.jpg", "other/b.jpg"):
        (tmp_path / name).write_bytes(body)
    for name, target in (("b.jpg", "other/b.jpg"), ("deep/c", "other"), ("deep/none.jpg", "nowhere")):
        (tmp_path / "in" / name).symlink_to(tmp_path / target)
    for command, said in (
        ("plan", "thumbrun does not follow 3 symbolic links."),
        ("run", "3 objects are symbolic links"),
    ):
        task = tasks.command(command, str(tmp_path / "in"), "--output", str(tmp_path / "out"))
        assert 0 == task.wait(), task.output()
        assert said in task.output()
        assert "1 image" in task.output()
    (tmp_path / "in" / "a.jpg").unlink()
    for command in ("plan", "run"):
        task = tasks.command(command, str(tmp_path / "in"), "--output", str(tmp_path / "out"))
        assert 4 == task.wait(), task.output()
        assert "holds no image: 3 objects are symbolic links." in task.output()


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--tasks", "2")])
def test_a_quiet_run(tasks: Tasks, tmp_path: Path, options: tuple[str, ...]) -> None:
    """With --quiet a run prints warnings and errors alone, and nothing if all went well."""
    body = next(iter(photographs().values()))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(body)
    arguments = ("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--quiet", *options)
    well = tasks.command(*arguments)
    assert 0 == well.wait(), well.output()
    assert "" == well.output()
    (tmp_path / "in" / "cut.jpg").write_bytes(body[: len(body) // 2])
    cut = tasks.command(*arguments)
    assert 0 == cut.wait(), cut.output()
    (line,) = cut.output().splitlines()
    assert line.startswith("warning: cut.jpg failed (truncated): ")
    (tmp_path / "empty").mkdir()
    empty = tasks.command("run", str(tmp_path / "empty"), "--output", str(tmp_path / "out"), "--quiet", *options)
    assert 4 == empty.wait(), empty.output()
    assert empty.output().startswith("error: ")


def test_the_plan_alone_is_on_the_standard_output(tmp_path: Path) -> None:
    """A warning does not come among the JSON of `plan --json`."""
    command = [sys.executable, "-m", "thumbrun", "plan", str(tmp_path), "--json", "--allow-empty"]
    environ = clean_environment(THUMBRUN_SIZES="50")
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert 0 == json.loads(done.stdout)["items"]
    assert "THUMBRUN_SIZES is not a setting" in done.stderr


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize(("arguments", "code"), [((), 4), (("--allow-empty",), 0)])
def test_a_source_without_images(
    tasks: Tasks, tmp_path: Path, command: str, arguments: tuple[str, ...], code: int
) -> None:
    """Thumbrun exits with 4 if the source has no image, and says what it holds; --allow-empty makes the exit code 0."""
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter.txt").write_text("no image")
    task = tasks.command(command, str(tmp_path / "papers"), "--output", str(tmp_path / "out"), *arguments)
    assert code == task.wait(), task.output()
    said = "papers/ holds no image: 1 object is not an image." in task.output()
    assert said or (command, code) == ("run", 0)
    assert (code == 4) == ("If this is expected, set --allow-empty" in task.output())


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("command", ["run", "run --tasks 2", "plan"])
@pytest.mark.parametrize(("source", "said"), [("nowhere", "does not exist; check the path"), ("a.txt", "is a file")])
def test_a_source_that_is_no_folder(tasks: Tasks, tmp_path: Path, command: str, source: str, said: str) -> None:
    """Every command that lists a source refuses one that does not exist or is no image, and writes nothing."""
    (tmp_path / "a.txt").write_bytes(b"")
    name, *options = command.split()
    task = tasks.command(name, str(tmp_path / source), "--output", str(tmp_path / "out"), *options)
    assert 2 == task.wait(), task.output()
    assert f"SOURCE / INPUT_FOLDER is '{tmp_path / source}', which {said}" in task.output()
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_one_image_as_the_source(tasks: Tasks, tmp_path: Path, pictures: dict[str, bytes]) -> None:
    """`thumbrun run FILE` makes the thumbnail of that file alone, and the run can be planned, resumed and verified."""
    name = next(name for name in pictures if "/" not in name)
    source, output = str(tmp_path / "pictures" / name), tmp_path / "out"
    plan = tasks.command("plan", source)
    assert 0 == plan.wait(), plan.output()
    assert f"pictures/{name} is 1 image, " in plan.output()
    for options in ((), ("--tasks", "2", "--new")):
        task = tasks.command("run", source, "--output", str(output), *options)
        assert 0 == task.wait(), task.output()
    runs = [path for path in output.iterdir() if path.name != "_thumbrun"]
    assert [[name]] * 2 == [[path.name for path in run.iterdir()] for run in runs]
    for command in (("verify", str(runs[0])), ("run", "--resume", str(runs[0]))):
        after = tasks.command(*command)
        assert 0 == after.wait(), after.output()


@pytest.mark.parametrize("options", [(), ("--tasks", "2")])
def test_an_empty_source_writes_nothing(tasks: Tasks, tmp_path: Path, options: tuple[str, ...]) -> None:
    """A folder without a single file ends a run with 4 before it begins, so that nothing has to be cleaned up."""
    (tmp_path / "in").mkdir()
    task = tasks.command("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), *options)
    assert 4 == task.wait(), task.output()
    assert "/in/ is empty.\n  Check SOURCE / INPUT_FOLDER." in task.output()
    assert "resume" not in task.output()
    assert [] == list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("options", [(), ("--tasks", "2")])
def test_an_output_that_is_a_file(tasks: Tasks, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Thumbrun refuses an output that is a file with one line that names the setting."""
    (tmp_path / "in").mkdir()
    (tmp_path / "out").write_bytes(b"")
    task = tasks.command("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), *options)
    assert 2 == task.wait(), task.output()
    assert f"--output / OUTPUT_BUCKET is '{tmp_path / 'out'}', which is a file; give a folder" in task.output()
    assert "Traceback" not in task.output()


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("tasks_at_once", [None, "2"])
def test_a_part_of_the_source_that_cannot_be_listed(tasks: Tasks, tmp_path: Path, tasks_at_once: str | None) -> None:
    """A chain of folders beyond the longest path stops nothing, but `plan`, `run` and `verify` name it and fail."""
    source, output = tmp_path / "pictures", tmp_path / "out"
    source.mkdir()
    (source / "a.jpg").write_bytes(next(iter(photographs().values())))
    deep_chain(source, "middle")
    more = ("--tasks", tasks_at_once) if tasks_at_once else ()
    said = "thumbrun cannot list 1 part of the source, and leaves out what it holds: file://"
    plan = tasks.command("plan", str(source), "--output", str(output))
    assert 1 == plan.wait(), plan.output()
    assert "holds 1 image" in plan.output()
    assert said in plan.output()
    job = tasks.command("run", str(source), "--output", str(output), *more)
    assert 1 == job.wait(), job.output()
    assert 1 == job.output().count(" list 1 part of the source, ")  # the first task says it, whichever has listed
    assert "1 done" in job.output()
    assert "thumbrun starts it again" not in job.output()
    (run,) = (path for path in output.iterdir() if path.name != "_thumbrun")
    assert ["a.jpg"] == [path.name for path in run.iterdir()]
    verify = tasks.command("verify", str(run))
    assert 3 == verify.wait(), verify.output()
    assert "1 not-listed" in verify.output()
    assert "/middle/" in verify.output()


@pytest.mark.slow
def test_the_first_task_tells_what_another_could_not_list(tasks: Tasks, tmp_path: Path) -> None:
    """If another task lists the source, the first task is still the one that tells what is missing, and fails."""
    (tmp_path / "in").mkdir()
    deep_chain(tmp_path / "in", "middle")
    variables = {"INPUT_FOLDER": (tmp_path / "in").as_uri(), "OUTPUT_BUCKET": (tmp_path / "out").as_uri()}
    said = "When the plan was made, thumbrun could not list 1 part of the source"
    for index, code in ((1, 0), (0, 1)):
        environ = clean_environment(**variables, **cloud_run(index, 2, execution="x"), THUMBRUN_ALLOW_EMPTY="1")
        task = tasks.start(environ)
        assert code == task.wait(), task.output()
        assert (index == 0) == (said in task.output())


def test_a_source_of_which_nothing_can_be_listed(tasks: Tasks, tmp_path: Path) -> None:
    """A source that shows no image because a part of it cannot be listed is not called empty."""
    deep_chain(tmp_path, "middle")
    job = tasks.command("run", str(tmp_path), "--output", str(tmp_path / "out"))
    assert 1 == job.wait(), job.output()
    assert "thumbrun cannot list 1 part of the source" in job.output()


@pytest.mark.slow
def test_a_finished_run_says_of_when_its_plan_is(tasks: Tasks, tmp_path: Path) -> None:
    """The same command for a finished run says that what was added since is not in it, and the command for that."""
    source, output = tmp_path / "in", tmp_path / "out of it"
    source.mkdir()
    Image.new("RGB", (40, 30)).save(source / "first.png")
    command = ["run", str(source), "--output", str(output), "--run-id", "r"]
    assert 0 == tasks.command(*command).wait()
    Image.new("RGB", (40, 30)).save(source / "second.png")
    again = tasks.command(*command)
    assert 0 == again.wait(), again.output()
    said = re.search(r"The plan is of (\S+ \S+) UTC\. .* with your other flags: thumbrun (.+)", again.output())
    assert said, again.output()
    led_on = tasks.command(*shlex.split(said[2]))
    assert 0 == led_on.wait(), led_on.output()
    assert "2 done" in led_on.output()
