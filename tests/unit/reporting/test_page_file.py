"""Tests of the local file of a report's page."""

import os
from pathlib import Path

from thumbrun.reporting.page import GENERATOR
from thumbrun.reporting.page_file import problem_with, write


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe or a device is refused at once."""
    os.mkfifo(tmp_path / "pipe")
    for name in (tmp_path / "pipe", Path("/dev/full")):
        assert "which is no file; give the name of a file" in str(problem_with(name))


def test_a_link_is_followed(tmp_path: Path) -> None:
    """A symbolic link stays, and the page goes where it points to, be there a file or not."""
    link, page = tmp_path / "link.html", tmp_path / "pages" / "run.html"
    link.symlink_to("pages/run.html")
    assert f"there is no folder '{tmp_path}/pages'" in str(problem_with(link))
    page.parent.mkdir()
    for text in (f"{GENERATOR} one", f"{GENERATOR} two"):
        assert problem_with(link) is None
        write(link, text)
        assert link.is_symlink()
        assert text == page.read_text("utf-8")
    assert [page] == list(page.parent.iterdir())
    page.write_text("of somebody else")
    assert "a file that is no report of thumbrun" in str(problem_with(link))


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    """A link that leads nowhere is a problem, and no traceback."""
    (tmp_path / "link").symlink_to("link")
    assert "cannot be a file" in str(problem_with(tmp_path / "link"))


def test_as_long_as_a_name_can_be(tmp_path: Path) -> None:
    """The name of the page can have 255 bytes, and nothing lies beside the page."""
    target = tmp_path / ("p" * 250 + ".html")
    assert problem_with(target) is None
    write(target, "page")
    assert "page" == target.read_text("utf-8")
    assert [target] == list(tmp_path.iterdir())
