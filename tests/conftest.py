"""In which order the tests run, and in which process: `make test` runs several at once, see the Makefile.

The longest come first, so that none is left over at the end: what may take long says so by its time limit or by the
mark `slow`. Last come those marked `alone`, one at a time and nothing beside them: they measure how long something
takes, within limits that a machine busy with other tests would break.
"""

import fcntl
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# How the names of tests begin that share what is dear to make, so that one process runs them; the first that fits.
# pytest-xdist's own mark for that, xdist_group, does nothing under pytest 9.2.
TOGETHER = (
    "tests/contract/test_stores.py",
    "tests/e2e/test_main_job.py::test_ten_tasks_with_kills_across_a_change_of_minute",
    "tests/e2e/test_main_job.py",
    "tests/faults/images/test_bombs.py",
    "tests/faults/images/test_mutations.py",
    "tests/fidelity/test_odd_pictures.py",
    "tests/unit/demo/test_emulator.py",
    "tests/unit/demo/test_samples.py",
    "tests/unit/imaging/partial/test_jpeg.py",
)

_FOLDER = pytest.StashKey[TemporaryDirectory[str]]()
_LOCKS = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the files that the processes of a run lock; they are told where."""
    told: dict[str, Any] | None = getattr(config, "workerinput", None)
    if told is None:
        config.stash[_FOLDER] = TemporaryDirectory(prefix="thumbrun-tests-")
        config.stash[_LOCKS] = Path(config.stash[_FOLDER].name)
        for name in ("queue", "gate"):
            (config.stash[_LOCKS] / name).touch()
    else:
        config.stash[_LOCKS] = Path(told["locks"])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    if _FOLDER in config.stash:
        config.stash[_FOLDER].cleanup()


def pytest_configure_node(node: Any) -> None:
    """Tell a process of pytest-xdist where the files are."""
    node.workerinput["locks"] = str(node.config.stash[_LOCKS])


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Hands out tests in their order, one at a time, to whoever is free; those that belong together at once."""

    def _split_scope(self, nodeid: str) -> str:
        return next((beginning for beginning in TOGETHER if nodeid.startswith(beginning)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Return the one above, whatever --dist says; without --numprocesses there is none."""
    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what may take longest, and last what runs alone."""
    items.sort(key=_order)


def _order(item: pytest.Item) -> tuple[bool, float, bool]:
    limit = item.get_closest_marker("timeout")
    return (
        item.get_closest_marker("alone") is not None,
        -float(limit.args[0]) if limit else 0.0,
        item.get_closest_marker("slow") is None,
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let nothing run beside a test that runs alone. Outermost, so that no time limit counts the wait.

    Who waits for the gate heads the queue, so that nobody gets past a test which waits until all others have ended.
    """
    locks = item.config.stash[_LOCKS]
    with (locks / "gate").open() as gate:
        with (locks / "queue").open() as queue:
            fcntl.flock(queue, fcntl.LOCK_EX)
            fcntl.flock(gate, fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH)
        return (yield)
