"""Tests of wrong settings: thumbrun reports all of them at once, exits with 2, and writes nothing."""

from pathlib import Path

import pytest

from tests.e2e.tasks import Tasks, clean_environment

WRONG = {
    "INPUT_FOLDER": "pictures",
    "STORAGE_EMULATOR_HOST": "not an address",
    "THUMBRUN_RUN_ID": "a/b",
    "THUMBRUN_NEW": "maybe",
    "THUMBRUN_SIZE": "0",
    "THUMBRUN_LAYOUT": "pile",
    "THUMBRUN_FORMAT": "bmp",
    "THUMBRUN_QUALITY": "101",
    "THUMBRUN_LIMIT": "none",
    "THUMBRUN_DETECT": "guess",
    "THUMBRUN_BALANCE": "luck",
    "THUMBRUN_IN_FLIGHT": "0",
    "THUMBRUN_MEMORY": "plenty",
    "THUMBRUN_WORKERS": "-1",
    "THUMBRUN_IMAGE_TIMEOUT": "0",
    "THUMBRUN_MAX_PIXELS": "1e9",
    "THUMBRUN_MAX_BYTES": "256 parsecs",
    "THUMBRUN_CACHE_CONTROL": "a\nb",
    "THUMBRUN_USER_PROJECT": "My Project",
    "THUMBRUN_SOURCE_METADATA": "all",
    "THUMBRUN_JOIN_WITHIN": "soon",
    "THUMBRUN_STRICT": "very",
    "THUMBRUN_ALLOW_EMPTY": "2",
    "THUMBRUN_LOG_FORMAT": "xml",
    "THUMBRUN_SIZES": "100",
    "CLOUD_RUN_TASK_INDEX": "10",
    "CLOUD_RUN_TASK_COUNT": "10",
}


def test_all_wrong_settings_are_named_at_once(tasks: Tasks, tmp_path: Path) -> None:
    """A task names all of its wrong settings at once, and writes nothing."""
    before = sorted(tmp_path.rglob("*"))
    task = tasks.start(clean_environment(HOME=str(tmp_path), **WRONG))
    assert 2 == task.wait(), task.output()
    for name in WRONG:
        assert name in task.output()
    assert len(WRONG) - 1 == task.output().count("\n  - ")  # index and count are one problem
    assert [*before, tmp_path / "task-0.log"] == sorted(tmp_path.rglob("*"))


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("name", sorted(WRONG.keys() - {"CLOUD_RUN_TASK_COUNT"}))
def test_each_wrong_setting_says_what_would_be_right(tasks: Tasks, tmp_path: Path, name: str) -> None:
    """Thumbrun reports one wrong setting as one problem, which names the setting."""
    variables = {"INPUT_FOLDER": tmp_path.as_uri(), name: WRONG[name]}
    task = tasks.start(clean_environment(**variables))
    assert 2 == task.wait(), task.output()
    assert 1 == task.output().count("\n  - ")
    assert name in task.output().partition("\n  - ")[2]
    assert not list(tmp_path.glob("_thumbrun"))


def test_flags_are_named_with_their_variables(tasks: Tasks, tmp_path: Path) -> None:
    """For a wrong flag, thumbrun names the flag and its variable; it reports a wrong --tasks together with them."""
    task = tasks.command("run", str(tmp_path), "--size", "huge", "--quality", "0", "--tasks", "zero")
    assert 2 == task.wait(), task.output()
    assert "--size / THUMBRUN_SIZE is 'huge'; it must be pixels, like 100 or 160x90" in task.output()
    assert "--quality / THUMBRUN_QUALITY is '0'" in task.output()
    assert "--tasks is 'zero'" in task.output()


def test_a_run_under_other_settings_is_refused(tasks: Tasks, tmp_path: Path) -> None:
    """Thumbrun refuses a run that began with other settings, and says what differs; it refuses an unknown run too."""
    (tmp_path / "in").mkdir()
    arguments = ("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--run-id", "mine", "--allow-empty")
    first = tasks.command(*arguments)
    assert 0 == first.wait(), first.output()
    second = tasks.command(*arguments, "--size", "64")
    assert 2 == second.wait(), second.output()
    assert "run mine began with other settings (size was [100, 100] and is now [64, 64])" in second.output()
    unknown = tasks.command("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--resume", "other")
    assert 2 == unknown.wait(), unknown.output()
    assert "--resume / THUMBRUN_RESUME is other, but there is no such run" in unknown.output()
