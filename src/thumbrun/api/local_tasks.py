"""`--tasks N`: run N task processes side by side on this machine, and start and retry them as Cloud Run would.

The tasks are real ones: `python -m thumbrun run` in the environment that an engine sets. This process first agrees on
the run, so that a task that starts late finds the same run. The tasks log JSON lines, which this process shows as one
log. However this process ends, its tasks end: they stop once the pipe closes that it holds open to them.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from thumbrun.clock import Clock
from thumbrun.environment.task_identity import without_task
from thumbrun.errors import ThumbrunError
from thumbrun.logs.choose import LOCAL_TASKS_VARIABLE
from thumbrun.logs.events import Event, Events, Progress
from thumbrun.logs.lines import parse
from thumbrun.outcomes import Tally
from thumbrun.planning.plan import read_plan
from thumbrun.planning.survey import count_of_unlisted, describe_left_out, left_out
from thumbrun.runs.summaries import last_summary
from thumbrun.settings.declared import DECLARED
from thumbrun.settings.named_run import run_arguments
from thumbrun.settings.planning_inputs import names_shared, run_folder
from thumbrun.settings.resolved import Settings, share
from thumbrun.settings.values import location_from_record
from thumbrun.task.join_run import join_run
from thumbrun.task.local_folders import prepare_local_folders
from thumbrun.task.open_stores import Stores, check_credentials
from thumbrun.task.task_result import TaskResult

RETRIES = 3  # Cloud Run's default
_FINAL = frozenset((0, 2, 3, 4, 130))  # exit codes after which another attempt would end in the same way
# The first of these that a task ended with is the exit code of the whole command.
_GRAVEST_FIRST = (2, 130, 1, 4, 3, 0)
# Events that only one task tells: the one that has listed the source, or the first one.
_FROM_ONE = ("pattern-unmatched", "nothing-to-retry")
_LONGEST_LINE = 1 << 20
_PROGRAM = (sys.executable, "-m", "thumbrun")
_STOP_SECONDS = 10.0  # a task that is told to stop needs less (`task.runner`)


async def run_local_tasks(
    settings: Settings,
    environ: Mapping[str, str],
    flags: Mapping[str, str | None],
    events: Events,
    stop: asyncio.Event,
    clock: Clock,
    *,
    stderr: int | None = None,
) -> tuple[int, TaskResult | None]:
    """Run all tasks of a job on this machine.

    Args:
        settings: The settings of the job, the number of tasks included.
        environ: The environment that the tasks inherit.
        flags: The text of each flag that was given, by the setting's name.
        events: Shows the events of the tasks.
        stop: When this is set, the tasks are told to stop, and none is retried.
        clock: The source of time and chance.
        stderr: Where the standard error of the tasks goes, as for `subprocess`; None: to that of this process.

    Returns:
        The exit code of the command, and the result of the run, or None if the run is not complete.
    """
    began = clock.monotonic()
    tasks = settings.tasks or 1
    check_credentials(settings)
    prepare_local_folders(settings)
    async with Stores(settings, events, clock) as stores:
        agreed = await join_run(settings, stores, clock)
        events.label(run=agreed.run_id)
        events.info("run-agreed", f"Run {agreed.run_id} ({agreed.how})", began=agreed.began.isoformat())
        of_tasks = _environ(settings, environ, flags, agreed.run_id, tasks)
        # The attempts of one task are distinct only within one execution.
        of_tasks["CLOUD_RUN_EXECUTION"] = f"{agreed.run_id}-{clock.nonce()}"
        running = _LocalTasks(settings, of_tasks, tasks, events, stderr)
        code = await running.run(stop)
        summary = await last_summary(stores.state, agreed.run_id)
        if summary is None:
            return code, None
        tally = Tally.from_record(summary)
        folder = stores.output.uri(run_folder(settings, agreed.run_id))
        plan = await read_plan(stores.state, stores.state.names.run(agreed.run_id))
        unlisted = count_of_unlisted(plan.seen) if plan else 0
        if plan and plan.items and (out := left_out(plan.seen)):
            events.info("left-out", describe_left_out(plan.seen), objects=sum(out.values()), kinds=out)
        if plan and agreed.is_new and (shared := names_shared(settings, plan)):
            events.info("names-shared", shared)
        seconds = clock.monotonic() - began
        named = run_arguments(agreed.run_id, settings.output, settings.state)
        page = stores.state.names.run(agreed.run_id).report("html", summary["round"])
        report = stores.state.store.uri(page) if await stores.state.store.stat(page) else ""
        return code, TaskResult(
            agreed.run_id, folder, tally, tally, seconds, False, named, tally, unlisted, report=report
        )


def _environ(
    settings: Settings, inherited: Mapping[str, str], flags: Mapping[str, str | None], run_id: str, tasks: int
) -> dict[str, str]:
    """Return the environment of every task: what it inherits, and in it the flags and the run."""
    environ = without_task(inherited)
    environ.pop("CLOUD_RUN_JOB", None)
    for setting in DECLARED:
        text = flags.get(setting.name)
        if setting.variable and text is not None and setting.name not in ("source", "resume"):
            environ[setting.variable] = text
    for name in ("THUMBRUN_RUN_ID", "THUMBRUN_NEW"):
        environ.pop(name, None)
    own = share(settings, tasks)
    return environ | {
        LOCAL_TASKS_VARIABLE: "1",
        "THUMBRUN_RESUME": run_id,
        "THUMBRUN_LOG_FORMAT": "json",
        "THUMBRUN_WORKERS": str(own.workers),
        "THUMBRUN_MEMORY": str(own.memory),
    }


def _arguments(settings: Settings) -> list[str]:
    """Return the arguments of every task's command; its settings are in the environment."""
    if settings.retry is not None:
        reasons = [argument for reason in sorted(settings.retry) for argument in ("--reason", reason)]
        return ["retry", settings.resume or "", *reasons]
    return ["run", location_from_record(settings.source.uri())]


