"""`thumbrun run`: make the thumbnails, as one task or as several on this machine."""

import asyncio
import os
import signal
from collections.abc import Mapping

import uvloop

from thumbrun.clock import SystemClock
from thumbrun.commands.local_tasks import run_local_tasks
from thumbrun.commands.resume import settings_of_run
from thumbrun.commands.session import run_session
from thumbrun.commands.summary import say_run, say_task_result
from thumbrun.errors import NothingToDoError, SettingsError, ThumbrunError
from thumbrun.logs.choose import LOCAL_TASKS_VARIABLE
from thumbrun.logs.events import Events
from thumbrun.runs.records import RecordError
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.task.runner import TaskRunner

_STRICT_FAILURE = 3
_STANDARD_INPUT = 0
INCOMPLETE = 1  # a part of the source could not be listed


def run(flags: Mapping[str, str | None]) -> int:
    """Make a thumbnail of every image under the source, or continue a run, and return the exit code.

    Args:
        flags: The text of each flag that was given, by the setting's name.
    """
    if flags["source"] and flags["resume"]:
        problem = (
            "SOURCE and --resume cannot go together: a run knows its source; leave SOURCE out, or leave --resume out"
        )
        raise SettingsError([problem])
    named = flags["resume"] or os.environ.get("THUMBRUN_RESUME") or ""
    if not named or ("/" not in named and (flags["source"] or os.environ.get("INPUT_FOLDER"))):
        return work(resolve(os.environ, flags), flags)
    return work(*asyncio.run(settings_of_run(named, os.environ, flags, SystemClock())))


def work(settings: Settings, flags: Mapping[str, str | None]) -> int:
    """Do the work of one task, or of several tasks on this machine, and return the exit code."""

    async def command(events: Events) -> int:
        if settings.tasks is None:
            return await _one_task(settings, events)
        return await _several_tasks(settings, flags, events)

    return run_session(settings, command, loop_factory=uvloop.new_event_loop)


async def _one_task(settings: Settings, events: Events) -> int:
    runner = TaskRunner(settings, events, SystemClock())
    try:
        result = await runner.run(_stop_signal())
    except ThumbrunError as error:
        if error.exit_code == 1 and not isinstance(error, RecordError):  # a damaged record stays damaged
            error.hint = "; ".join(part for part in (error.hint, runner.resume_hint()) if part)
        raise
    events.close()
    say_task_result(result, events)
    # The first task speaks for all of them, so that a platform does not start every task again for what none can mend.
    if result.unlisted and settings.task.index == 0 and not os.environ.get(LOCAL_TASKS_VARIABLE):
        return INCOMPLETE
    return _STRICT_FAILURE if settings.strict and result.own.failed else 0


async def _several_tasks(settings: Settings, flags: Mapping[str, str | None], events: Events) -> int:
    code, result = await run_local_tasks(settings, flags, events, _stop_signal(), SystemClock())
    events.close()
    if result is not None and result.run is not None and code != NothingToDoError.exit_code:
        say_run(result, events)
        if result.unlisted and code in (0, _STRICT_FAILURE):
            return INCOMPLETE
    return code


def _stop_signal() -> asyncio.Event:
    """Return an event that the first signal to stop sets; a second signal has its usual effect.

    A closed terminal sends SIGHUP, which nohup ignores. The process that started a local task tells it to stop by
    closing the task's standard input, because that happens however the process ends.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    local = bool(os.environ.get(LOCAL_TASKS_VARIABLE))

    def stopped() -> None:
        stop.set()
        for number in numbers:
            loop.remove_signal_handler(number)
        if local:
            loop.remove_reader(_STANDARD_INPUT)

    for number in numbers:
        loop.add_signal_handler(number, stopped)
    if local:
        loop.add_reader(_STANDARD_INPUT, stopped)
    return stop
