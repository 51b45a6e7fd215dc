"""`thumbrun.run`: make a thumbnail of every image under a source, as `thumbrun run` does."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from thumbrun.api.event_record import EventRecord, Failure
from thumbrun.api.existing_run import settings_of_run
from thumbrun.api.keywords import flags_of, keywords_of, source_text, takes, task_variables, told_in_keywords
from thumbrun.api.local_tasks import run_local_tasks
from thumbrun.api.one_task import run_one_task
from thumbrun.api.own_loop import blocking
from thumbrun.clock import SystemClock
from thumbrun.environment.machine import Machine, this_machine
from thumbrun.environment.task_identity import without_task
from thumbrun.errors import InterruptedRunError, NothingToDoError, SettingsError, ThumbrunError
from thumbrun.logs.events import Event, Events, Progress
from thumbrun.outcomes import OutcomeCounts
from thumbrun.runs.records import VERSION
from thumbrun.settings.declared import DECLARED
from thumbrun.settings.named_run import run_to_continue
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.task.task_result import TaskResult

T = TypeVar("T")
Chosen = tuple[Settings, Mapping[str, str | None]]

SETTINGS = keywords_of("run")
_OWN = ("source", "progress", "task_index", "task_count", "task_attempt", "task_execution")


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run, or one task of it, has done.

    Attributes:
        run: The id of the run.
        folder: The URI of its thumbnails.
        complete: Whether every item of the run has its outcome. If not, other tasks still have work.
        outcomes: The counts of the outcomes: of the whole run if it is complete, else of this task's items.
        seconds: How long it took.
        unlisted: How many parts of the source could not be listed, so that the run lacks what they hold.
        warnings: What went wrong without ending the task; the first 1,000.
        failures: The images that failed while this call worked; the first 1,000.
    """

    run: str
    folder: str
    complete: bool
    outcomes: OutcomeCounts
    seconds: float
    unlisted: int
    warnings: tuple[str, ...]
    failures: tuple[Failure, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the result in the form of JSON."""
        return {
            "version": VERSION,
            "run": self.run,
            "folder": self.folder,
            "complete": self.complete,
            "outcomes": self.outcomes.to_record(),
            "seconds": round(self.seconds, 3),
            "unlisted": self.unlisted,
            "warnings": list(self.warnings),
            "failures": [failure.to_record() for failure in self.failures],
        }


@takes(SETTINGS)
async def run_async(
    source: str | os.PathLike[str] | None = None,
    *,
    progress: Callable[[Progress], object] | None = None,
    task_index: int = 0,
    task_count: int = 1,
    task_attempt: int = 0,
    task_execution: str | None = None,
    **keywords: object,
) -> RunResult:
    """Make a thumbnail of every image under a source, or continue a run.

    This works as one task in this process. With `tasks=N` it starts N tasks as processes of this machine. With
    `task_index` and `task_count` it is one of several tasks that others start: they meet in the store.

    If it is cancelled or interrupted, it records what it has done, which takes at most 8 seconds. The same call then
    goes on where it stopped.

    Args:
        source: Where the images are: `gs://bucket/path`, a folder or an image. None with `resume`.
        progress: Is called with the progress after each image. If it raises, the run stops in order, and the error is
            raised.
        task_index: The number of this task, from 0.
        task_count: How many tasks there are.
        task_attempt: How often this task was started before.
        task_execution: A name that all tasks of one start of the job share.
        **keywords: The settings, named and meant like the flags of `thumbrun run`.

    Raises:
        SettingsError: Keywords have wrong values; `problems` has all of them, and nothing was written.
        NothingToDoError: There is no image under the source.
        TooLateError: `max_duration` has passed. What was done is recorded, and another call goes on.
        StoreError: A store fails. What was done is recorded, and another call goes on.
        ThumbrunError: Anything else that ends a run; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """
    flags = flags_of("run", SETTINGS, keywords, _OWN) | {"source": source_text(source)}
    environ = task_variables(task_index, task_count, task_attempt, task_execution)

    async def chosen(events: Events, machine: Machine) -> Chosen:
        if named := run_to_continue(environ, flags):
            return await settings_of_run(named, environ, flags, events, SystemClock(), machine=machine)
        return resolve(environ, flags, machine=machine), flags

    return await worked(chosen, progress)


run = blocking(run_async)


async def worked(
    choose: Callable[[Events, Machine], Awaitable[Chosen]], progress: Callable[[Progress], object] | None
) -> RunResult:
    """Do the work that settings ask for, and return its result. If it is cancelled, it stops in order.

    Args:
        choose: Returns the settings, and the flags that ask for them.
        progress: Is called with the progress after each image, or None.
    """
    stop = asyncio.Event()
    record = EventRecord(progress, stop)
    with told_in_keywords():
        try:
            result = await _stopped_in_order(_work(choose, record, stop), stop)
        except InterruptedRunError:
            if record.fault is None:
                raise
            raise record.fault from None
    if record.fault is not None:  # it came with the last image
        raise record.fault
    counted = result.run or result.own
    return RunResult(
        run=result.run_id,
        folder=result.folder,
        complete=result.run is not None,
        outcomes=counted.counts(),
        seconds=result.seconds,
        unlisted=result.unlisted,
        warnings=tuple(record.warnings),
        failures=tuple(record.failures),
    )


async def _work(
    choose: Callable[[Events, Machine], Awaitable[Chosen]], record: EventRecord, stop: asyncio.Event
) -> TaskResult:
    events = Events(record, SystemClock())
    settings, flags = await choose(events, this_machine(os.environ))  # on Cloud Run the variables tell more of it
    try:
        if settings.tasks is None:
            return await run_one_task(settings, events, stop)
        return await _several_tasks(settings, flags, events, record, stop)
    finally:
        events.close()


async def _several_tasks(
    settings: Settings, flags: Mapping[str, str | None], events: Events, record: EventRecord, stop: asyncio.Event
) -> TaskResult:
    code, result = await run_local_tasks(
        settings,
        _for_tasks(os.environ),
        flags,
        events,
        stop,
        SystemClock(),
        stderr=asyncio.subprocess.STDOUT,  # what a task prints is an event then
    )
    if code == 0 and result is not None:
        return result
    raise _error(code, record.errors)


def _for_tasks(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without anything that is a setting of thumbrun."""
    variables = {setting.variable for setting in DECLARED}
    return {
        name: value
        for name, value in without_task(environ).items()
        if name not in variables and not name.startswith(("THUMBRUN_", "_THUMBRUN_"))
    }


def _error(code: int, errors: list[Event]) -> ThumbrunError:
    """Return the error of tasks that ended with an exit code."""
    if errors:
        hint = str(errors[0].fields.get("hint") or "")
        message = errors[0].message.removesuffix(f"\n{hint}")
    else:
        message, hint = "a task ended without a word", "check the memory and the processes that this machine allows"
    if code == SettingsError.exit_code:
        return SettingsError([message], hint=hint)
    kinds = {NothingToDoError.exit_code: NothingToDoError, InterruptedRunError.exit_code: InterruptedRunError}
    return kinds.get(code, ThumbrunError)(message, hint=hint)


async def _stopped_in_order(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T:
    """Do some work; when this is cancelled, tell it to stop and wait for that. A second cancellation ends it at once.

    Args:
        work: The work.
        stop: Tells the work to stop.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stop.set()
        with contextlib.suppress(Exception):
            await task
        raise
