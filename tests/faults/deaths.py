"""Runs whole tasks in virtual time that die or fail: at some step of a certain image's way, or at random moments.

An image that holds `poison` kills its task when it is decoded. `poison at STEP` kills it at another step, and `fault at
STEP` raises an exception there that nobody expects. The steps are those of an image's way: `read`, `parse` (only of a
large image), `decode`, `answer` and `write`.
"""

import asyncio
import random
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import SimpleNamespace
from unittest import mock

from tests.virtual import VirtualClock
from thumbrun.decoding.body import Body
from thumbrun.decoding.tries import Tries
from thumbrun.environment.machine import Machine
from thumbrun.errors import ThumbrunError
from thumbrun.imaging.partial.known_bytes import KnownBytes
from thumbrun.imaging.request import Refused, Rendered, Request
from thumbrun.ledger.reader import Ledger
from thumbrun.logs.events import Event, Events, Progress
from thumbrun.outcomes import Outcome, Reason
from thumbrun.planning.plan import read_plan, read_shard
from thumbrun.planning.shards import READ_AT_ONCE
from thumbrun.runs.record_store import RecordStore
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.storage.base import PAGE_LIMIT, Entry, Page, Sink
from thumbrun.storage.location import Location
from thumbrun.storage.memory import MemoryStore
from thumbrun.task.runner import TaskRunner
from thumbrun.task.task_result import TaskResult

FAST_LINE = (0.05, 0.08)  # seconds of one read and of one write, as with Cloud Storage
SLOW_LINE = (2.0, 3.0)
POISON, BROKEN = b"poison", b"broken"
RETRIES = 3  # Cloud Run's default
STEPS = ("read", "parse", "decode", "answer", "write")
FAULT_STEPS = ("parse", "answer")  # where an exception says something of the image
LARGE = bytes(READ_AT_ONCE)  # appended to an image, it makes the task parse the image before it is read whole

_AT = re.compile(rb"(poison|fault) at ([a-z]+)")
_living: ContextVar["Life"] = ContextVar("life")  # the process that runs


class Death(asyncio.CancelledError):
    """The process is dead and must do nothing any more."""


class Life:
    """One process, until it dies."""

    def __init__(self) -> None:
        self.dead = False
        self.task: asyncio.Task[TaskResult] | None = None

    def die(self) -> None:
        """Kill the process at once."""
        self.dead = True
        if self.task is not None:
            self.task.cancel()

    def check(self) -> None:
        """Raise Death if the process is dead."""
        if self.dead:
            raise Death

    def meet(self, step: str, content: bytes) -> None:
        """Do what an image does to its process at a step of its way: nothing, or kill it, or raise a KeyError."""
        if found := _AT.search(content):
            what, where = found[1].decode(), found[2].decode()
            if where == step and what == "fault":
                raise KeyError(f"fault at {step}")
            if where == step:
                self.die()
        self.check()


def _partial_file(known: KnownBytes, *_: object) -> bytes | None:
    _living.get().meet("parse", known.head)
    return None


def _declared_size(known: KnownBytes) -> tuple[int, int] | None:
    _living.get().meet("parse", known.head)
    return None


_PARSER = SimpleNamespace(partial_file=_partial_file, declared_size=_declared_size)


class _Remote:
    """The bucket as one process sees it: each request takes time, and a dead process can make none."""

    def __init__(self, store: MemoryStore, life: Life, line: tuple[float, float]) -> None:
        self._store = store
        self._life = life
        self._read_seconds, self._write_seconds = line
        self.uri, self.name_problem, self.bucket_facts = store.uri, store.name_problem, store.bucket_facts

    async def _travel(self, seconds: float) -> None:
        self._life.check()
        await asyncio.sleep(seconds)
        self._life.check()

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        await self._travel(self._read_seconds)
        return await self._store.page(prefix, start=start, end=end, limit=limit)

    async def stat(self, name: str) -> Entry | None:
        await self._travel(self._read_seconds)
        return await self._store.stat(name)

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        await self._travel(self._read_seconds)
        self._life.meet("read", self._store.objects[name][1] if name.startswith("in/") else b"")
        await self._store.read(name, sink, generation=generation, start=start, end=end)

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        await self._travel(self._write_seconds / 2)
        self._life.meet("write", b"" if name.startswith("_thumbrun/") else body)
        entry = await self._store.create(name, body, content_type=content_type, metadata=metadata)
        await self._travel(self._write_seconds / 2)
        return entry

    async def close(self) -> None:
        self._life.check()


class _Renderer:
    """A renderer that takes virtual time for each image, and kills its process when it opens poison."""

    def __init__(self, world: "World", life: Life, opened: list[bytes], chance: random.Random) -> None:
        self._world = world
        self._life = life
        self._opened = opened
        self._chance = chance
        self._free = asyncio.Semaphore(2)

    @property
    def is_confined(self) -> bool:
        return self._world.is_confined

    async def start(self) -> None:
        self._life.check()

    async def renew(self) -> None:
        pass

    def body(self, size: int) -> Body:
        return Body(size)

    async def render(self, body: Body, request: Request, _: Tries | None = None) -> Rendered | Refused:
        content = body.read()
        async with self._free:
            self._life.check()
            self._opened.append(content)
            await asyncio.sleep(self._chance.uniform(0.01, 0.2))
            if POISON in content and not _AT.search(content) and self._world.lethal:
                self._world.lethal -= 1
                self._life.die()
            self._life.meet("decode", content)
        self._life.meet("answer", content)
        if BROKEN in content:
            return Refused(Reason.UNREADABLE, "broken")
        return Rendered(b"thumbnail of " + content, 100, 67, 3000, 2000, "jpeg")

    async def close(self) -> None:
        pass


