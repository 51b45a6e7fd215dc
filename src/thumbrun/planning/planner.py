"""Agrees on one plan: one task claims it and shows that it is alive; the others wait, and take over if it seems dead.

A planner that fails says so on the store, so that the next attempt need not wait until it seems dead. One whose plan is
larger or dearer than the user allows says what it holds, so that the others end as well, and a command that allows so
much goes on.

At most one plan is ever used, however many are made: `plan.json` is created if absent, and names its planner. So a task
that takes over too early costs a listing and does no other harm.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from thumbrun.clock import Clock
from thumbrun.concurrency import BoundedGroup
from thumbrun.environment.task_identity import Task
from thumbrun.errors import SettingsError
from thumbrun.planning.build import PlanBuilder, Source
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.plan import Plan, read_plan
from thumbrun.runs import records
from thumbrun.runs.record_forms import NEEDED
from thumbrun.runs.record_names import MOST_NUMBER, RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.storage.base import NotFoundError

BEAT_SECONDS = 10.0
DEAD_SECONDS = 60.0  # without a new beat, on the clock of the task that waits
_LAST_WORDS_SECONDS = 2.0  # for a planner that fails to say so; it might fail because the store does
FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 15.0
WAIT_GROWTH = 1.25  # a task sees the plan late by hardly more than a quarter of the time that planning took
POLLS_A_SECOND = 800  # of all waiting tasks together: each poll is three requests, and a new bucket accepts 5,000


class Planner:
    """Finds the run's plan, or makes it."""

    def __init__(
        self,
        state: RecordStore,
        source: Source,
        run_id: str,
        rule: NamingRule,
        task: Task,
        clock: Clock,
        *,
        check: Callable[[int, Mapping[str, Any]], None] | None = None,
    ) -> None:
        """Set up the planner; nothing is read yet.

        Args:
            state: The store of the records.
            source: The source to list.
            run_id: The id of the run.
            rule: The rule that names the thumbnails.
            task: The task that asks.
            clock: Provides time and randomness.
            check: Raises PlanRefusedError for a plan that the user does not allow; None allows all. It gets how many
                images it holds, and what the listing showed: nothing if a planner of an older version refused the plan.
        """
        self._state = state
        self._check = check or _allow
        self._refused: Plan | None = None
        self._source = source
        self._run_id = run_id
        self._run: RunNames = state.names.run(run_id)
        self._rule = rule
        self._task = task
        self._clock = clock
        self._nonce = clock.nonce()
        self.listed = False

    async def plan(
        self,
        progress: Callable[[int], None] = lambda _: None,
        waits: Callable[[], None] = lambda: None,
        *,
        is_new: bool = False,
    ) -> Plan:
        """Return the run's one plan; make it if no other task does.

        Args:
            progress: Called now and then with the number of items found, while this process lists.
            waits: Called once if this process waits for the plan of another one.
            is_new: Whether the run was begun just now; this process then claims the plan before it looks for one.

        Raises:
            StoreError: Listing, reading or writing failed; another attempt might find or finish the plan.
            PlanRefusedError: The settings do not allow such a plan.
        """
        if is_new and await self._claim(1):
            return await self._make(1, progress)
        watch = _Watch(self._state, self._run, self._clock)
        wait = first_wait(self._task.count)
        told = False
        while True:
            if plan := await read_plan(self._state, self._run):
                return plan
            await watch.poll()
            is_dead = watch.gave_up or watch.silent >= DEAD_SECONDS or self._succeeds(watch.claim)
            if watch.refused:
                self._check(watch.refused, watch.refused_seen)
            if watch.last == 0 or is_dead:
                await self._check_unplanned()
                if await self._claim(watch.last + 1):
                    return await self._make(watch.last + 1, progress)
                continue
            if not told:
                # Nobody needs to wait for a plan that was deleted.
                await self._check_unplanned()
                waits()
                told = True
            # The jitter keeps a thousand waiting tasks from asking at once.
            await self._clock.sleep(self._clock.uniform(wait / 2, wait))
            wait = min(WAIT_GROWTH * wait, LONGEST_WAIT_SECONDS)

    def _succeeds(self, claim: dict[str, Any]) -> bool:
        """Return whether a claim is that of an earlier attempt of this very task, which then must be dead."""
        task = self._task
        return (
            task.execution is not None
            and claim.get("execution") == task.execution
            and claim.get("index") == task.index
            and claim.get("attempt", task.attempt) < task.attempt
        )

    async def _claim(self, number: int) -> bool:
        claim = {
            "run": self._run_id,
            "planner": number,
            "nonce": self._nonce,
            "execution": self._task.execution,
            "index": self._task.index,
            "attempt": self._task.attempt,
            "began": self._clock.now().isoformat(),
        }
        name = self._run.planner_claim(number)
        found = await self._state.create_or_read_spare(name, claim, self._run_id, likely_free=True)
        return found is not None and bool(found["nonce"] == self._nonce)

    async def _check_unplanned(self) -> None:
        """Check that the run never had a plan: outcomes of another plan would be taken for those of a new one.

        Raises:
            RecordError: It had one, which was deleted.
        """
        worked = await self._state.store.page(self._run.ledger, limit=1)
        if worked.entries and await read_plan(self._state, self._run) is None:
            problem = f"{self._state.store.uri(self._run.plan)} is missing, but the run has outcomes of a plan"
            raise RecordError(problem, hint=NEEDED)

    async def _make(self, number: int, progress: Callable[[int], None]) -> Plan:
        try:
            committed = await self._commit(number, progress)
        except BaseException:
            with suppress(Exception):
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await self._write_beat(self._run.end_of_beats(number), number, MOST_NUMBER, self._refused)
            raise
        self.listed = True
        return Plan.from_record(committed)

    async def _commit(self, number: int, progress: Callable[[int], None]) -> dict[str, Any]:
        """Make a plan and return the record of the run's one plan, which can be another planner's."""
        builder = PlanBuilder(self._source, self._state, self._run_id, number, self._rule, self._task.count)
        async with BoundedGroup(1) as group:
            # If a beat cannot be written, the planning stops, because the others would take this planner for dead.
            beats = await group.start(self._beat(number))
            try:
                plan = await builder.make(progress)
                try:
                    self._check(plan.items, plan.seen)
                except PlanRefusedError:
                    self._refused = plan
                    raise
                # The beats go on until the commit: a planner must not look dead while the store makes it wait.
                return await self._state.create_or_read(
                    self._run.plan, plan.to_record(), self._run_id, likely_free=True
                )
            finally:
                beats.cancel()

    async def _beat(self, number: int) -> None:
        """Write a beat now and then, to show that this planner is alive, until cancelled."""
        count = 0
        while True:
            await self._clock.sleep(BEAT_SECONDS)
            count += 1
            await self._write_beat(self._run.beat(number, count), number, count)

    async def _write_beat(self, name: str, number: int, count: int, refused: Plan | None = None) -> None:
        header: dict[str, Any] = {"run": self._run_id, "planner": number, "beat": count}
        if refused is not None:
            seen = {key: value for key, value in refused.seen.items() if key != "unlisted"}  # it can be long
            header |= {"refused": refused.items, "refused_seen": seen}
        await self._state.create_once(name, records.to_lines(header, ()), self._run_id)


