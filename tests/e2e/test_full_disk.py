"""Tests with a disk that fills up during a run, which only root can set up."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.tasks import Tasks

IMAGES = 60
Disk = Callable[[str], Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Return a function that mounts a disk with some options, or gives it others."""
    place = tmp_path / "disk"
    place.mkdir()

    def mounted(options: str) -> Path:
        already = os.path.ismount(place)
        command = ["mount", "-t", "tmpfs", "-o", f"remount,{options}" if already else options, "tmpfs", str(place)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this system mounts no file system for a test")
        return place

    yield mounted
    if os.path.ismount(place):
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(("small", "large"), [("size=200k", "size=20m"), ("nr_inodes=70", "nr_inodes=10000")])
def test_a_disk_that_fills_up(tasks: Tasks, tmp_path: Path, disk: Disk, small: str, large: str) -> None:
    """A run whose disk is full ends with 1 and says what to check; with more room, `--resume` finishes it."""
    (tmp_path / "in").mkdir()
    for number in range(IMAGES):
        Image.effect_noise((120, 120), 99).save(tmp_path / f"in/{number}.png")
    output = disk(small) / "out"
    full = tasks.command("run", str(tmp_path / "in"), "--output", str(output), "--run-id", "r")
    assert 1 == full.wait(), full.output()
    assert 1 == full.output().count("error:"), full.output()
    assert "No space left on device" in full.output()
    assert "check the free space" in full.output()
    assert "Traceback" not in full.output()
    disk(large)
    again = tasks.command("run", "--resume", str(output / "r"))
    assert 0 == again.wait(), again.output()
    assert f"{IMAGES} done" in again.output()
