"""Tests of what the records tell of a run while others are working on it."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.ledger.test_writer import ITEMS, RUN, done, state
from tests.virtual import VirtualClock, run
from thumbrun.environment.task_identity import Task
from thumbrun.ledger.seals import ROWS, WRITER
from thumbrun.ledger.status import AT_WORK, LATE, RunStatus, State, read_status
from thumbrun.ledger.writer import LedgerWriter
from thumbrun.outcomes import Reason, Tally, refusal
from thumbrun.planning.plan import Plan, PlannedShard
from thumbrun.runs.records import JSON_TYPE, to_json
from thumbrun.storage.memory import MemoryStore

SHARDS = 3
SEEN: dict[str, Any] = {"kinds": {}, "cold_bytes": {}}


async def begun(store: MemoryStore, shards: int = SHARDS) -> dict[str, Any]:
    """Write the plan of a run whose shards are alike, and return its claim."""
    plan = Plan(RUN, 1, tuple(PlannedShard(f"00000-{n:07d}", len(ITEMS), 60, 1.0) for n in range(shards)), SEEN)
    await state(store).create(state(store).names.run(RUN).plan, to_json(plan.to_record()), JSON_TYPE, RUN)
    return {"began": VirtualClock().now().isoformat(), "source": "gs://b-1/in/"}


def writer(store: MemoryStore, task: int, attempt: int = 0) -> LedgerWriter:
    """Return the ledger of one task of two."""
    return LedgerWriter(state(store), RUN, Task(task, 2, attempt, "e"), f"{task}{attempt}", VirtualClock())


async def look(store: MemoryStore, claim: dict[str, Any]) -> RunStatus:
    """Return the status of the run."""
    return await read_status(state(store), RUN, claim, VirtualClock())


def test_a_run_from_its_plan_to_its_end() -> None:
    """The counts follow what the tasks write, and a task that dies is silent for as long as it says nothing."""

    async def scenario() -> None:
        store = MemoryStore()
        claim = {"began": VirtualClock().now().isoformat(), "source": "gs://b-1/in/"}
        assert State.PLANNING is (await look(store, claim)).state
        claim = await begun(store)
        assert (State.SILENT, 18, 0) == ((found := await look(store, claim)).state, found.items, found.tally.items)
        log = await (first := writer(store, 0)).open(0, ITEMS, ())
        for index in range(3):
            log.add(done(index))
            await log.flush()
            await asyncio.sleep(10)
        found = await look(store, claim)
        assert (State.AT_WORK, 3, 0) == (found.state, found.tally.done, found.complete_shards)
        assert found.rate == pytest.approx(0.1)
        assert found.seconds_left == pytest.approx(150)
        (task,) = found.tasks
        assert (0, 2, 0, 3) == (task.index, task.count, task.attempt, task.items)
        log.add(refusal(0, 3, Reason.TRUNCATED, "cut"))
        for index in (4, 5):
            log.add(done(index))
        await log.flush()
        found = await look(store, claim)
        assert (5, {"truncated": 1}, 1) == (found.tally.done, found.tally.failed, found.complete_shards)
        await asyncio.sleep(2 * AT_WORK.total_seconds())
        found = await look(store, claim)
        assert (State.SILENT, None, None) == (found.state, found.rate, found.seconds_left)
        for number in (1, 2):
            log = await first.open(number, ITEMS, ())
            for index in range(6):
                log.add(done(index))
            await log.flush()
        summary = {
            "run": RUN,
            "round": 0,
            "items": 18,
            "shards": 3,
            "parts": 9,
            "began": claim["began"],
            "ended": claim["began"],
            **Tally(17, Counter(), Counter(truncated=1)).to_record(),
        }
        name = state(store).names.run(RUN).summary()
        await state(store).create(name, to_json(summary), JSON_TYPE, RUN)
        found = await look(store, claim)
        assert (State.COMPLETE, 18, 3, None) == (found.state, found.tally.items, found.complete_shards, found.rate)

    run(scenario())


@pytest.mark.parametrize(
    ("images", "silent", "is_known"),
    [(6, LATE.total_seconds() - 1, True), (6, LATE.total_seconds() + 1, False), (16, 15, True), (16, 25, False)],
)
def test_a_run_that_was_stopped_has_no_speed(images: int, silent: float, is_known: bool) -> None:
    """The speed and the end are unknown once all tasks are silent for too long, or the expected end has passed."""

    async def scenario() -> None:
        store = MemoryStore()
        claim = await begun(store)
        ledger = writer(store, 0)
        for number in range(SHARDS):
            log = await ledger.open(number, ITEMS, ())
            for index in range(max(0, min(6, images - 6 * number))):
                log.add(done(index))
                await log.flush()
                await asyncio.sleep(10)
        await asyncio.sleep(silent - 10)
        found = await look(store, claim)
        assert (images, State.AT_WORK) == (found.tally.done, found.state)
        assert (is_known, is_known) == (found.rate is not None, found.seconds_left is not None)

    run(scenario())


def test_the_latest_attempt_of_each_task_counts() -> None:
    """Of a task that was started again only the attempt that is at work is shown, and all outcomes count."""

    async def scenario() -> None:
        store = MemoryStore()
        claim = await begun(store)
        for task, attempt in ((0, 0), (1, 0), (0, 1)):
            ledger = writer(store, task, attempt)
            log = await ledger.open(task, ITEMS, await ledger.parts(task))
            log.add(done(attempt))
            await log.flush()
        found = await look(store, claim)
        assert [(0, 1, 1), (1, 0, 1)] == [(task.index, task.attempt, task.items) for task in found.tasks]
        assert 3 == found.tally.items

    run(scenario())


def test_no_part_is_opened() -> None:
    """However many outcomes there are, the plan is read, and everything else is listed."""

    async def scenario() -> None:
        store = MemoryStore()
        claim = await begun(store, shards=40)
        ledger = writer(store, 0)
        for number in range(40):
            log = await ledger.open(number, ITEMS, ())
            log.add(done(0))
            await log.flush()
        read = list[str]()
        whole = store.read

        async def noted(name: str, *rest: Any, **options: Any) -> int | None:
            read.append(name)
            return await whole(name, *rest, **options)

        store.read = noted  # type: ignore[method-assign]
        assert 40 == (await look(store, claim)).tally.items
        assert [state(store).names.run(RUN).plan] == read

    run(scenario())


@pytest.mark.parametrize(
    "forged",
    [
        {WRITER: "0/2/0 yesterday"},
        {WRITER: "0/2/0 2026-01-02T15:30:00"},
        {WRITER: "-1/2/0 2026-01-02T15:30:00+00:00"},
        {WRITER: "9" * 5000},
        {ROWS: "[" * 5000},
        {ROWS: '{"done": -5}'},
        {ROWS: "{}"},
    ],
)
def test_forged_metadata_count_for_nothing(forged: dict[str, str]) -> None:
    """A part whose metadata nobody could have written is not counted, and stops nothing."""

    async def scenario() -> None:
        store = MemoryStore()
        claim = await begun(store)
        ledger = writer(store, 0)
        log = await ledger.open(0, ITEMS, ())
        log.add(done(0))
        await log.flush()
        (entry,) = await ledger.parts(0)
        store.put_as_user(f"{entry.name[:-15]}000009.jsonl.gz", b"", metadata={**entry.metadata, **forged})
        found = await look(store, claim)
        assert (1, 1) == (found.tally.items, len(found.tasks))

    run(scenario())


def test_a_forged_time_in_the_future_is_no_sign_of_life() -> None:
    """A part that says it will be written in a hundred years keeps no run at work, and makes no speed."""

    async def scenario() -> None:
        store = MemoryStore()
        claim = await begun(store)
        ledger = writer(store, 0)
        log = await ledger.open(0, ITEMS, ())
        log.add(done(0))
        await log.flush()
        (entry,) = await ledger.parts(0)
        await asyncio.sleep(2 * AT_WORK.total_seconds())
        forged = {**entry.metadata, WRITER: "0/2/1 2126-01-02T15:30:00+00:00"}
        store.put_as_user(f"{entry.name[:-15]}000009.jsonl.gz", b"", metadata=forged)
        found = await look(store, claim)
        assert (State.SILENT, None) == (found.state, found.rate)

    run(scenario())


@pytest.mark.parametrize(
    ("rate", "done", "left"), [(2.0, 8, 1.0), (2.0, 11, 0.0), (1e-300, 9, None), (None, 9, None), (0.0, 9, None)]
)
def test_the_time_left_is_no_nonsense(rate: float | None, done: int, left: float | None) -> None:
    """Items that count twice leave no time below zero, and a forged speed no end beyond every date."""
    at = datetime(2026, 1, 2, 15, 30, tzinfo=UTC)
    found = RunStatus(RUN, "gs://b-1/in/", at, at, State.AT_WORK, items=10, tally=Tally(done), rate=rate)
    assert found.seconds_left == left
    assert (left is None) == (found.to_record()["expected_end"] is None)
