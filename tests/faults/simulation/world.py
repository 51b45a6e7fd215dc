"""One world: buckets, users who change the source, and tasks that an engine starts, kills and starts again."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

from tests.faults.simulation.bucket import ACTOR, Bucket
from tests.faults.simulation.evidence import Ending, Evidence
from tests.faults.simulation.life import Fate, Life, LifeClock, Trace, never
from tests.faults.simulation.order import run
from tests.faults.simulation.outputs import ODD_WIDTH, USUAL_WIDTH
from tests.faults.simulation.pictures import Picture, SyntheticRenderer
from tests.faults.simulation.schedule import (
    SOURCE_PREFIX,
    Execution,
    Schedule,
    TaskPlan,
    chance_of,
)
from tests.faults.store import Chances, Chooser, FaultStore, NoFaults, Operation
from thumbrun.environment.machine import Machine
from thumbrun.environment.task_identity import Task
from thumbrun.logs.events import Event, Events, Progress
from thumbrun.planning import shards
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.storage.base import Store
from thumbrun.storage.location import Location
from thumbrun.storage.retry import RetryingStore
from thumbrun.storage.throttle import Throttle
from thumbrun.task.runner import TaskRunner

LONGEST_SECONDS = 12 * 3600.0  # of virtual time; work that is not done then counts as endless
MOST_OPERATIONS = 20_000  # of one life
CALM_ATTEMPTS = 6  # without faults, before a task counts as endless


class _Sink:
    """Shows events in the trace."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def event(self, event: Event) -> None:
        """Show one event."""
        if self._life.trace:
            self._life.say(f"[{event.name}] {event.message}")

    def progress(self, progress: Progress, labels: object) -> None:
        """Ignore the progress."""

    def close(self) -> None:
        """Do nothing."""


