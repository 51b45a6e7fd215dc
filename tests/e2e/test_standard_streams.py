"""Tests commands whose standard streams are closed, full or unread, and whose working folder is gone."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.tasks import ROOT, clean_environment

COMMANDS = ("run", "plan", "verify", "version")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one picture in `in`, and with a complete run in `out`, which no test changes."""
    folder = tmp_path_factory.mktemp("streams")
    (folder / "in").mkdir()
    Image.new("RGB", (40, 30), "red").save(folder / "in/a.jpg")
    assert 0 == ended(folder, arguments(folder, "run")).returncode
    return folder


def arguments(folder: Path, command: str) -> list[str]:
    """Return the arguments of a command that succeeds in the folder."""
    return {
        "run": ["run", str(folder / "in"), "--output", str(folder / "out"), "--run-id", "r"],
        "plan": ["plan", str(folder / "in"), "--json"],
        "verify": ["verify", str(folder / "out/r"), "--json"],
        "version": ["--version", "--verbose"],
    }[command]


def ended(
    folder: Path, arguments: Iterable[str], *, redirections: str = "", before: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run thumbrun in a shell with redirections, and return how it ended and what it printed elsewhere."""
    script = f'{before} "$@" {redirections}'
    return subprocess.run(
        ["bash", "-c", script, "bash", sys.executable, "-m", "thumbrun", *arguments],
        cwd=folder,
        env=clean_environment(PYTHONPATH=str(ROOT / "src")),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.quick(one_in=10)
@pytest.mark.parametrize("redirections", [">&-", "2>&-", "<&- >&- 2>&-", ">&- 2>&-"])
@pytest.mark.parametrize("command", COMMANDS)
def test_closed_streams(folder: Path, command: str, redirections: str) -> None:
    """A command whose standard streams are closed ends with its own exit code."""
    done = ended(folder, arguments(folder, command), redirections=redirections)
    assert 0 == done.returncode, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_has_gone(folder: Path, command: str) -> None:
    """A command whose reader has read enough, as in `| head -0`, ends with its own exit code and says nothing."""
    done = ended(folder, arguments(folder, command), redirections='| true; exit "${PIPESTATUS[0]}"')
    assert 0 == done.returncode, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.quick(one_in=3)
@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("command", ["plan", "verify", "version"])
def test_a_full_disk(folder: Path, command: str) -> None:
    """A command whose result cannot be written says so and ends with 1, because its result is lost."""
    done = ended(folder, arguments(folder, command), redirections="> /dev/full")
    assert 1 == done.returncode
    assert "the result cannot be written to standard output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("command", [["run", "{}/in"], ["run", "{}/in", "--output", "o"], ["verify", "r"], ["demo"]])
def test_a_working_folder_that_is_gone(folder: Path, command: list[str]) -> None:
    """A command that needs the working folder refuses with a sentence and writes nothing, if somebody deleted it."""
    given = [word.format(folder) for word in command]
    done = ended(folder, given, before="mkdir gone && cd gone && rmdir ../gone &&")
    assert 2 == done.returncode, done.stderr
    assert "Traceback" not in done.stderr
    assert "thumbrun did nothing, because:" in done.stderr


def test_a_working_folder_that_is_gone_and_not_needed(folder: Path) -> None:
    """A command with full paths needs no working folder."""
    done = ended(folder, arguments(folder, "verify"), before="mkdir gone && cd gone && rmdir ../gone &&")
    assert 0 == done.returncode, done.stderr


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("least", [100_000, 200_000, 400_000])
def test_too_little_address_space(folder: Path, least: int) -> None:
    """A task with too little memory ends with 1 and a sentence, or does its work; it shows no traceback."""
    given = ["run", str(folder / "in"), "--output", str(folder / "out")]
    done = ended(folder, given, before=f"ulimit -v {least};")
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or "memory" in done.stderr + done.stdout


def test_no_folder_for_temporary_files(folder: Path) -> None:
    """A run needs no folder for temporary files."""
    done = ended(folder, arguments(folder, "run"), before="TMPDIR=/nonexistent")
    assert 0 == done.returncode, done.stderr
