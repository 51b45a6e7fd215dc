"""Sets up every test, and the order in which the tests run.

The longest tests come first, so that no long test is left over at the end. A test that can take long says so by its
time limit, or by one of the marks `slow` and `ship`. `make test` starts several processes, and each takes the next
test: see the Makefile.
"""

import os
import signal
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on the machine.
settings.register_profile("thumbrun", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("thumbrun"), max_examples=25)


def pytest_configure(config: pytest.Config) -> None:
    """Choose how many examples to try; free this run and the processes of its tests from what it has inherited.

    A shell that starts the run in the background has SIGINT ignored. A make that starts it tells every other make that
    it is a part of it. Where Python is to write no bytecode, each of hundreds of processes would compile all modules.
    """
    settings.load_profile("thumbrun" if config.getoption("slow") else "quick")
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for variable in ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"):
        os.environ.pop(variable, None)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that also runs what is marked as slow."""
    parser.addoption("--slow", action="store_true", help="also run the slow tests, as CI does")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the slow tests unless `--slow` asks for them, and put the tests first that can take longest."""
    _mark_slow_parameters(items)
    if not config.getoption("slow"):
        left_out = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
    items.sort(key=_order)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say that slow tests were left out; with several processes, none of them could say it."""
    if not config.getoption("slow"):
        terminalreporter.write_line("The slow tests were left out. `make test SLOW=1` runs them too, as CI does.")


def _mark_slow_parameters(items: list[pytest.Item]) -> None:
    """Of a test that is marked `quick(one_in=4)`, mark all but every fourth set of parameters as slow."""
    seen = Counter[object]()
    for item in items:
        if isinstance(item, pytest.Function) and (mark := item.get_closest_marker("quick")):
            if seen[item.function] % mark.kwargs["one_in"]:
                item.add_marker(pytest.mark.slow)
            seen[item.function] += 1


def _order(item: pytest.Item) -> tuple[float, bool]:
    limit = item.get_closest_marker("timeout")
    deep = item.get_closest_marker("slow") or item.get_closest_marker("ship")
    return -float(limit.args[0]) if limit else 0.0, deep is None
