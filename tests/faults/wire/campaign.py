"""Runs many schedules in sequence, and counts what they found."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.tried import Tried
from tests.faults.wire.schedule import Schedule


def command(schedules: int, seed: int) -> str:
    """Return the command that runs these schedules again."""
    return f"python -m tests.faults.wire --schedules {schedules} --seed {seed}"


def campaign(schedules: int, seed: int, say: Callable[[str], None], folder: Path | None = None) -> Tried:
    """Run schedules with the seeds from `seed` on.

    Args:
        schedules: The number of schedules.
        seed: The seed of the first schedule.
        say: Gets a line for each schedule.
        folder: The folder for the tasks' output, or None for a new folder, which is kept.
    """
    folder = folder or Path(tempfile.mkdtemp(prefix="thumbrun-wire-"))
    tried = Tried("wire", command(schedules, seed))
    began = time.monotonic()
    for number in range(seed, seed + schedules):
        told = Schedule(number, folder / str(number)).run()
        found = told.findings
        tried.schedules += 1
        tried.kills += told.kills
        tried.items += found.items
        tried.faults.update(told.faults)
        tried.lost += len(found.lost) + len(told.problems)
        tried.doubled += len(found.doubled)
        tried.torn += len(found.torn)
        tried.wrong += len(found.wrong)
        tried.failures += told.failures()
        say(
            f"seed {number}: {found.items} items, {told.attempts} attempts, {told.kills} kills, "
            f"{told.faults.total()} faults in {told.requests} requests, {told.seconds:.0f} s"
        )
        for line in told.failures():
            say(f"  {line}")
    tried.seconds = round(time.monotonic() - began, 1)
    return tried
