"""Tests of the settings that keep a run from becoming larger or longer than meant."""

from pathlib import Path

import pytest

from tests.e2e.tasks import Tasks
from tests.photographs import photographs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with five photographs."""
    source = tmp_path / "in"
    source.mkdir()
    for number, body in zip(range(5), photographs().values(), strict=False):
        (source / f"{number}.jpg").write_bytes(body)
    return source


@pytest.mark.parametrize("tasks_flag", [(), ("--tasks", "2")])
def test_more_images_than_meant(tasks: Tasks, folder: Path, tmp_path: Path, tasks_flag: tuple[str, ...]) -> None:
    """A run of more images than --max-images ends with 2; the same command with a higher number is the same run."""
    command = ("run", str(folder), "--output", str(tmp_path / "out"), *tasks_flag, "--max-images")
    refused = tasks.command(*command, "3")
    assert 2 == refused.wait(), refused.output()
    assert "is 3, but the source holds 5 images, 2 images more; raise it" in refused.output()
    assert not list((tmp_path / "out").glob("*/*.jpg"))
    allowed = tasks.command(*command, "5")
    assert 0 == allowed.wait(), allowed.output()
    assert 5 == len(list((tmp_path / "out").glob("2*/*.jpg")))
    assert 1 == len(list((tmp_path / "out/_thumbrun/runs").iterdir()))


def test_a_plan_of_more_images_than_meant(tasks: Tasks, folder: Path) -> None:
    """A plan says the same, and writes nothing."""
    refused = tasks.command("plan", str(folder), "--max-images", "4")
    assert 2 == refused.wait(), refused.output()
    assert "the source holds 5 images, 1 image more" in refused.output()


def test_an_attempt_that_takes_too_long(tasks: Tasks, folder: Path, tmp_path: Path) -> None:
    """An attempt ends with 1 after --max-duration, however early that is, and the same command without it goes on."""
    command = ("run", str(folder), "--output", str(tmp_path / "out"), "--run-id", "one")
    for _ in range(2):
        stopped = tasks.command(*command, "--max-duration", "0.001")
        assert 1 == stopped.wait(), stopped.output()
        assert "stopped after 0.001 seconds, the limit of --max-duration / THUMBRUN_MAX_DURATION" in stopped.output()
    again = tasks.command(*command)
    assert 0 == again.wait(), again.output()
    assert 5 == len(list((tmp_path / "out/one").iterdir()))
