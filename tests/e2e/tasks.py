"""Start real task processes, kill them, and see how they end."""

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
# What a task must not inherit from whoever runs the tests.
_OWN = ("THUMBRUN_", "CLOUD_RUN_", "TASK_", "INPUT_", "OUTPUT_", "STORAGE_", "GOOGLE_", "BATCH_", "SLURM_", "AWS_")


def clean_environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without anything that thumbrun reads, and with the given variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
    return kept | variables


def cloud_run(index: int, count: int, attempt: int = 0, execution: str | None = None) -> dict[str, str]:
    """Return the variables by which Cloud Run tells a task what it is."""
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
        """Start it, its output going to a file."""
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
        """Send a signal to the process and to all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """Kill the process as the machine going away does: it and all that it started, at once."""
        self.send(signal.SIGKILL)
        self.process.wait()

    def wait(self, seconds: float = 600) -> int:
        """Return its exit code; where it hangs, the test's own time limit ends the wait first."""
        return self.process.wait(seconds)

    def output(self) -> str:
        """Return what it printed."""
        return self._log.read_text()


class Tasks:
    """The task processes of one test, all gone when it ends."""

    def __init__(self, folder: Path) -> None:
        """Keep their output in a folder."""
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
        """Return what all of them printed, for the message of an assertion."""
        return "\n".join(task.output() for task in self._started)

    def kill_all(self) -> None:
        """Leave none behind."""
        for task in self._started:
            task.kill()


@contextmanager
def task_processes(folder: Path) -> Iterator[Tasks]:
    """Yield a place to start tasks from; all are killed at the end."""
    tasks = Tasks(folder)
    try:
        yield tasks
    finally:
        tasks.kill_all()
