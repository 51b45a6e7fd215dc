"""Runs one task on a distant store, with images that take a fixed time: `python -m bench.distant …`."""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from thumbrun.clock import Clock, SystemClock
from thumbrun.decoding.body import Body
from thumbrun.decoding.tries import Tries
from thumbrun.environment.machine import Machine
from thumbrun.imaging.request import Rendered, Request
from thumbrun.logs.events import Event, Events, Progress
from thumbrun.settings.resolved import resolve
from thumbrun.storage.base import PAGE_LIMIT, Entry, Page, Sink, Store
from thumbrun.storage.bucket_facts import BucketFacts
from thumbrun.storage.local.store import LocalStore
from thumbrun.storage.location import Location
from thumbrun.storage.ramp import Ramp
from thumbrun.storage.retry import RetryingStore
from thumbrun.storage.throttle import Throttle
from thumbrun.task.runner import TaskRunner


@dataclass(frozen=True, slots=True)
class Stage:
    """The surroundings of a task.

    Attributes:
        root: A folder that stands for the bucket.
        index: The index of the task.
        count: The number of tasks.
        in_flight: The number of requests under way at once.
        latency: The time of each request, in seconds.
        render: The time of one image, in seconds; the task renders one after the other.
        ramp: The writes a second that all tasks together send at first, once the plan is there; 0 for no limit.
        report: Whether the last task makes the report; its pictures are read after the work, and are no part of the
            model of the time.
    """

    root: str
    index: int
    count: int
    in_flight: int
    latency: float
    render: float
    ramp: float = 0.0
    report: bool = False


@dataclass(frozen=True, slots=True)
class Worked:
    """The work of a task.

    Attributes:
        seconds: The seconds from its start to its end.
        done: The number of thumbnails of its shards.
        listed: Whether it made the plan.
        requests: The number of requests by operation.
    """

    seconds: float
    done: int
    listed: bool
    requests: dict[str, int]


class Distant:
    """A store that delays its answers and counts the requests."""

    def __init__(self, inner: Store, latency: float, requests: Counter[str]) -> None:
        self._inner = inner
        self._latency = latency
        self._requests = requests

    async def _travel(self, operation: str) -> None:
        self._requests[operation] += 1
        await asyncio.sleep(self._latency)

    def uri(self, name: str) -> str:
        """Return the raw URI of a name."""
        return self._inner.uri(name)

    def name_problem(self, name: str) -> str | None:
        """Return why the store cannot hold an object of that name, or None if it can."""
        return self._inner.name_problem(name)

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List objects after a delay."""
        await self._travel("page")
        return await self._inner.page(prefix, start=start, end=end, limit=limit)

    async def stat(self, name: str) -> Entry | None:
        """Return the entry of an object after a delay."""
        await self._travel("stat")
        return await self._inner.stat(name)

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Read an object after a delay."""
        await self._travel("read")
        await self._inner.read(name, sink, generation=generation, start=start, end=end)

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create an object after a delay."""
        await self._travel("create")
        return await self._inner.create(
            name, body, content_type=content_type, metadata=metadata, cache_control=cache_control
        )

    async def bucket_facts(self) -> BucketFacts:
        """Return the settings of the bucket after a delay."""
        await self._travel("bucket_facts")
        return await self._inner.bucket_facts()

    async def close(self) -> None:
        """Close the wrapped store."""
        await self._inner.close()


class Waiting:
    """A renderer that only waits, one image at a time, so that real processors do not affect the measurement."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._processor = asyncio.Lock()

    is_confined = True

    async def start(self) -> None:
        """Do nothing."""

    async def renew(self) -> None:
        """Do nothing; no image leaves anything behind."""

    def body(self, size: int) -> Body:
        """Return a body for the bytes of an image."""
        return Body(size)

    async def render(self, body: Body, request: Request, _: Tries | None = None) -> Rendered:
        """Wait, and return a few bytes as a thumbnail."""
        async with self._processor:
            await asyncio.sleep(self._seconds)
        return Rendered(b"thumbnail", 100, 67, 3000, 2000, "jpeg")

    async def close(self) -> None:
        """Do nothing."""


class Silence:
    """A sink that shows nothing, and calls a function once the task has the plan."""

    def __init__(self, on_plan: Callable[[], None]) -> None:
        self._on_plan = on_plan

    def event(self, event: Event) -> None:
        """Ignore an event, unless it tells that the plan is there."""
        if event.name in ("plan-made", "plan-read"):
            self._on_plan()

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Ignore the progress."""

    def close(self) -> None:
        """Do nothing."""


async def work(stage: Stage, clock: Clock, inner: Store | None = None) -> Worked:
    """Run one task.

    Args:
        stage: The surroundings of the task.
        clock: The source of its time and randomness.
        inner: The store to use as the bucket, or None to use the local folder.
    """
    place = "gs://bucket" if inner else f"file://{stage.root}"
    environ = {
        "INPUT_FOLDER": f"{place}/in",
        "OUTPUT_BUCKET": place,
        "CLOUD_RUN_TASK_INDEX": str(stage.index),
        "CLOUD_RUN_TASK_COUNT": str(stage.count),
        "CLOUD_RUN_EXECUTION": "bench",
        "THUMBRUN_IN_FLIGHT": str(stage.in_flight),
        "THUMBRUN_REPORT": "yes" if stage.report else "no",
    }
    requests: Counter[str] = Counter()
    opened: list[RetryingStore] = []

    def opener(location: Location) -> Store:
        distant = Distant(inner or LocalStore(location.root), stage.latency, requests)
        store = RetryingStore(distant, Throttle(stage.in_flight, clock.monotonic), clock.sleep, uniform=clock.uniform)
        opened.append(store)
        return store

    def keep_to_the_ramp() -> None:
        for store in opened if stage.ramp else ():
            store.keep_to(Ramp(stage.ramp, 1 / stage.count, clock.monotonic, clock.sleep, clock.uniform))

    settings = resolve(environ, {}, machine=Machine(2, 512 << 20))
    events = Events(Silence(keep_to_the_ramp), clock)
    runner = TaskRunner(settings, events, clock, opener=opener, renderer=Waiting(stage.render))
    report = await runner.run(asyncio.Event())
    return Worked(report.seconds, report.own.done, report.listed, dict(requests))


def command(stage: Stage) -> list[str]:
    """Return the command that runs a task in its own process."""
    return [sys.executable, "-m", "bench.distant", json.dumps(asdict(stage))]


def main() -> None:
    """Run one task, and print its time and requests as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("stage", type=json.loads)
    stage = Stage(**parser.parse_args().stage)
    sys.stdout.write(json.dumps(asdict(asyncio.run(work(stage, SystemClock())))))


if __name__ == "__main__":
    main()
