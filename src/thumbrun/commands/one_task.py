"""The work of one task: the whole of `thumbrun run`, or one of several processes."""

import os

from thumbrun.api.one_task import run_one_task
from thumbrun.commands.exit_codes import INCOMPLETE, STRICT_FAILURE
from thumbrun.commands.stop_signal import stop_signal
from thumbrun.commands.summary import say_task_result
from thumbrun.decoding.launcher import Launcher
from thumbrun.logs.choose import LOCAL_TASKS_VARIABLE
from thumbrun.logs.events import Events
from thumbrun.planning.planner import PlanRefusedError
from thumbrun.settings.resolved import Settings


async def one_task(settings: Settings, events: Events, launcher: Launcher) -> int:
    """Do the work of one task, say what it did, and return the exit code.

    Args:
        settings: The settings of the task.
        events: Shows what happens.
        launcher: Starts the decoding processes.
    """
    try:
        result = await run_one_task(settings, events, stop_signal(), launcher)
    except PlanRefusedError as error:
        if settings.task.index and os.environ.get(LOCAL_TASKS_VARIABLE):
            return error.exit_code  # the first task refuses the plan as well, and says why
        raise
    events.close()
    say_task_result(result, events)
    # The first task speaks for all of them, so that a platform does not start every task again for what none can mend.
    if result.unlisted and settings.task.index == 0 and not os.environ.get(LOCAL_TASKS_VARIABLE):
        return INCOMPLETE
    return STRICT_FAILURE if settings.strict and result.own.failed else 0
