"""Tests of what a diagnosis finds of local folders."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.unit.diagnosis.cloud import bad, found, impatient_with, of
from thumbrun.diagnosis import folders
from thumbrun.diagnosis.findings import Check, Level
from thumbrun.storage.local.store import LocalStore

Disk = Callable[[str], Path]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with one file."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jpg").write_bytes(b"an image")
    return tmp_path / "in"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Return a function that mounts a disk with some options, which only root can do."""
    place = tmp_path / "disk"
    place.mkdir()

    def mounted(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this system mounts no file system for a test")
        return place

    yield mounted
    if place.is_mount():
        subprocess.run(["umount", str(place)], check=True)


def all_below(folder: Path) -> list[Path]:
    """Return the paths of all that lies in a folder."""
    return sorted(folder.rglob("*"))


async def test_good_folders(pictures: Path, tmp_path: Path) -> None:
    """A folder of images, and an output that a run can create, are ok, and nothing is created."""
    before = all_below(tmp_path)
    findings = await found(str(pictures), str(tmp_path / "out/thumbs"))
    assert [] == [finding for finding in bad(findings) if finding.check is not Check.SPACE]
    assert [f"file://{pictures}/", f"file://{tmp_path}/out/thumbs/"] == [
        finding.about for finding in of(findings, Check.FOLDER)
    ]
    assert before == all_below(tmp_path)


async def test_folders_that_cannot_be_used(pictures: Path, tmp_path: Path) -> None:
    """A source that is missing and an output that is a file are an error each, each with what to do."""
    source, output = bad(await found(str(tmp_path / "inn"), str(pictures / "a.jpg")))[:2]
    assert (Level.ERROR, f"SOURCE / INPUT_FOLDER is '{tmp_path}/inn', which does not exist") == (
        source.level,
        source.what,
    )
    assert f"did you mean '{pictures}'? If not, check the path" in source.mend
    assert (Level.ERROR, "give a folder") == (output.level, output.mend)


async def test_an_empty_source(tmp_path: Path) -> None:
    """A folder in which nothing lies is a warning."""
    (tmp_path / "empty").mkdir()
    findings = await found(str(tmp_path / "empty"), str(tmp_path / "out"))
    assert [f"file://{tmp_path}/empty/ is empty"] == [finding.what for finding in of(bad(findings), Check.CONTENT)]


async def test_a_disk_that_is_read_only(pictures: Path, disk: Disk) -> None:
    """An output on a file system that is read-only is an error."""
    findings = await found(str(pictures), str(disk("ro") / "out"))
    (error,) = of(bad(findings), Check.FOLDER)
    assert Level.ERROR is error.level
    assert "is on a file system that is read-only" in error.what


@pytest.mark.parametrize(
    ("options", "fill", "level"),
    [
        ("size=8k", 8192, Level.ERROR),
        ("size=8k", 10, Level.WARNING),
        ("nr_inodes=1", 0, Level.ERROR),
        ("nr_inodes=100", 0, Level.WARNING),
        ("size=200m,nr_inodes=50000", 0, Level.OK),
    ],
)
async def test_a_disk_that_is_full(pictures: Path, disk: Disk, options: str, fill: int, level: Level) -> None:
    """A disk without a free byte or inode is an error, one with few of them a warning; both say where to make room."""
    place = disk(options)
    if fill:
        (place / "filled").write_bytes(bytes(fill))
    (space,) = of(await found(str(pictures), str(place)), Check.SPACE)
    assert level is space.level
    assert ("" if level is Level.OK else f"make room on the disk of '{place}', or choose another output") == space.mend


async def test_write_creates_one_file(pictures: Path, tmp_path: Path) -> None:
    """With --write one file is created below the records, named, and no image for a later run."""
    findings = await found(str(pictures), str(tmp_path / "out"), write=True)
    (written,) = of(findings, Check.WRITE)
    files = [path for path in all_below(tmp_path / "out") if path.is_file()]
    assert [f"This object was created, and stays until you delete it: file://{path}" for path in files] == [
        written.what
    ]
    (entry,) = (await LocalStore(str(tmp_path / "out")).page("")).entries
    assert ("_thumbrun/doctor", "doctor") == (entry.name.rpartition("/")[0], entry.metadata["thumbrun-run"])


async def test_a_disk_that_does_not_answer(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder whose disk never answers is an error within a bounded time, and the next folder is checked."""
    silent, usual = Event(), folders._looked_at

    def looked_at(subject: Any, place: Any) -> Any:
        if place.source:
            silent.wait()
        return usual(subject, place)

    monkeypatch.setattr(folders, "_looked_at", looked_at)
    monkeypatch.setattr(folders, "in_time", impatient_with(f"file://{pictures}/"))
    try:
        error, *_ = bad(findings := await found(str(pictures), str(tmp_path / "out")))
    finally:
        silent.set()
    assert (Check.FOLDER, f"file://{pictures}/ did not answer within 0.2 s") == (error.check, error.what)
    assert "check the disk" in error.mend
    assert of(findings, Check.SPACE)
