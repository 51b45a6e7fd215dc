"""Tests of the same command in two terminals at once, on folders."""

import re
from pathlib import Path

import pytest

from tests.e2e.tasks import Tasks
from tests.photographs import photographs

IMAGES = 150


@pytest.mark.slow
def test_the_same_folder_in_two_terminals(tasks: Tasks, tmp_path: Path) -> None:
    """Both end well, hardly an image is made twice, and the run is right."""
    (tmp_path / "in").mkdir()
    bodies = list(photographs().values())
    for number in range(IMAGES):
        (tmp_path / f"in/{number:03}.jpg").write_bytes(bodies[number % len(bodies)])
    command = ("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--workers", "2")
    both = [tasks.command(*command), tasks.command(*command)]
    assert [0, 0] == [task.wait() for task in both], both[0].output() + both[1].output()
    made = sum(int(n) for task in both for n in re.findall(r"This task: (\d+) done", task.output()))
    assert IMAGES <= made <= 1.1 * IMAGES, both[0].output() + both[1].output()
    (run,) = (tmp_path / "out").glob("2*")
    checked = tasks.command("verify", str(run))
    assert 0 == checked.wait(), checked.output()
