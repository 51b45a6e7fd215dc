"""The local file of a report's page."""

import contextlib
import os
import stat
from pathlib import Path

from thumbrun.console import quoted
from thumbrun.errors import ThumbrunError
from thumbrun.reporting.page import GENERATOR

_HEAD = 1024  # bytes of a page in which it says who made it


def problem_with(target: Path) -> str | None:
    """Return why the page cannot be written to a file, or None if it can. Only another page is replaced.

    A symbolic link stands for the file that it names, there or not.
    """
    folder = _followed(target).parent
    try:
        mode = target.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a pipe would be waited for
            return f"--out is {quoted(str(target))}, which is no file; give the name of a file"
        with target.open("rb") as file:
            own = GENERATOR.encode() in file.read(_HEAD)
    except FileNotFoundError:
        if not folder.is_dir():
            return f"--out is {quoted(str(target))}, but there is no folder {quoted(str(folder))}"
    except OSError as error:
        return f"--out is {quoted(str(target))}, which cannot be a file: {error.strerror}"
    else:
        if not own:
            return f"--out is {quoted(str(target))}, a file that is no report of thumbrun; give another name"
    return None


def write(target: Path, text: str) -> None:
    """Write the page whole or not at all.

    Raises:
        ThumbrunError: It cannot be written.
    """
    file = _followed(target)
    beside = file.with_name(f".thumbrun-report.{os.getpid()}")  # the name of the page can be as long as a name can be
    try:
        beside.write_text(text, "utf-8")
        beside.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise ThumbrunError(
            f"the report cannot be written to {target}: {error.strerror}", hint="choose another file with --out"
        ) from error


def _followed(target: Path) -> Path:
    """Return the file that a path names, which is another one if the path is a symbolic link."""
    return Path(os.path.realpath(target)) if target.is_symlink() else target
