"""Tests of what a person reads in a terminal of 60 or 120 columns."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.e2e.tasks import clean_environment
from tests.photographs import photographs

COLUMNS = 60


def in_terminal(*arguments: str, folder: Path, columns: int = COLUMNS) -> str:
    """Run the command in a terminal, and return what it shows."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environ = clean_environment(TERM="xterm", NO_COLOR="1")
    environ.pop("COLUMNS", None)
    command = [sys.executable, "-m", "thumbrun", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, cwd=folder) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not more:
                break
            shown += more
        process.wait()
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r\n", "\n")


@pytest.mark.quick(one_in=4)
@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "nowhere-at-all", "--format", "jpg"),
        ("plan", "in"),
        ("run", "in", "--size", "50", "--exclude", "*.jpg"),
        ("verify", "nowhere"),
    ],
)
def test_no_word_is_broken(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Lines end between words: only a line of a single long word is longer than the terminal is wide."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(next(iter(photographs().values())))
    (tmp_path / "in" / "letter.txt").write_text("no image")
    shown = in_terminal(*arguments, folder=tmp_path)
    assert "did nothing" in shown or "1 " in shown
    for line in shown.splitlines():
        assert len(line) <= COLUMNS or " " not in line.strip(" -"), shown


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("columns", [60, 120])
def test_several_tasks_show_their_progress(tmp_path: Path, columns: int) -> None:
    """`--tasks` shows the progress of all, that of each task, and the failures so far by reason."""
    (tmp_path / "in").mkdir()
    whole = next(iter(photographs().values()))
    for number in range(8):
        (tmp_path / "in" / f"{number}.jpg").write_bytes(whole if number % 4 else whole[: len(whole) // 2])
    shown = in_terminal("run", "in", "--tasks", "3", "--output", "out", folder=tmp_path, columns=columns)
    lines = re.split(r"[\r\n]", shown)
    assert "8/8  2 failed" in shown
    for task in range(3):
        assert re.search(rf"task {task} .*\d/\d", shown)
    assert "failed: 2 truncated" in lines
    assert "The run is complete: 6 done, 2 failed (2 truncated)." in re.sub(r"\s+", " ", shown)
    assert columns - 3 == max(len(line) for line in lines if re.search(r"^task \d|/8", line))  # room for ^C
