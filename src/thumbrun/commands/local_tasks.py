"""`--tasks N`: N task processes side by side on this machine, started, counted and retried as Cloud Run would.

The tasks are the real thing, `python -m thumbrun run` with the environment that an engine sets. Which run they work on
is agreed first, so that a task which starts late finds the same one. What they log comes back as JSON lines and is
shown as one.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from thumbrun.clock import Clock
from thumbrun.environment.task_identity import without_task
from thumbrun.logs.choose import FLEET_VARIABLE
from thumbrun.logs.events import Event, Events, Progress
from thumbrun.logs.lines import parse
from thumbrun.outcomes import Tally
from thumbrun.runs.round_claim import last_summary
from thumbrun.settings.declared import DECLARED
from thumbrun.settings.derived import run_folder
from thumbrun.settings.resolved import Settings, share
from thumbrun.task.join_run import join_run
from thumbrun.task.open_stores import Stores, make_local_folders
from thumbrun.task.runner import TaskResult

RETRIES = 3  # Cloud Run's default
_FINAL = frozenset((0, 2, 3, 4, 130))  # exit codes after which another attempt would say the same
# Which exit code speaks for all: wrong settings, an interruption, what a retry may mend, and so on.
_GRAVEST_FIRST = (2, 130, 1, 4, 3, 0)
_LONGEST_LINE = 1 << 20


async def run_local_tasks(
    settings: Settings, flags: Mapping[str, str | None], events: Events, stop: asyncio.Event, clock: Clock
) -> tuple[int, TaskResult | None]:
    """Run a job's tasks on this machine.

    Args:
        settings: Of the job, and how many tasks.
        flags: The text of each flag that was given, by the setting's name.
        events: Shows what the tasks say.
        stop: When set, the tasks are told to stop, and none is retried.
        clock: Time and chance.

    Returns:
        The exit code of the whole, and what came of the run, or None if it is not complete.
    """
    began = clock.monotonic()
    tasks = settings.tasks or 1
    make_local_folders(settings)
    async with Stores(settings, events, clock) as stores:
        agreed = await join_run(settings, stores, clock)
        events.label(run=agreed.run_id)
        events.info("run-agreed", f"Run {agreed.run_id} ({agreed.how})", began=agreed.began.isoformat())
        environ = _environ(settings, flags, agreed.run_id, tasks)
        # Attempts of one task can be told from one another only within one execution.
        environ["CLOUD_RUN_EXECUTION"] = f"{agreed.run_id}-{clock.nonce()}"
        running = _LocalTasks(settings, environ, tasks, events)
        code = await running.run(stop)
        summary = await last_summary(stores.state, agreed.run_id)
        if summary is None:
            return code, None
        tally = Tally.from_record(summary)
        folder = stores.output.uri(run_folder(settings, agreed.run_id))
        return code, TaskResult(agreed.run_id, folder, tally, tally, clock.monotonic() - began, listed=False)


def _environ(settings: Settings, flags: Mapping[str, str | None], run_id: str, tasks: int) -> dict[str, str]:
    """Return what every task finds in its environment: this process's own, the flags, and the run."""
    environ = without_task(os.environ)
    environ.pop("CLOUD_RUN_JOB", None)
    for setting in DECLARED:
        text = flags.get(setting.name)
        if setting.variable and text is not None and setting.name not in ("source", "resume"):
            environ[setting.variable] = text
    for name in ("THUMBRUN_RUN_ID", "THUMBRUN_NEW"):
        environ.pop(name, None)
    own = share(settings, tasks)
    return environ | {
        FLEET_VARIABLE: "1",
        "THUMBRUN_RESUME": run_id,
        "THUMBRUN_LOG_FORMAT": "json",
        "THUMBRUN_WORKERS": str(own.workers),
        "THUMBRUN_MEMORY": str(own.memory),
    }


def _arguments(settings: Settings) -> list[str]:
    """Return the arguments of every task's command; its settings stand in the environment."""
    if settings.retry is not None:
        reasons = [argument for reason in sorted(settings.retry) for argument in ("--reason", reason)]
        return ["retry", settings.resume or "", *reasons]
    source = settings.source
    return ["run", source.root if source.scheme == "file" else source.uri()]


@dataclass(slots=True)
class _Task:
    """What is known of one task."""

    index: int
    attempt: int = 0
    exit_code: int = 0
    progress: Progress = field(default_factory=Progress)


class _LocalTasks:
    """Task processes, and what they say."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], tasks: int, events: Events) -> None:
        self._command = [sys.executable, "-m", "thumbrun", *_arguments(settings)]
        self._environ = environ
        self._events = events
        self._tasks = [_Task(index) for index in range(tasks)]
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._said: set[str] = set()
        self._stopping = False

    async def run(self, stop: asyncio.Event) -> int:
        """Run all tasks to their end and return the exit code that speaks for all."""
        watcher = asyncio.ensure_future(self._stop_all(stop))
        try:
            async with asyncio.TaskGroup() as group:
                for task in self._tasks:
                    group.create_task(self._run_task(task))
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        codes = {task.exit_code for task in self._tasks}
        return next((code for code in _GRAVEST_FIRST if code in codes), 1)

    async def _stop_all(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping = True
        for process in self._processes.values():
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)

    async def _run_task(self, task: _Task) -> None:
        while True:
            code = await self._attempt(task)
            task.exit_code = code if code in _FINAL else 1
            if code in _FINAL or self._stopping or task.attempt >= RETRIES:
                return
            task.attempt += 1
            self._events.warning(
                "task-retried",
                f"Task {task.index} ended with {code}; retry {task.attempt} of {RETRIES}",
                task=task.index,
            )

    async def _attempt(self, task: _Task) -> int:
        environ = {
            **self._environ,
            "CLOUD_RUN_TASK_INDEX": str(task.index),
            "CLOUD_RUN_TASK_COUNT": str(len(self._tasks)),
            "CLOUD_RUN_TASK_ATTEMPT": str(task.attempt),
        }
        process = await asyncio.create_subprocess_exec(
            *self._command,
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            # A terminal's Ctrl-C reaches this process alone, which then tells the tasks, once.
            start_new_session=True,
        )
        self._processes[task.index] = process
        if self._stopping:
            process.send_signal(signal.SIGTERM)
        if process.stdout is None:
            raise AssertionError("standard output was asked for")
        async for line in process.stdout:
            self._show(task, line.decode("utf-8", "replace").strip())
        return await process.wait()

    def _show(self, task: _Task, line: str) -> None:
        event = parse(line)
        if event is None:
            if line:
                self._events.warning("task-output", f"Task {task.index}: {line}", task=task.index)
        elif progress := Progress.from_event(event):
            task.progress = progress
            self._events.progress(sum((other.progress for other in self._tasks), Progress()))
        elif event.severity in ("WARNING", "ERROR") and not self._said_by_another(event):
            self._events.repeat(event)

    def _said_by_another(self, event: Event) -> bool:
        """Whether an error was shown before: what fails all tasks need not be read once for each."""
        if event.severity != "ERROR" or event.message in self._said:
            return event.severity == "ERROR"
        self._said.add(event.message)
        return False
