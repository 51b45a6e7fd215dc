"""A stage for each test: an emulator with two buckets, a proxy before it, and task processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.tasks import task_processes
from tests.faults.wire.proxy import running_proxy
from tests.faults.wire.stage import Stage
from tests.faults.wire.world import World
from thumbrun.demo.emulator import running_emulator


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Set up a stage without pictures, and with a proxy that injects no faults yet."""
    with (
        running_emulator() as emulator,
        running_proxy(emulator.url) as proxy,
        task_processes(tmp_path) as tasks,
    ):
        yield Stage(World(emulator), proxy, tasks)
