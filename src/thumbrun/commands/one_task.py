"""The work of one task: the whole of `thumbrun run`, or one of several processes."""

import os

from thumbrun.clock import SystemClock
from thumbrun.commands.exit_codes import INCOMPLETE, STRICT_FAILURE
from thumbrun.commands.stop_signal import stop_signal
from thumbrun.commands.summary import say_task_result
from thumbrun.decoding.launcher import Launcher
from thumbrun.errors import ThumbrunError
from thumbrun.logs.choose import LOCAL_TASKS_VARIABLE
from thumbrun.logs.events import Events
from thumbrun.runs.records import RecordError
from thumbrun.settings.resolved import Settings
from thumbrun.task.runner import TaskRunner


async def one_task(settings: Settings, events: Events, launcher: Launcher) -> int:
    """Do the work of one task, and return the exit code.

    Args:
        settings: The settings of the task.
        events: Shows what happens.
        launcher: Starts the decoding processes.
    """
    runner = TaskRunner(settings, events, SystemClock(), launcher=launcher)
    try:
        result = await runner.run(stop_signal())
    except ThumbrunError as error:
        if error.exit_code == 1 and not isinstance(error, RecordError):  # a damaged record stays damaged
            error.hint = "; ".join(part for part in (error.hint, runner.resume_hint()) if part)
        raise
    events.close()
    say_task_result(result, events)
    # The first task speaks for all of them, so that a platform does not start every task again for what none can mend.
    if result.unlisted and settings.task.index == 0 and not os.environ.get(LOCAL_TASKS_VARIABLE):
        return INCOMPLETE
    return STRICT_FAILURE if settings.strict and result.own.failed else 0
