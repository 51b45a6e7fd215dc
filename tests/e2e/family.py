"""How much memory a task and all of its processes have together."""

import os
import stat
import time
from pathlib import Path

import psutil

from tests.e2e.tasks import Task

MEASURABLE = hasattr(psutil.Process().memory_full_info(), "pss")  # only Linux tells


def peaks_of(task: Task) -> tuple[int, int]:
    """Wait until a task ends, and return the most memory, in bytes, that it and its processes had together.

    Returns:
        Their resident memory; and with it what lay in files without a name, which are memory where a container keeps
        temporary files there, as Cloud Run does.
    """
    resident = everything = 0
    process = psutil.Process(task.process.pid)
    while task.process.poll() is None:
        try:
            family = [process, *process.children(recursive=True)]
            # Proportional: what processes share is counted once, as a container's limit does.
            now = sum(member.memory_full_info().pss for member in family)
        except psutil.Error:
            continue  # one of them ended while it was looked at
        resident = max(resident, now)
        everything = max(everything, now + _without_names(task.process.pid))
        time.sleep(0.01)  # between two looks
    return resident, everything


def _without_names(pid: int) -> int:
    """Return the bytes of the files that a process holds open though they have no name any more."""
    found = {}
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                status = os.stat(descriptor)  # noqa: PTH116  (what it points to)
            except OSError:
                continue  # it was closed meanwhile
            if stat.S_ISREG(status.st_mode) and not status.st_nlink:
                found[status.st_ino] = status.st_blocks * 512
    except OSError:
        pass  # the process ended
    return sum(found.values())
