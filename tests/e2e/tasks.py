"""Starts real task processes, kills them, and returns their exit codes and output."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.steady.decoded import with_stand_in

ROOT = Path(__file__).parents[2]
ENTRY = str(ROOT / "process.py")
# A task must not inherit variables with these prefixes from the shell that runs the tests.
_OWN = (
    "THUMBRUN_",
    "CLOUD_RUN_",
    "CLOUDSDK_",
    "TASK_",
    "INPUT_",
    "OUTPUT_",
    "STORAGE_",
    "GOOGLE_",
    "BATCH_",
    "SLURM_",
    "AWS_",
)


def clean_environment(**variables: str) -> dict[str, str]:
    """Return this process's environment with the given variables, and without any other that thumbrun reads."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
    return kept | variables


def cloud_run(index: int, count: int, attempt: int = 0, execution: str | None = None) -> dict[str, str]:
    """Return the variables that Cloud Run sets for a task."""
    variables = {
        "CLOUD_RUN_TASK_INDEX": str(index),
        "CLOUD_RUN_TASK_COUNT": str(count),
        "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
    }
    return variables | ({"CLOUD_RUN_EXECUTION": execution} if execution else {})


class Task:
    """One task process, in a process group of its own.

    Attributes:
        process: The process.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        """Start the process; its output goes to a file."""
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                env=dict(environment),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and to all processes that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """Kill the process and all processes that it started at once, as when the machine goes away."""
        self.send(signal.SIGKILL)
        self.process.wait()

    def wait(self, seconds: float = 600) -> int:
        """Wait for the exit code and return it; if the process hangs, the test's own time limit ends the wait first."""
        return self.process.wait(seconds)

    def output(self) -> str:
        """Return the text that the process printed."""
        return self._log.read_text()


class Tasks:
    """The task processes of one test; all are killed when it ends."""

    def __init__(self, folder: Path) -> None:
        """Set the folder for the output of the tasks; no task is started yet."""
        self._folder = folder
        self._started: list[Task] = []

    def start(self, environment: Mapping[str, str]) -> Task:
        """Start `python process.py`."""
        return self._start([sys.executable, ENTRY], environment)

    def command(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Task:
        """Start the command `thumbrun`."""
        return self._start([sys.executable, "-m", "thumbrun", *arguments], environment or clean_environment())

    def module(self, module: str, *arguments: str, environment: Mapping[str, str]) -> Task:
        """Start a module of the tests, from the root of the project."""
        return self._start([sys.executable, "-m", module, *arguments], environment)

    def _start(self, command: list[str], environment: Mapping[str, str]) -> Task:
        task = Task(command, with_stand_in(environment), self._folder / f"task-{len(self._started)}.log")
        self._started.append(task)
        return task

    def outputs(self) -> str:
        """Return the output of all tasks, for the message of an assertion."""
        return "\n".join(task.output() for task in self._started)

    def kill_all(self) -> None:
        """Kill all tasks."""
        for task in self._started:
            task.kill()


@contextmanager
def task_processes(folder: Path) -> Iterator[Tasks]:
    """Yield an object that starts tasks, and kill all of them at the end."""
    tasks = Tasks(folder)
    try:
        yield tasks
    finally:
        tasks.kill_all()
