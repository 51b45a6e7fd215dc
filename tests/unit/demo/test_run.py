"""Tests of the demo without its pictures: the folders that it accepts, and the surprises that it reports."""

from pathlib import Path

import pytest

from thumbrun.demo.run import MARKER, claim, fits_folder, unexpected
from thumbrun.demo.sample import Sample
from thumbrun.errors import SettingsError
from thumbrun.outcomes import Reason, Status
from thumbrun.reporting.content import Cell


def test_a_new_folder_is_taken(tmp_path: Path) -> None:
    """The demo accepts a folder that does not exist or is empty."""
    claim(tmp_path / "new" / "demo")
    claim(tmp_path / "new" / "demo")
    assert (tmp_path / "new" / "demo" / MARKER).is_file()


def test_an_earlier_demo_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    """The demo deletes the results of an earlier demo, and keeps a user's file beside them."""
    claim(tmp_path)
    (tmp_path / "thumbnails").mkdir()
    (tmp_path / "thumbnails" / "old.jpg").touch()
    (tmp_path / "mine.txt").touch()
    claim(tmp_path)
    assert {MARKER, "mine.txt"} == {path.name for path in tmp_path.iterdir()}


def test_a_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    """The demo refuses a folder with other files, so `--folder ~/Pictures` deletes no thumbnails."""
    (tmp_path / "thumbnails").mkdir()
    with pytest.raises(SettingsError, match="must be new or empty"):
        claim(tmp_path)
    assert (tmp_path / "thumbnails").is_dir()


def test_a_file_is_refused(tmp_path: Path) -> None:
    """The demo refuses a file, as in `--folder README.md`."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="which is a file"):
        claim(tmp_path / "file")


@pytest.mark.parametrize(
    ("path", "fits"), [("a/b.jpg", True), ("a//b.jpg", False), ("a/", False), ("a/no suffix", False), ("🎈?.png", True)]
)
def test_only_what_a_folder_can_show_goes_into_one(path: str, fits: bool) -> None:
    """Without an emulator, the demo leaves out samples that only a bucket can hold."""
    assert fits is fits_folder(Sample(path, b"x", None, "note"))


def test_a_surprise_is_said() -> None:
    """A sample with a wrong outcome, without one, or with one that it should not have, gets a sentence."""
    drawn = [
        Sample("fine.jpg", b"", None, ""),
        Sample("fails.jpg", b"", None, "", Status.FAILED, Reason.TRUNCATED),
        Sample("lost.jpg", b"", None, ""),
        Sample("readme.txt", b"", None, "", None),
    ]
    cells = [
        Cell("fine.jpg", "fine.jpg", Status.DONE),
        Cell("fails.jpg", "", Status.FAILED, Reason.CRASHED),
        Cell("readme.txt", "readme.txt.jpg", Status.DONE),
    ]
    assert [
        "'fails.jpg': the demo expected 'failed truncated', but the outcome is 'failed crashed'",
        "'lost.jpg': the demo expected 'done', but the outcome is 'no item'",
        "'readme.txt': the demo expected 'no item', but the outcome is 'done'",
    ] == unexpected(drawn, cells)
