"""Sets up every test, and the order in which the tests run.

The longest tests come first, so that no long test is left over at the end. A test that can take long says so by its
time limit or by the mark `slow`. `make test` starts several processes, and each takes the next test: see the Makefile.
"""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on the machine.
settings.register_profile("thumbrun", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("thumbrun")


def pytest_configure() -> None:
    """Free the processes that tests start from what this run has inherited.

    A shell that starts the run in the background has SIGINT ignored. A make that starts it tells every other make that
    it is a part of it.
    """
    for variable in ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"):
        os.environ.pop(variable, None)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests first that can take longest."""
    items.sort(key=_order)


def _order(item: pytest.Item) -> tuple[float, bool]:
    limit = item.get_closest_marker("timeout")
    return -float(limit.args[0]) if limit else 0.0, item.get_closest_marker("slow") is None
