"""`thumbrun run`: make the thumbnails, as one task or as several on this machine."""

import contextlib
import os
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import uvloop

from thumbrun.commands.session import run_session, settings_of
from thumbrun.decoding.launcher import Launcher
from thumbrun.logs.events import Events
from thumbrun.settings.named_run import run_to_continue
from thumbrun.settings.resolved import Settings, resolve


def run(flags: Mapping[str, str | None]) -> int:
    """Make a thumbnail of every image under the source, or continue a run, and return the exit code.

    Args:
        flags: The text of each flag that was given, by the setting's name.
    """
    named = run_to_continue(os.environ, flags)
    return work(*settings_of(named, flags)) if named else work(resolve(os.environ, flags), flags)


def work(settings: Settings, flags: Mapping[str, str | None]) -> int:
    """Do the work of one task, or of several tasks on this machine, and return the exit code."""
    if settings.tasks is not None:
        from thumbrun.commands.several_tasks import several_tasks

        return _session(settings, lambda events: several_tasks(settings, flags, events))
    # The fork server imports the decoders while this process imports the rest, on another processor.
    with contextlib.closing(Launcher()) as launcher:
        launcher.start_server()
        from thumbrun.commands.one_task import one_task

        return _session(settings, lambda events: one_task(settings, events, launcher))


def _session(settings: Settings, command: Callable[[Events], Coroutine[Any, Any, int]]) -> int:
    return run_session(settings, command, loop_factory=uvloop.new_event_loop)
