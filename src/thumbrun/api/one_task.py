"""The work of one task, as a command and as a function of the library have it done."""

import asyncio

from thumbrun.clock import SystemClock
from thumbrun.decoding.launcher import Launcher
from thumbrun.errors import ThumbrunError
from thumbrun.logs.events import Events
from thumbrun.runs.records import RecordError
from thumbrun.settings.resolved import Settings
from thumbrun.task.runner import TaskRunner
from thumbrun.task.task_result import TaskResult


async def run_one_task(
    settings: Settings, events: Events, stop: asyncio.Event, launcher: Launcher | None = None
) -> TaskResult:
    """Do the work of one task in this process.

    Args:
        settings: The settings of the task.
        events: Receives what happens.
        stop: When this is set, the task records what it has done, and ends.
        launcher: Starts the decoding processes; None: the task starts a fork server of its own.

    Raises:
        ThumbrunError: The task did not end well; the hint says how to go on.
    """
    runner = TaskRunner(settings, events, SystemClock(), launcher=launcher)
    try:
        return await runner.run(stop)
    except ThumbrunError as error:
        if error.exit_code == 1 and not isinstance(error, RecordError):  # a damaged record stays damaged
            error.hint = "; ".join(part for part in (error.hint, runner.resume_hint()) if part)
        raise