class _Warnings:
    """A sink that shows nothing, and notes the names of warnings."""

    def __init__(self, noted: list[str]) -> None:
        self._noted = noted

    def event(self, event: Event) -> None:
        if event.severity == "WARNING":
            self._noted.append(event.name)

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass(slots=True)
class World:
    """A bucket, and an engine that starts, kills and retries the tasks of one execution.

    Attributes:
        seed: The seed of everything that is random.
        tasks: The number of tasks.
        retries: The number of retries of each task.
        in_flight: The setting of that name.
        line: The seconds of one read and of one write.
        lethal: How often poison kills before it becomes harmless.
        store: The bucket.
        deaths: The number of processes that died.
        opened: The bodies that each attempt of a task opened, in order, by task and attempt.
        ended: The result of each task that ended by itself.
        is_confined: Whether the system confines what decodes.
        environ: Further variables of all tasks.
        warnings: The names of all warnings.
    """

    seed: int
    tasks: int = 1
    retries: int = RETRIES
    in_flight: int = 8
    line: tuple[float, float] = FAST_LINE
    lethal: int = 1_000
    is_confined: bool = True
    environ: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    store: MemoryStore = field(default_factory=lambda: MemoryStore("b"))
    deaths: int = 0
    opened: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)
    ended: dict[int, TaskResult] = field(default_factory=dict)

    def put(self, bodies: Mapping[str, bytes]) -> None:
        """Put images under the source prefix."""
        for name, body in bodies.items():
            self.store.put_as_user(f"in/{name}", body, content_type="image/jpeg")

    async def execute(self, lifetime: Callable[[], float | None] = lambda: None) -> None:
        """Run all tasks, each until it ends by itself or its attempts are used up.

        Args:
            lifetime: Returns the seconds after which a process is killed, or None for never; called for each process.
        """
        with mock.patch("thumbrun.task.fetch.dispatch", _PARSER):
            await asyncio.gather(*(self._task(index, lifetime) for index in range(self.tasks)))

    async def _task(self, index: int, lifetime: Callable[[], float | None]) -> None:
        for attempt in range(self.retries + 1):
            life = Life()
            _living.set(life)
            job = self.runner(index, attempt, life)
            life.task = asyncio.ensure_future(job.run(asyncio.Event()))
            seconds = lifetime()
            killer = asyncio.get_running_loop().call_later(seconds, life.die) if seconds is not None else None
            with suppress(asyncio.CancelledError, ThumbrunError):
                self.ended[index] = await life.task
            if killer:
                killer.cancel()
            if index in self.ended and not life.dead:
                return
            self.deaths += life.dead
            await asyncio.sleep(2)  # until a new container has started

    def runner(self, index: int, attempt: int, life: Life) -> TaskRunner:
        """Return one attempt of a task."""
        opened = self.opened.setdefault((index, attempt), [])
        clock = VirtualClock(hash((self.seed, index, attempt)))
        renderer = _Renderer(self, life, opened, random.Random(hash((self.seed, index, attempt))))  # noqa: S311
        events = Events(_Warnings(self.warnings), clock)
        return TaskRunner(self._settings(index, attempt), events, clock, opener=self._opener(life), renderer=renderer)

    def _settings(self, index: int, attempt: int) -> Settings:
        environ = {
            "INPUT_FOLDER": "gs://bucket/in",
            "CLOUD_RUN_TASK_INDEX": str(index),
            "CLOUD_RUN_TASK_COUNT": str(self.tasks),
            "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
            "CLOUD_RUN_EXECUTION": "execution-1",
            "THUMBRUN_IN_FLIGHT": str(self.in_flight),
            **self.environ,
        }
        return resolve(environ, {}, machine=Machine(2, 512 << 20))

    def _opener(self, life: Life) -> Callable[[Location], _Remote]:
        return lambda _: _Remote(self.store, life, self.line)

    async def outcomes(self) -> dict[str, Outcome]:
        """Return the chosen outcome of every item that has one, by the source's name below the prefix.

        It is that of the last run: a process that dies between its claim of a run and the anchor leaves one that nobody
        works on.
        """
        *_, last = (name for name in self.store.objects if name.endswith("/run.json"))
        return await outcomes_of(RecordStore(self.store, "_thumbrun/"), last.split("/")[2])


async def outcomes_of(state: RecordStore, run_id: str) -> dict[str, Outcome]:
    """Return the chosen outcome of every item of a run that has one, by the source's name below `in/`."""
    plan = await read_plan(state, state.names.run(run_id))
    if plan is None:
        return {}
    found: dict[str, Outcome] = {}
    for number in range(len(plan.shards)):
        items = await read_shard(state, state.names.run(run_id), plan, number)
        for index, outcome in (await Ledger(state, run_id).outcomes(number)).items():
            found[items[index].source.removeprefix("in/")] = outcome
    return found
