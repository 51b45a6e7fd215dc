"""Tests of what a launcher does with a fork server that was never used."""

import signal
import subprocess

import pytest

from thumbrun.decoding import launcher
from thumbrun.decoding.launcher import Launcher


def test_a_server_that_launched_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that finds a setting wrong ends while its fork server still imports; a wait for it would never end."""
    monkeypatch.setattr(launcher, "_COMMAND", "import signal; signal.pause()")
    monkeypatch.setattr(launcher, "_END_TIMEOUT", 3600.0)
    started = list[subprocess.Popen[bytes]]()
    start = subprocess.Popen

    def noted(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(start(*arguments, **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    idle = Launcher()
    idle.start_server()
    idle.close()
    idle.close()
    assert [-signal.SIGKILL] == [server.returncode for server in started]


def test_a_server_is_started_again_after_a_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """A launcher that was closed before it launched anything launches a process afterwards, and ends with it."""
    again = Launcher()
    again.start_server()
    again.close()
    process, ours = again.launch(1 << 28, 60.0)
    server = again._server
    assert server is not None
    ours.close()
    process.end()
    again.close()
    assert 0 == server.returncode
