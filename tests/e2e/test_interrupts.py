"""Tests commands that a user interrupts, as real processes."""

import fcntl
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.tasks import ROOT, clean_environment

_PAGE = 1 << 12  # bytes; more than the events that a command shows before its result


def waiting_bytes(descriptor: int) -> int:
    """Return how many bytes of a pipe nobody has read yet."""
    (count,) = struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))
    return int(count)


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
