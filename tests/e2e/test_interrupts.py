"""Tests commands that a user interrupts, as real processes."""

import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from tests.e2e.tasks import ROOT, clean_environment
from tests.unit.imaging.samples import running

_PAGE = 1 << 12  # bytes; more than the events that a command shows before its result


def waiting_bytes(descriptor: int) -> int:
    """Return how many bytes of a pipe nobody has read yet."""
    (count,) = struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))
    return int(count)


@pytest.mark.quick(one_in=4)
@pytest.mark.parametrize("command", ["plan", "verify"])
def test_ctrl_c_ends_a_command_whose_output_nobody_reads(tmp_path: Path, command: str) -> None:
    """A command that waits for the reader of its result ends with 130 at the first Ctrl-C."""
    (tmp_path / "in").mkdir()
    Image.new("RGB", (40, 30), "red").save(tmp_path / "in/a.jpg")
    thumbrun = [sys.executable, "-m", "thumbrun"]
    where = {"cwd": ROOT, "env": clean_environment()}
    arguments = ["plan", str(tmp_path / "in"), "--tasks", "1000", "--json"]
    if command == "verify":
        output = tmp_path / "out"
        run = [*thumbrun, "run", str(tmp_path / "in"), "--output", str(output), "--run-id", "r"]
        subprocess.run(run, check=True, capture_output=True, **where)  # type: ignore[call-overload]
        for number in range(1000):
            (output / "r" / f"{number:0200}").touch()  # objects that nothing explains, each a line of the result
        arguments = ["verify", str(output / "r"), "--json", "--quick"]
    with subprocess.Popen([*thumbrun, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **where) as task:  # type: ignore[call-overload]
        while waiting_bytes(task.stdout.fileno()) <= _PAGE:  # the rest of the result does not fit into the pipe
            assert task.poll() is None
            time.sleep(0.01)
        task.send_signal(signal.SIGINT)
        assert 130 == task.wait()


INTERRUPTED_IMPORT = """
import os, runpy, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv = ["thumbrun", "run", {source!r}, "--output", {output!r}]
runpy.run_module("thumbrun", run_name="__main__")
"""


@pytest.mark.parametrize(
    "module", ["thumbrun.cli", "thumbrun.formats", "thumbrun.commands.run", "thumbrun.task.runner"]
)
def test_ctrl_c_while_the_command_is_loaded(tmp_path: Path, module: str) -> None:
    """Ctrl-C ends the command without a traceback even before its first line runs."""
    (tmp_path / "in").mkdir()
    code = INTERRUPTED_IMPORT.format(module=module, source=str(tmp_path / "in"), output=str(tmp_path / "out"))
    ended = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert (130, "", "") == (ended.returncode, ended.stdout, ended.stderr)


async def test_ctrl_c_does_not_reach_what_decodes() -> None:
    """A terminal interrupts the task's group of processes; the fork server and its children have one of their own."""
    async with running(2) as pool:
        assert pool.is_confined or sys.platform != "linux"
        children = psutil.Process().children(recursive=True)
        assert len(children) >= 3
        assert os.getpgrp() not in {os.getpgid(child.pid) for child in children}
