"""What a test of the wire plays on: buckets, a proxy before them, and tasks that take it for Cloud Storage."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.tasks import Task, Tasks, clean_environment, cloud_run
from tests.faults.wire.asked import Asked
from tests.faults.wire.oracle import Findings, Oracle
from tests.faults.wire.proxy import Proxy
from tests.faults.wire.world import OUTPUT, PREFIX, SOURCE, World

EXECUTION = "chaos-x7k2p"
HURRIED = "tests.faults.wire.hurried"
GATED = "tests.faults.wire.gated"
PATIENT = "tests.faults.wire.patient"


@dataclass(frozen=True, slots=True)
class Stage:
    """One world, one proxy, and the tasks between which and the world it stands.

    Attributes:
        world: The buckets.
        proxy: What the tasks take for Cloud Storage.
        tasks: To start them.
    """

    world: World
    proxy: Proxy
    tasks: Tasks

    def start(self, index: int = 0, count: int = 1, attempt: int = 0, *, module: str = HURRIED, **more: str) -> Task:
        """Start an attempt of a task.

        Args:
            index: Of the task.
            count: Of tasks.
            attempt: From 0.
            module: `thumbrun`, or one of those with other limits.
            more: Further variables of its environment.
        """
        environment = clean_environment(
            STORAGE_EMULATOR_HOST=self.proxy.url,
            INPUT_FOLDER=f"gs://{SOURCE}/{PREFIX}",
            OUTPUT_BUCKET=OUTPUT,
            THUMBRUN_WORKERS="1",
            THUMBRUN_LOG_FORMAT="json",
        )
        own = cloud_run(index, count, attempt, EXECUTION)
        return self.tasks.module(module, "run", environment=environment | own | more)

    def judge(self, *, killed_workers: int = 0) -> Findings:
        """Return what the oracle finds."""
        return Oracle(self.world, killed_workers=killed_workers).judge(self.proxy.asked)

    def thumbnails(self) -> int:
        """Return how many thumbnails there are."""
        return sum(
            "thumbrun-recipe" in item.get("metadata", {}) for item in self.world.emulator.objects(OUTPUT).values()
        )


def let_through(proxy: Proxy, count: int) -> None:
    """Let a proxy pass on what reads so many images, and hold what reads any other until it is told to release them."""
    let: set[str] = set()

    def hold(asked: Asked) -> bool:
        if asked.operation != "read" or not asked.name.startswith(PREFIX):
            return False
        if len(let) < count:
            let.add(asked.name)
        return asked.name not in let

    proxy.hold = hold


def wait_until(true: Callable[[], object]) -> None:
    """Wait for something that happens in another process; where it never does, the test's time limit ends the wait."""
    while not true():
        time.sleep(0.01)
