"""`thumbrun plan`: show what a run would do, take and cost, and write nothing."""

import json
import os
import sys
from collections.abc import Mapping

from thumbrun.clock import SystemClock
from thumbrun.commands.exit_codes import INCOMPLETE
from thumbrun.commands.plan_text import plan_text
from thumbrun.commands.session import run_session
from thumbrun.commands.standard_streams import show_result
from thumbrun.console import printable, width_of
from thumbrun.errors import NothingToDoError
from thumbrun.logs.events import Events
from thumbrun.planning.survey import count_of_unlisted
from thumbrun.preview.preview import Preview, preview
from thumbrun.settings.planning_inputs import nothing_hint
from thumbrun.settings.resolved import resolve


def plan(flags: Mapping[str, str | None], *, as_json: bool) -> int:
    """List the source, print what a run would do and return the exit code.

    Args:
        flags: The text of each flag that was given, by the setting's name.
        as_json: Whether to print JSON.
    """
    settings = resolve(os.environ, flags)

    async def command(events: Events) -> Preview:
        return await preview(settings, events, SystemClock())

    found = run_session(settings, command, stream=sys.stderr)  # only the plan goes to the standard output
    unlisted = count_of_unlisted(found.seen)
    nothing = not (found.items or settings.allow_empty or unlisted)
    hint = f"\n\n{printable(nothing_hint(settings, found.seen))}" if nothing else ""
    if as_json:
        show_result(json.dumps(found.to_record(), indent=1))
    else:
        show_result(plan_text(found, width_of(sys.stdout)) + hint)
    if nothing:
        return NothingToDoError.exit_code
    return INCOMPLETE if unlisted else 0
