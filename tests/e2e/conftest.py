"""Fixtures of the end-to-end tests: an emulator, its log, and task processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.tasks import Tasks, task_processes
from thumbrun.demo.emulator import Emulator, running_emulator


@pytest.fixture
def emulator_log(tmp_path: Path) -> Path:
    """Return the path of the emulator's log, which has a line for every request."""
    return tmp_path / "emulator.log"


@pytest.fixture
def emulator(emulator_log: Path) -> Iterator[Emulator]:
    """Run an emulator for one test."""
    with running_emulator(emulator_log) as running:
        yield running


@pytest.fixture
def tasks(tmp_path: Path) -> Iterator[Tasks]:
    """Return an object that starts tasks; all are killed at the end of the test."""
    with task_processes(tmp_path) as started:
        yield started
