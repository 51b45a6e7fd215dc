"""Decoding processes started, ended, and asked what they died of: the task's side of the fork server."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

from thumbrun.decoding.confine import cleaned
from thumbrun.decoding.protocol import LAUNCH, NUMBER

UNKNOWN = 255  # the exit code of a process whose fork server is gone, and with it the knowledge of what it died of
_START_TIMEOUT = 60.0  # seconds; it takes 0.01, and 0.3 for the first
_END_TIMEOUT = 10.0  # seconds that the kernel may need to end a process that was killed
_COMMAND = (
    "import sys; descriptor, *sys.path = sys.argv[1:]; "
    "from thumbrun.decoding import fork_server; fork_server.main(int(descriptor))"
)


class LaunchedProcess:
    """A process that was started."""

    def __init__(self, status: socket.socket, pid: int) -> None:
        """Take over `status`, where its end will be told."""
        self._status = status
        self._pid = pid

    def kill(self) -> None:
        """Kill the process, unless it is known to have ended."""
        if not _told(self._status):
            with contextlib.suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)

    def end(self) -> int:
        """Kill the process, wait for its end and return its exit code; one that is dying already keeps its own."""
        with self._status:
            for seconds in (0.05, _END_TIMEOUT):
                with contextlib.suppress(TimeoutError):
                    code = _number(self._status, seconds)
                    return UNKNOWN if code is None else code
                with contextlib.suppress(OSError):
                    os.kill(self._pid, signal.SIGKILL)
        return UNKNOWN


class Launcher:
    """Starts processes, and the fork server where none runs. One thread at a time uses it; it blocks."""

    def __init__(self) -> None:
        """Prepare; nothing is started yet."""
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def launch(self, memory: int, seconds: float) -> tuple[LaunchedProcess, socket.socket]:
        """Start a process; return it with the socket to it.

        Args:
            memory: Bytes by which it may grow.
            seconds: That one image may take.

        Raises:
            OSError, EOFError, TimeoutError: It does not start.
        """
        control = self._running()
        ours, theirs = socket.socketpair()
        status, told = socket.socketpair()
        try:
            with theirs, told:
                socket.send_fds(control, [LAUNCH.pack(memory, seconds)], [theirs.fileno(), told.fileno()])
            status.setblocking(False)
            ours.setblocking(False)
            return LaunchedProcess(status, _answered(status)), ours
        except BaseException:
            ours.close()
            status.close()
            self.close()
            raise

    def close(self) -> None:
        """End the fork server, and all of its processes with it. Calling it twice is harmless."""
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            try:
                self._server.wait(_END_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        self._control = self._server = None

    def _running(self) -> socket.socket:
        """Return the socket to a fork server that runs.

        A process must never be forked from the task itself, which runs threads and an event loop and holds secrets.
        """
        if self._server is not None and self._server.poll() is not None:
            self.close()
        if self._control is None:
            self._control, theirs = socket.socketpair()
            paths = [str(Path(path).absolute()) for path in sys.path]
            with theirs:
                self._server = subprocess.Popen(  # noqa: S603  (this Python, and code of ours)
                    [sys.executable, "-P", "-c", _COMMAND, str(theirs.fileno()), *paths],
                    cwd="/",
                    env=cleaned(os.environ),
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
        return self._control


def _answered(status: socket.socket) -> int:
    pid = _number(status, _START_TIMEOUT)
    if pid is None:
        raise EOFError("the fork server is gone")
    return pid


def _number(status: socket.socket, seconds: float) -> int | None:
    """Return the next number, or None where there will be none.

    Raises:
        TimeoutError: There is none within so many seconds.
    """
    waiting = select.poll()
    waiting.register(status, select.POLLIN)
    if not waiting.poll(seconds * 1000):
        raise TimeoutError(f"the fork server said nothing for {seconds:g} s")
    try:
        told = status.recv(NUMBER.size)
    except ConnectionError:
        return None
    return int(NUMBER.unpack(told)[0]) if len(told) == NUMBER.size else None


def _told(status: socket.socket) -> bool:
    try:
        status.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
