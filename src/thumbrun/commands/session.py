"""Runs a command: shows its events, and reports the error that ends it."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, TypeVar

from thumbrun.clock import SystemClock
from thumbrun.commands.unexpected import unexpected
from thumbrun.errors import ReportedError, SettingsError, ThumbrunError
from thumbrun.logs.choose import LOCAL_TASKS_VARIABLE, Quiet, choose_sink
from thumbrun.logs.events import Events
from thumbrun.settings.resolved import Settings

T = TypeVar("T")


@contextmanager
def looking() -> Iterator[Events]:
    """Yield events for a look at records, before there are settings that say how to show events."""
    clock = SystemClock()
    events = Events(choose_sink("auto", os.environ, sys.stderr, clock), clock, task="0", attempt="0")
    try:
        yield events
    finally:
        events.close()


def settings_of(
    run: str, flags: Mapping[str, str | None], *, retry: frozenset[str] | None = None
) -> tuple[Settings, dict[str, str | None]]:
    """Return the settings of an existing run, and the flags that ask for them; see `existing_run`."""
    from thumbrun.api.existing_run import settings_of_run  # a new run does not need its imports

    with looking() as events:
        return asyncio.run(settings_of_run(run, os.environ, flags, events, SystemClock(), retry=retry))


def run_session(
    settings: Settings,
    command: Callable[[Events], Coroutine[Any, Any, T]],
    *,
    stream: TextIO | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> T:
    """Run a command and return its result. The event loop has ended then, so you can print and be interrupted.

    Args:
        settings: The settings of the command.
        command: The command, which takes its events.
        stream: The stream that shows the events; None: the standard output.
        loop_factory: Makes the event loop; None: asyncio's own.

    Raises:
        SettingsError: The settings do not fit the run. The caller shows these problems together with all others.
        ReportedError: Another error ended the command, and is reported.
    """
    clock = SystemClock()
    sink = choose_sink(settings.log_format, os.environ, stream or sys.stdout, clock)
    if settings.quiet:
        sink = Quiet(sink)
    events = Events(sink, clock, task=str(settings.task.index), attempt=str(settings.task.attempt))
    if settings.task.index == 0 and LOCAL_TASKS_VARIABLE not in os.environ:  # it need not be told once for each task
        for slip in settings.slips:
            events.warning("misspelt-variable", slip)
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(command(events))
    except SettingsError:
        raise
    except ThumbrunError as error:
        events.error(str(error), error.hint)
        raise ReportedError(error.exit_code) from error
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        fault = unexpected(error)
        events.error(str(fault), fault.hint)
        raise ReportedError(fault.exit_code) from error
    finally:
        events.close()