class PlanRefusedError(SettingsError):
    """The settings do not allow a plan as large or as dear as the one that was made."""

    consequence = "thumbrun made no thumbnail"  # but it wrote the claim of the run


async def was_refused(state: RecordStore, run: RunNames, clock: Clock) -> bool:
    """Return whether the latest planner of a run has given up because the settings do not allow its plan.

    Raises:
        RecordError: The records cannot be read.
        StoreError: The store fails.
    """
    watch = _Watch(state, run, clock)
    await watch.poll()
    return bool(watch.refused)


def first_wait(tasks: int) -> float:
    """Return the seconds that each of a number of tasks waits at first for a plan that another task makes."""
    return min(LONGEST_WAIT_SECONDS, max(FIRST_WAIT_SECONDS, tasks / POLLS_A_SECOND))


class _Watch:
    """Watches the planners of a run for signs of life.

    Attributes:
        last: The number of the latest planner, or 0 if there is none.
        claim: The claim of the latest planner.
        gave_up: Whether the latest planner says that it has given up.
        refused: How many images it has found, if it gave up because its plan was too large or too dear; else 0.
        refused_seen: What its listing showed then; empty if that is not known.
    """

    def __init__(self, state: RecordStore, run: RunNames, clock: Clock) -> None:
        self._state = state
        self._run = run
        self._clock = clock
        self._sign = ""
        self._seen_at = clock.monotonic()
        self.last = 0
        self.claim: dict[str, Any] = {}
        self.gave_up = False
        self.refused = 0
        self.refused_seen: Mapping[str, Any] = {}

    @property
    def silent(self) -> float:
        """The seconds since the latest sign of life was first seen, on this process's clock."""
        return self._clock.monotonic() - self._seen_at

    async def poll(self) -> None:
        """Read the signs of life that the planners have written since the last poll."""
        claims = await self._state.last_name(self._run.planner_claims, self._run.planner_claim(self.last))
        newest = self._run.planner_of_claim(claims) if claims else 0
        if newest != self.last:
            self.last = newest
            self.gave_up, self.refused, self.refused_seen = False, 0, {}
            self.claim = await self._state.read_spare(self._run.planner_claim(newest)) or {}
        beat = await self._state.last_name(self._run.beats(newest)) if newest else ""
        gave_up = bool(newest) and beat == self._run.end_of_beats(newest)
        if gave_up and not self.gave_up:
            with suppress(RecordError, NotFoundError):
                header, _ = await self._state.read_lines(beat)
                self.refused, self.refused_seen = header.get("refused", 0), header.get("refused_seen", {})
        self.gave_up = gave_up
        sign = beat or claims
        if sign != self._sign:
            self._sign, self._seen_at = sign, self._clock.monotonic()


def _allow(images: int, seen: Mapping[str, Any]) -> None:
    """Refuse no plan."""
