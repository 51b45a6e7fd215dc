"""Skips these tests aloud where no real bucket is named, and says at the end what they leave behind."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.tasks import Tasks, task_processes
from tests.real_bucket.place import VARIABLE, Place

_ROOT = "REAL_BUCKET_ROOT"  # tells the processes of pytest-xdist the prefix of this run
_WHY = f"{VARIABLE} names no bucket: set it to a bucket in which these tests can create objects"


def pytest_configure() -> None:
    """Choose the prefix of this run, once for all processes."""
    os.environ.setdefault(_ROOT, f"thumbrun-test/{uuid4().hex[:12]}/")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the tests leave behind."""
    bucket = os.environ.get(VARIABLE)
    if not bucket:
        terminalreporter.write_line(f"Nothing was tested against the real service. {_WHY}.")
        return
    place = f"gs://{bucket}/{os.environ[_ROOT]}"
    terminalreporter.write_line(f"The tests delete one thumbnail. All other objects that they made are in {place}")
    terminalreporter.write_line(f"To delete them: gcloud storage rm --recursive {place}")


@pytest.fixture
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """Return a place in the bucket for one test; without a bucket, skip the test."""
    bucket = os.environ.get(VARIABLE)
    if not bucket:
        pytest.skip(_WHY)
    made = Place(bucket, f"{os.environ[_ROOT]}{request.node.name}/")
    yield made
    await made.store.close()


@pytest.fixture
def tasks(tmp_path: Path) -> Iterator[Tasks]:
    """Return an object that starts tasks; all are killed at the end of the test."""
    with task_processes(tmp_path) as started:
        yield started
