"""The common part of the contenders in Python: it works on a folder's files, two at a time, and measures the time."""

import json
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import repeat
from pathlib import Path


def main(make: Callable[[Path, str], bytes]) -> None:
    """Make a thumbnail of each file of a folder, and print seconds, processor seconds and their number as JSON.

    The command-line arguments are `threads` or `processes`, the folder, and the format of the thumbnails.
    """
    how, folder, format_ = sys.argv[1:]
    files = sorted(Path(folder).iterdir())
    pool = ThreadPoolExecutor(2) if how == "threads" else ProcessPoolExecutor(2)
    with pool:
        list(pool.map(make, files[:2], repeat(format_)))  # loads everything that the first image needs
        before, began = _processor(), time.perf_counter()
        made = list(pool.map(make, files, repeat(format_)))
        seconds = time.perf_counter() - began
    sys.stdout.write(json.dumps([seconds, _processor() - before, len(made)]))


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
