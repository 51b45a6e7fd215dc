"""Tells the task processes that tests start to take thumbnails from a folder, where the variable names one.

What it covers: every task that a test starts through `tests.e2e.tasks`, which is every real task but those of the demo
and of the container. What it leaves alone: tests that decode in their own process, or that have decoding processes of
their own, since these test decoding itself; and `tests.faults.wire.gated`, whose decoding processes wait for the test.
"""

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "TESTS_DECODED"
_STAND_IN = Path(__file__).parent / "stand_in"


def with_stand_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a task, by which Python imports the stand-in first where the variable is set."""
    if VARIABLE not in environment:
        return dict(environment)
    paths = [str(_STAND_IN), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}