@dataclass(slots=True)
class _Task:
    """The state of one task."""

    index: int
    attempt: int = 0
    exit_code: int = 0
    progress: Progress | None = None


class _LocalTasks:
    """Starts and retries the task processes, and shows their events."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        tasks: int,
        events: Events,
        stderr: int | None = None,
    ) -> None:
        self._command = [*_PROGRAM, *_arguments(settings)]
        self._environ = environ
        self._events = events
        self._stderr = stderr
        self._tasks = [_Task(index) for index in range(tasks)]
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._said: set[str] = set()
        self._stopping = False
        self._items = 0  # of the plan, once a task has told it
        self._ours, self._theirs = os.pipe()

    async def run(self, stop: asyncio.Event) -> int:
        """Run all tasks to their end and return one exit code for all of them.

        Raises:
            ThumbrunError: A task cannot be started. All others have ended.
        """
        watcher = asyncio.ensure_future(self._stop_all(stop))
        try:
            async with asyncio.TaskGroup() as group:
                for task in self._tasks:
                    group.create_task(self._run_task(task))
        except* OSError as errors:
            raise ThumbrunError(
                f"thumbrun cannot start a task: {errors.exceptions[0]}",
                hint="check the number of processes and the memory that this machine allows, or use fewer --tasks",
            ) from errors
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
            await self._end_all()
            os.close(self._ours)
            os.close(self._theirs)
        codes = {task.exit_code for task in self._tasks}
        return next((code for code in _GRAVEST_FIRST if code in codes), 1)

    async def _stop_all(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping = True
        self._signal_all(signal.SIGTERM)
        self._events.close()  # the progress of before must not appear again below what ends the command
        self._events.notice(
            "stopping",
            f"Stopping: the tasks record what they have done, which takes at most {_STOP_SECONDS:.0f} s",
        )

    async def _end_all(self) -> None:
        """Stop the tasks that still run, because another one cannot be started; kill those that do not stop."""
        left = [process for process in self._processes.values() if process.returncode is None]
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not left:
                return
            self._signal_all(number)
            ends = [asyncio.ensure_future(_ended(process)) for process in left]
            await asyncio.wait(ends, timeout=_STOP_SECONDS)
            for end in ends:
                end.cancel()
            left = [process for process in left if process.returncode is None]

    def _signal_all(self, number: signal.Signals) -> None:
        for process in self._processes.values():
            if process.returncode is None:
                process.send_signal(number)

    async def _run_task(self, task: _Task) -> None:
        while True:
            code = await self._attempt(task)
            task.exit_code = code if code in _FINAL else 1
            if code in _FINAL or self._stopping or task.attempt >= RETRIES:
                return
            task.attempt += 1
            ended = f"exit code {code}" if code >= 0 else f"signal {-code}"
            self._events.warning(
                "task-retried",
                f"Task {task.index} ended with {ended}. thumbrun starts it again: retry {task.attempt} of {RETRIES}",
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
            stdin=self._ours,  # it says nothing, and closes when this process ends
            stdout=asyncio.subprocess.PIPE,
            stderr=self._stderr,
            limit=_LONGEST_LINE,
            # Ctrl-C in a terminal reaches only this process, which then tells each task once.
            start_new_session=True,
        )
        self._processes[task.index] = process
        if self._stopping:
            process.send_signal(signal.SIGTERM)
        if process.stdout is None:
            raise AssertionError("the process was started with a pipe for its standard output")
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
            self._show_progress()
        elif event.name in ("plan-made", "plan-read"):
            items = event.fields.get("items")
            self._items = items if type(items) is int else self._items
        elif (event.severity in ("WARNING", "ERROR") or event.name in _FROM_ONE) and not self._said_by_another(event):
            self._events.repeat(event)

    def _show_progress(self) -> None:
        """Show the progress of all tasks, of all images of the plan."""
        if self._stopping:
            return
        self._events.progress(Progress.of_tasks([task.progress for task in self._tasks], self._items))

    def _said_by_another(self, event: Event) -> bool:
        """Return whether the same error was shown before: you need to read it once, not once for each task."""
        if event.severity != "ERROR" or event.message in self._said:
            return event.severity == "ERROR"
        self._said.add(event.message)
        return False


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait until a process has ended, and read what it says meanwhile, because it must not wait for that."""
    await process.communicate()
