"""What holds for every test, and in which order they run.

The longest come first, so that none is left over at the end: what may take long says so by its time limit or by the
mark `slow`. `make test` runs several at once, which take the next one each: see the Makefile.
"""

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is up to the machine.
settings.register_profile("thumbrun", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("thumbrun")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what may take longest."""
    items.sort(key=_order)


def _order(item: pytest.Item) -> tuple[float, bool]:
    limit = item.get_closest_marker("timeout")
    return -float(limit.args[0]) if limit else 0.0, item.get_closest_marker("slow") is None
