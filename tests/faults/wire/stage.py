"""The stage of a test on the wire: buckets, a proxy before them, and tasks that take the proxy for Cloud Storage."""

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
    """One world, the tasks, and the proxy between them.

    Attributes:
        world: The buckets.
        proxy: The proxy that the tasks take for Cloud Storage.
        tasks: Starts the tasks.
    """

    world: World
    proxy: Proxy
    tasks: Tasks

    def start(self, index: int = 0, count: int = 1, attempt: int = 0, *, module: str = HURRIED, **more: str) -> Task:
        """Start an attempt of a task.

        Args:
            index: The index of the task.
            count: The number of tasks.
            attempt: The number of the attempt, from 0.
            module: `thumbrun`, or a module that runs it with other limits.
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

    def judge(self, *, killed_decoders: int = 0) -> Findings:
        """Return the findings of the oracle."""
        return Oracle(self.world, killed_decoders=killed_decoders).judge(self.proxy.asked)

    def thumbnails(self) -> int:
        """Return how many thumbnails there are."""
        return sum(
            "thumbrun-recipe" in item.get("metadata", {}) for item in self.world.emulator.objects(OUTPUT).values()
        )


def let_through(proxy: Proxy, count: int) -> None:
    """Make a proxy pass on the reads of this many images, and hold the reads of all others until `release`."""
    let: set[str] = set()

    def hold(asked: Asked) -> bool:
        if asked.operation != "read" or not asked.name.startswith(PREFIX):
            return False
        if len(let) < count:
            let.add(asked.name)
        return asked.name not in let

    proxy.hold = hold


def wait_until(true: Callable[[], object]) -> None:
    """Wait until something is true in another process; if it never is, the test's time limit ends the wait."""
    while not true():
        time.sleep(0.01)
