"""The work of several tasks on this machine: `thumbrun run --tasks N`."""

import os
from collections.abc import Mapping

from thumbrun.api.local_tasks import run_local_tasks
from thumbrun.clock import SystemClock
from thumbrun.commands.exit_codes import INCOMPLETE, STRICT_FAILURE
from thumbrun.commands.stop_signal import stop_signal
from thumbrun.commands.summary import say_run
from thumbrun.errors import NothingToDoError
from thumbrun.logs.events import Events
from thumbrun.settings.resolved import Settings


async def several_tasks(settings: Settings, flags: Mapping[str, str | None], events: Events) -> int:
    """Do the work of several tasks on this machine, and return the exit code."""
    code, result = await run_local_tasks(settings, os.environ, flags, events, stop_signal(), SystemClock())
    events.close()
    if result is not None and result.run is not None and code != NothingToDoError.exit_code:
        say_run(result, events)
        if result.unlisted and code in (0, STRICT_FAILURE):
            return INCOMPLETE
    return code
