"""`--tasks N`: N task processes side by side on this machine, started, counted and retried as Cloud Run would.

The tasks are the real thing, `python -m thumbrun run` with the environment that an engine sets. What they log comes
back as JSON lines and is shown as one.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from thumbrun.logs import Events, Progress, parse

RETRIES = 3  # Cloud Run's default
_FINAL = frozenset((0, 2, 3, 4, 130))  # exit codes after which another attempt would say the same


@dataclass(slots=True)
class TaskState:
    """What is known of one task of the fleet.

    Attributes:
        index: Its index.
        attempt: The attempt that runs, or ran last.
        exit_code: Of the last attempt, or None while one runs.
        progress: What its last attempt reported last.
    """

    index: int
    attempt: int = 0
    exit_code: int | None = None
    progress: Progress = field(default_factory=Progress)


class Fleet:
    """Runs the tasks of one job on this machine."""

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str], tasks: int, events: Events) -> None:
        """Prepare.

        Args:
            arguments: Of the command `thumbrun run`, for every task alike.
            environ: The environment of every task, to which its index is added.
            tasks: How many.
            events: Shows what the tasks log.
        """
        self._command = [sys.executable, "-m", "thumbrun", "run", *arguments, "--log-format", "json"]
        self._environ = environ
        self._events = events
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = False
        self.tasks = [TaskState(index) for index in range(tasks)]

    async def run(self, stop: asyncio.Event) -> int:
        """Run all tasks to their end and return the exit code of the whole: the gravest of theirs.

        Args:
            stop: When set, the tasks are told to stop, and none is retried.
        """
        watcher = asyncio.ensure_future(self._stop_all(stop))
        try:
            async with asyncio.TaskGroup() as group:
                for task in self.tasks:
                    group.create_task(self._run_task(task))
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        codes = {task.exit_code for task in self.tasks}
        # Settings first, then what a retry may mend, then what it may not.
        return next((code for code in (2, 130, 1, 4, 3) if code in codes), max((code or 0) for code in codes))

    async def _stop_all(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping = True
        for process in self._processes.values():
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)

    async def _run_task(self, task: TaskState) -> None:
        while True:
            code = await self._attempt(task)
            task.exit_code = code if code >= 0 else 1
            if code in _FINAL or self._stopping or task.attempt >= RETRIES:
                return
            self._events.warning(
                "task-retried",
                f"Task {task.index} ended with {code}; attempt {task.attempt + 1} of {RETRIES}",
                task=task.index,
            )
            task.attempt += 1

    async def _attempt(self, task: TaskState) -> int:
        environ = {
            **self._environ,
            "CLOUD_RUN_TASK_INDEX": str(task.index),
            "CLOUD_RUN_TASK_COUNT": str(len(self.tasks)),
            "CLOUD_RUN_TASK_ATTEMPT": str(task.attempt),
        }
        process = await asyncio.create_subprocess_exec(
            *self._command,
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            limit=2**20,
            # A terminal's Ctrl-C reaches this process alone, which then tells the tasks: once, and in order.
            start_new_session=True,
        )
        self._processes[task.index] = process
        if self._stopping:
            process.send_signal(signal.SIGTERM)
        assert process.stdout is not None  # noqa: S101  (asked for above)
        async for line in process.stdout:
            self._show(task, line.decode("utf-8", "replace"))
        return await process.wait()

    def _show(self, task: TaskState, line: str) -> None:
        event = parse(line)
        if event is None:
            if line.strip():
                self._events.warning("task-output", f"Task {task.index}: {line.strip()}", task=task.index)
            return
        if progress := Progress.from_event(event):
            task.progress = progress
            self._events.progress(sum((t.progress for t in self.tasks), Progress()))
        elif event.severity in ("WARNING", "ERROR"):
            self._events.repeat(event)


def exit_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the variables that say which task a process is."""
    return {name: value for name, value in environ.items() if not name.startswith("CLOUD_RUN_TASK_")}


def own_environ() -> dict[str, str]:
    """Return this process's environment, without what says which task it is."""
    return exit_environ(os.environ)
