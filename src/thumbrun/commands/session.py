"""Run a command: show its events, and turn its error into the exit code."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TextIO

from thumbrun.clock import SystemClock
from thumbrun.errors import SettingsError, ThumbrunError
from thumbrun.logs.choose import choose_sink
from thumbrun.logs.events import Events
from thumbrun.settings.resolved import Settings


def run_session(
    settings: Settings,
    command: Callable[[Events], Coroutine[Any, Any, int]],
    *,
    stream: TextIO | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> int:
    """Run a command and return the exit code.

    Args:
        settings: The settings of the command.
        command: The command, which returns the exit code.
        stream: The stream that shows the events; None: the standard output.
        loop_factory: Makes the event loop; None: asyncio's own.

    Raises:
        SettingsError: The settings do not fit the run. The caller shows these problems together with all others.
    """
    clock = SystemClock()
    sink = choose_sink(settings.log_format, os.environ, stream or sys.stdout, clock)
    events = Events(sink, clock, task=str(settings.task.index), attempt=str(settings.task.attempt))
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(command(events))
    except SettingsError:
        raise
    except ThumbrunError as error:
        events.error(str(error), error.hint)
        return error.exit_code
    finally:
        events.close()
