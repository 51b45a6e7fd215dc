"""Tests that `--tasks N` leaves no process behind, however it ends. The tasks wait for the test in the middle."""

import os
import pty
import signal
import sys
from collections.abc import Iterator

import psutil
import pytest

from tests.e2e.tasks import ROOT, clean_environment
from tests.faults.wire.stage import Stage, let_through, wait_until
from tests.faults.wire.world import OUTPUT, PREFIX, SOURCE

COMMAND = ["run", f"gs://{SOURCE}/{PREFIX}", "--output", f"gs://{OUTPUT}", "--tasks", "2", "--workers", "2"]


@pytest.fixture
def environment(stage: Stage) -> Iterator[dict[str, str]]:
    """Return the environment of a command whose tasks read two images and then wait."""
    stage.world.fill(12)
    let_through(stage.proxy, 2)
    yield clean_environment(STORAGE_EMULATOR_HOST=stage.proxy.url)
    stage.proxy.release()


def two_tasks_at_work(stage: Stage, parent: psutil.Process) -> list[psutil.Process]:
    """Wait until both tasks of a command are at work; return all processes below the command."""
    wait_until(stage.proxy.held.is_set)
    wait_until(lambda: stage.thumbnails() == 2)
    wait_until(lambda: len(parent.children()) == 2)
    wait_until(lambda: all(task.children() for task in parent.children()))
    below: list[psutil.Process] = parent.children(recursive=True)
    return below


def wait_for_the_end_of(processes: list[psutil.Process]) -> None:
    """Wait until no process is left."""
    wait_until(lambda: not [process for process in processes if process.is_running()])


def test_a_killed_parent_leaves_no_orphan(stage: Stage, environment: dict[str, str]) -> None:
    """If the command is killed, its tasks stop, and their decoding processes end."""
    task = stage.tasks.command(*COMMAND, environment=environment)
    below = two_tasks_at_work(stage, psutil.Process(task.process.pid))
    task.kill()
    wait_for_the_end_of(below)


def test_a_closed_terminal_ends_all_tasks(stage: Stage, environment: dict[str, str]) -> None:
    """If the terminal closes, the command hands back and exits, and no process is left."""
    pid, terminal = pty.fork()
    if not pid:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, which can have started these tests, ignores it
        os.chdir(ROOT)
        os.execve(sys.executable, [sys.executable, "-m", "thumbrun", *COMMAND], environment)  # noqa: S606
    parent = psutil.Process(pid)
    below = two_tasks_at_work(stage, parent)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert 130 == os.waitstatus_to_exitcode(status)
    wait_for_the_end_of(below)


@pytest.mark.slow
def test_a_task_that_cannot_be_started_ends_the_others(stage: Stage, environment: dict[str, str]) -> None:
    """If the machine starts no second task, the first one ends, and one sentence says what to check."""
    task = stage.tasks.module("tests.faults.wire.second_task_fails", *COMMAND, environment=environment)
    assert 1 == task.wait(), task.output()
    assert "thumbrun cannot start a task: [Errno 11] Resource temporarily unavailable" in task.output()
    assert "check the number of processes" in task.output()
    assert "Traceback" not in task.output()


@pytest.mark.slow
def test_a_stopped_command_stops_its_tasks(stage: Stage, environment: dict[str, str]) -> None:
    """SIGTERM to the command stops all tasks."""
    task = stage.tasks.command(*COMMAND, environment=environment)
    below = two_tasks_at_work(stage, psutil.Process(task.process.pid))
    task.process.send_signal(signal.SIGTERM)
    assert 130 == task.wait(), task.output()
    wait_for_the_end_of(below)
