"""Tests of the local file of a report's page."""

import os
from pathlib import Path

from thumbrun.reporting.page_file import problem_with, write


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe or a device is refused at once."""
    os.mkfifo(tmp_path / "pipe")
    for name in (tmp_path / "pipe", Path("/dev/full")):
        assert "which is no file; give the name of a file" in str(problem_with(name))


def test_as_long_as_a_name_can_be(tmp_path: Path) -> None:
    """The name of the page can have 255 bytes, and nothing lies beside the page."""
    target = tmp_path / ("p" * 250 + ".html")
    assert problem_with(target) is None
    write(target, "page")
    assert "page" == target.read_text("utf-8")
    assert [target] == list(tmp_path.iterdir())
