"""Starts and ends decoding processes and learns how they ended: the task's side of the fork server.

The fork server ends when nobody holds the other end of its socket any more. So a process that the task forks, as
`multiprocessing` can, gives up what it inherits: else the fork server would outlive a task that is killed.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
import weakref
from pathlib import Path

from thumbrun.decoding.confine import cleaned
from thumbrun.decoding.protocol import LAUNCH, NUMBER

UNKNOWN = 255  # stands for the exit code if the fork server is gone, since only it knew the real one
_START_TIMEOUT = 60.0  # seconds; a start takes 0.01 s, the first one 0.3 s
_END_TIMEOUT = 10.0  # seconds that the kernel might need to end a killed process
_COMMAND = (
    "import sys; descriptor, *sys.path = sys.argv[1:]; "
    "from thumbrun.decoding import fork_server; fork_server.main(int(descriptor))"
)
_PROCESSOR_CLOCK = 2  # Linux makes a process's clock of its id and this (clock_getcpuclockid(3), CPUCLOCK_SCHED)


class LaunchedProcess:
    """A decoding process that a `Launcher` started."""

    def __init__(self, status: socket.socket, pid: int) -> None:
        """Take over `status`, the socket that will report the end of the process."""
        self._status = status
        self._pid = pid

    def kill(self) -> None:
        """Kill the process, unless it is known to have ended."""
        if not _has_ended(self._status):
            with contextlib.suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)

    @property
    def processor_seconds(self) -> float | None:
        """The processor time that the process has used, or None if this system does not tell."""
        if sys.platform != "linux" or _has_ended(self._status):
            return None
        try:
            return time.clock_gettime(~self._pid << 3 | _PROCESSOR_CLOCK)
        except OSError:
            return None

    def abandon(self) -> None:
        """Kill the process, and do not wait for its end."""
        with self._status:
            self.kill()

    def end(self) -> int:
        """Kill the process, wait for its end and return its exit code. If it is already dying, its own code counts."""
        with self._status:
            for seconds in (0.05, _END_TIMEOUT):
                with contextlib.suppress(TimeoutError):
                    code = _number(self._status, seconds)
                    return UNKNOWN if code is None else code
                with contextlib.suppress(OSError):
                    os.kill(self._pid, signal.SIGKILL)
        return UNKNOWN


class Launcher:
    """Starts decoding processes, and the fork server if none runs. It blocks; only one thread at a time uses it."""

    def __init__(self) -> None:
        """Set up the launcher; nothing is started yet."""
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._has_launched = False
        _launchers.add(self)

    def start_server(self) -> None:
        """Start the fork server, and do not wait for it. If it cannot be started, `launch` will say why."""
        with contextlib.suppress(OSError):
            self._running()

    def launch(self, memory: int, seconds: float) -> tuple[LaunchedProcess, socket.socket]:
        """Start a process; return it and the socket to it.

        Args:
            memory: The number of bytes by which it may grow.
            seconds: The number of seconds that one image may take.

        Raises:
            OSError, EOFError, TimeoutError: The process does not start.
        """
        control = self._running()
        ours, theirs = socket.socketpair()
        status, told = socket.socketpair()
        try:
            with theirs, told:
                self._has_launched = True
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
        """End the fork server and all its processes. Calling it twice is harmless."""
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_RDWR)  # a process that was just forked might still hold it
            self._control.close()
        if self._server is not None:
            if not self._has_launched:  # it might still import, and has no process to end
                self._server.kill()
            try:
                self._server.wait(_END_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        self._control = self._server = None
        self._has_launched = False

    def forget(self) -> None:
        """Give up the fork server in a process that was forked, without ending it: it serves the parent."""
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            self._server.returncode = 0  # it is the parent that waits for it
        self._control = self._server = None
        self._has_launched = False

    def _running(self) -> socket.socket:
        """Return the socket to the fork server; start the server if it does not run.

        The task itself must never fork, because it runs threads and an event loop and holds secrets.
        """
        if self._server is not None and self._server.poll() is not None:
            self.close()
        if self._control is None:
            self._control, theirs = socket.socketpair()
            paths = [str(Path(path).absolute()) for path in sys.path]
            with theirs:
                self._server = subprocess.Popen(  # noqa: S603  (it runs this Python with thumbrun's own code)
                    [sys.executable, "-P", "-c", _COMMAND, str(theirs.fileno()), *paths],
                    cwd="/",
                    env=cleaned(os.environ),
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    process_group=0,  # Ctrl-C in a terminal is for the task alone, even while the server still starts
                )
        return self._control


_launchers = weakref.WeakSet[Launcher]()


def _forget_all() -> None:
    for launcher in _launchers:
        launcher.forget()


os.register_at_fork(after_in_child=_forget_all)


def _answered(status: socket.socket) -> int:
    pid = _number(status, _START_TIMEOUT)
    if pid is None:
        raise EOFError("the fork server has ended")
    return pid


def _number(status: socket.socket, seconds: float) -> int | None:
    """Return the next number, or None if no more will come.

    Raises:
        TimeoutError: No number came within `seconds`.
    """
    waiting = select.poll()
    waiting.register(status, select.POLLIN)
    if not waiting.poll(seconds * 1000):
        raise TimeoutError(f"the fork server did not answer within {seconds:g} s")
    try:
        told = status.recv(NUMBER.size)
    except ConnectionError:
        return None
    return int(NUMBER.unpack(told)[0]) if len(told) == NUMBER.size else None


def _has_ended(status: socket.socket) -> bool:
    try:
        status.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
