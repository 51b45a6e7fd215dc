"""`thumbrun retry`: retry what failed in a run, and what is missing."""

import asyncio
import os
from collections.abc import Collection, Mapping

from thumbrun.clock import SystemClock
from thumbrun.commands.resume import settings_of_run
from thumbrun.commands.run import work
from thumbrun.runs.rounds import reasons_of


def retry(run: str, reasons: Collection[str], flags: Mapping[str, str | None]) -> int:
    """Work on a new round of a run and return the exit code.

    Args:
        run: The name of the run, as the user gave it.
        reasons: The reasons to retry; empty: every reason for a failure, and `missing`.
        flags: The text of each flag that was given, by the setting's name.
    """
    chosen = reasons_of(reasons)
    return work(*asyncio.run(settings_of_run(run, os.environ, flags, SystemClock(), retry=chosen)))