class World:
    """Runs one schedule."""

    def __init__(
        self,
        schedule: Schedule,
        *,
        trace: Trace | None = None,
        chooser: Chooser | None = None,
        crash_if: Callable[[Operation, bool], bool] = never,
    ) -> None:
        """Set up the buckets and the settings.

        Args:
            schedule: The schedule to run.
            trace: Called with a line for everything that happens.
            chooser: Chooses the faults of all attempts that are not calm, instead of the schedule's rates.
            crash_if: Kills an attempt that is not calm at an operation; asked before the operation and after it.
        """
        self._schedule = schedule
        self._trace = trace
        self._chooser = chooser
        self._crash_if = crash_if
        place = schedule.place
        source = Bucket("source-bucket", versioning=schedule.versioning)
        output = Bucket("output-bucket", versioning=False) if place == "other bucket" else source
        prefix = {"other bucket": "", "same bucket": "out/", "inside the source": f"{SOURCE_PREFIX}thumbs/"}[place]
        state = Bucket("state-bucket", versioning=False) if schedule.state_elsewhere else output
        state_prefix = "state/" if schedule.state_elsewhere else f"{prefix}_thumbrun/"
        self.evidence = Evidence(schedule, source, output, state, prefix, state_prefix)
        self._buckets = {bucket.name: bucket for bucket in (source, output, state)}
        self._settings = {
            (execution, odd): self._resolve(execution, odd=odd)
            for execution in schedule.executions
            for odd in {task.odd for task in execution.tasks}
        }

    def _resolve(self, execution: Execution, *, odd: bool) -> Settings:
        evidence, schedule = self.evidence, self._schedule
        environ = {
            "INPUT_FOLDER": f"gs://{evidence.source.name}/{SOURCE_PREFIX}",
            "OUTPUT_BUCKET": f"gs://{evidence.output.name}/{evidence.output_prefix}",
            "THUMBRUN_LAYOUT": "" if schedule.outputs.pattern else schedule.layout,
            "THUMBRUN_SOURCE_METADATA": "hash" if schedule.hashed else "name",
            "THUMBRUN_RUN_ID": execution.run_id,
            "THUMBRUN_IN_FLIGHT": str(schedule.in_flight),
            "THUMBRUN_WORKERS": "2",
            "THUMBRUN_MEMORY": "96MiB",
            "THUMBRUN_ALLOW_EMPTY": "yes" if schedule.seed % 2 else "",
            **schedule.outputs.environ(ODD_WIDTH if odd else USUAL_WIDTH),
        }
        if schedule.state_elsewhere:
            environ["THUMBRUN_STATE"] = f"gs://{evidence.state.name}/{evidence.state_prefix}"
        return resolve(environ, {}, machine=Machine(2, 512 << 20))

    def run(self) -> Evidence:
        """Run the schedule to its end, and return the evidence."""
        with patch.object(shards, "SHARDS_A_TASK", self._schedule.shards_a_task):
            try:
                run(self._happen())
            except RuntimeError as error:  # virtual time has nothing left to jump to
                self.evidence.stuck.append(str(error))
        return self.evidence

    async def _happen(self) -> None:
        # A readable object beside the source tells one denied object from a bucket that denies everything.
        self.evidence.source.put_as_user("about.txt", b"words", content_type="text/plain")
        for name, picture in self._schedule.pictures.items():
            self._put(name, picture)
        for name in self._schedule.strangers:
            self.evidence.output.put_as_user(self.evidence.output_prefix + name, b"a stranger's")
        users = asyncio.ensure_future(self._users())
        engines = [
            self._engine(number, execution, task, f"{number}.{task.index}{chr(97 + place)}")
            for number, execution in enumerate(self._schedule.executions)
            for place, task in enumerate(execution.tasks)
        ]
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                await asyncio.gather(*engines)
        except TimeoutError:
            self.evidence.stuck.append(f"something still runs after {LONGEST_SECONDS:.0f} virtual seconds")
        users.cancel()
        await asyncio.gather(users, return_exceptions=True)

    def _put(self, name: str, picture: Picture) -> None:
        source = self.evidence.source
        source.put_as_user(name, picture.body, content_type=picture.content_type, content_encoding=picture.encoding)
        if picture.torn:
            entry, body = source.objects[name]
            source.objects[name] = entry._replace(crc32c=(entry.crc32c or 0) ^ 1), body
            self.evidence.torn.add((name, entry.generation))

    async def _users(self) -> None:
        for edit in self._schedule.edits:
            await asyncio.sleep(max(0.0, edit.at - asyncio.get_running_loop().time()))
            if self._trace:
                self._trace(f"{edit.at:9.3f} a user: {'puts' if edit.picture else 'deletes'} {edit.name}")
            if edit.picture:
                self._put(edit.name, edit.picture)
            else:
                self.evidence.source.delete_as_user(edit.name)

    async def _engine(self, number: int, execution: Execution, plan: TaskPlan, name: str) -> None:
        """Start a task as often as necessary."""
        chance = chance_of(self._schedule.seed, "engine", name)
        await asyncio.sleep(plan.start)
        task = Task(plan.index, plan.count, 0, execution.name or None, "simulated")
        for attempt, fate in enumerate(plan.fates or (Fate(),)):
            life, again = f"{name}{attempt}", replace(task, attempt=attempt)
            ending = await self._attempt(number, plan, again, fate, life, calm=False)
            if ending.report or ending.how == "SettingsError":
                return
            await asyncio.sleep(chance.uniform(0, 8))
        if not plan.retried:
            return
        first = len(plan.fates or (Fate(),))
        for attempt in range(first, first + CALM_ATTEMPTS):
            life, again = f"{name}{attempt}", replace(task, attempt=attempt)
            ending = await self._attempt(number, plan, again, Fate(), life, calm=True)
            if ending.report or ending.how in ("NothingToDoError", "SettingsError"):
                return
        self.evidence.stuck.append(f"task {name} never ends: {ending.how} {ending.error}")

    async def _attempt(self, number: int, plan: TaskPlan, task: Task, fate: Fate, name: str, *, calm: bool) -> Ending:
        """Run one life of a task to its end."""
        seed = self._schedule.seed
        life = Life(name, fate, self._trace, never if calm else self._crash_if, most=MOST_OPERATIONS)
        clock = LifeClock(life, chance_of(seed, life.name, "clock"))
        stores: list[FaultStore] = []

        def opener(location: Location) -> Store:
            stores.append(self._wire(location, life, calm=calm))
            throttle = Throttle(self._schedule.in_flight, clock.monotonic)
            return RetryingStore(stores[-1], throttle, clock.sleep, uniform=clock.uniform)

        renderer = SyntheticRenderer(life, chance_of(seed, life.name, "renderer"), self._schedule.seconds)
        settings = replace(self._settings[self._schedule.executions[number], plan.odd], task=task)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        began = loop.time()
        life.say(f"starts as task {task.index} of {task.count}, attempt {task.attempt}{', calm' if calm else ''}")
        runner = TaskRunner(settings, Events(_Sink(life), clock), clock, opener=opener, renderer=renderer)
        ACTOR.set(life.name)
        life.main = asyncio.ensure_future(runner.run(stop))
        timers = []
        if fate.killed_after:
            timers.append(loop.call_later(fate.killed_after, life.kill))
        if fate.told_after:
            timers.append(loop.call_later(fate.told_after, stop.set))
        report, error = None, None
        try:
            report = await life.main
        except asyncio.CancelledError:
            if not life.dead:
                life.main.cancel()
                raise
        except BaseException as raised:  # noqa: BLE001  (the oracle judges it)
            error = raised
        for timer in timers:
            timer.cancel()
        if life.dead:  # no other process could see its report or its error
            report, error = None, None
        ending = Ending(life.name, number, task, fate, calm, began, loop.time(), report, error)
        life.say(f"ends: {ending.how} {error or ''}")
        self._note(ending, life, stores)
        return ending

    def _wire(self, location: Location, life: Life, *, calm: bool) -> FaultStore:
        """Return the faulty store between one life and a bucket."""
        schedule = self._schedule
        chance = chance_of(schedule.seed, life.name, location.root)
        chooser: Chooser = NoFaults() if calm else self._chooser or Chances(chance, schedule.rates)
        slow = 0.0 if calm else schedule.slow

        def latency(operation: Operation) -> float:
            if operation.kind == "page" and operation.name == SOURCE_PREFIX:
                return chance.uniform(0, schedule.listing_seconds)
            drawn = chance.random()
            if drawn < slow:
                return chance.uniform(1, 12)
            return chance.uniform(0.001, 0.2) if drawn < 0.4 else 0.0

        return FaultStore(
            self._buckets[location.root],
            chooser,
            chance,
            hooks=life,
            latency=latency,
            page_limit=schedule.page_limit,
            denied_for_taken=schedule.denied_for_taken,
            denied=schedule.denied,
        )

    def _note(self, ending: Ending, life: Life, stores: list[FaultStore]) -> None:
        evidence = self.evidence
        evidence.endings.append(ending)
        evidence.kills += life.dead
        evidence.operations += life.operations
        for store in stores:
            evidence.faults.update(store.faults)
            evidence.damaged.update(store.damaged)
