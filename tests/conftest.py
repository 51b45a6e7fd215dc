"""Sets up every test, and the order in which the tests run.

The longest tests come first, so that no long test is left over at the end. A test that can take long says so by its
time limit or by the mark `slow`. `make test` starts several processes, and each takes the next test: see the Makefile.
"""

import signal

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on the machine.
settings.register_profile("thumbrun", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("thumbrun")


def pytest_configure() -> None:
    """Let the processes that tests start be interrupted, though a shell started this run in the background.

    Such a shell has SIGINT ignored, and every process inherits that.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests first that can take longest."""
    items.sort(key=_order)


def _order(item: pytest.Item) -> tuple[float, bool]:
    limit = item.get_closest_marker("timeout")
    return -float(limit.args[0]) if limit else 0.0, item.get_closest_marker("slow") is None
