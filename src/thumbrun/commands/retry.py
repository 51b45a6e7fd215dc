"""`thumbrun retry`: work again what failed in a run, and what is missing of it."""

import asyncio
import os
from collections.abc import Collection, Mapping

from thumbrun.clock import SystemClock
from thumbrun.commands.resume import settings_of_run
from thumbrun.commands.run import work
from thumbrun.runs.rounds import reasons_of


def retry(run: str, reasons: Collection[str], flags: Mapping[str, str | None]) -> int:
    """Work a new round of a run and return the exit code.

    Args:
        run: What names the run.
        reasons: Of the items to work again; empty: every failure, and what is missing.
        flags: The text of each flag that was given, by the setting's name.
    """
    chosen = reasons_of(reasons)
    return work(*asyncio.run(settings_of_run(run, os.environ, flags, SystemClock(), retry=chosen)))
