"""Measures the memory of a task and all of its processes together."""

import os
import stat
import time
from pathlib import Path

import psutil

from tests.e2e.tasks import Task

MEASURABLE = hasattr(psutil.Process().memory_full_info(), "pss")  # only Linux reports it


def peaks_of(task: Task) -> tuple[int, int]:
    """Wait until a task ends, and return the most memory, in bytes, that it and its processes had together.

    Returns:
        The resident memory of the processes; and the same with the open files that have no name. In a container these
        can be memory too, as on Cloud Run.
    """
    resident = everything = 0
    process = psutil.Process(task.process.pid)
    while task.process.poll() is None:
        try:
            family = [process, *process.children(recursive=True)]
            # The proportional size counts shared memory once, as the limit of a container does.
            now = sum(member.memory_full_info().pss for member in family)
        except psutil.Error:
            continue  # one of them ended meanwhile
        resident = max(resident, now)
        everything = max(everything, now + _without_names(task.process.pid))
        time.sleep(0.01)  # between two measurements
    return resident, everything


def _without_names(pid: int) -> int:
    """Return the bytes of a process's open files that have no name any more."""
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
