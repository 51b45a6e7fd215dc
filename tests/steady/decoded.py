"""Makes the task processes that tests start take thumbnails from a folder, if the variable names one.

This covers every task that a test starts through `tests.e2e.tasks`: every real task except those of the demo and of
the container. It does not cover tests that decode in their own process or have decoding processes of their own,
because they test decoding itself. Nor does it cover `tests.faults.wire.gated`, whose decoding processes wait for the
test.
"""

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "TESTS_DECODED"
_STAND_IN = Path(__file__).parent / "stand_in"


def with_stand_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a task; if the variable is set, it makes Python import the stand-in first."""
    if VARIABLE not in environment:
        return dict(environment)
    paths = [str(_STAND_IN), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}
