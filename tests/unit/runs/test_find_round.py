"""Tests of the choice of a later round, with a store in memory, in virtual time."""

import asyncio
import random

import pytest

from tests.faults.store import Asked, FaultStore, NoFaults
from tests.virtual import VirtualClock, run
from thumbrun.environment.task_identity import Task
from thumbrun.outcomes import Tally
from thumbrun.runs.find_round import agree_on_round
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError, to_json
from thumbrun.runs.rounds import Round, reasons_of
from thumbrun.runs.summaries import last_summary
from thumbrun.storage.memory import MemoryStore

RUN = "20260102T1530Z"
ALL, TIMEOUTS = reasons_of(()), reasons_of(["timeout"])


def summary(number: int) -> dict[str, object]:
    """Return the summary of a round without items."""
    times = dict.fromkeys(("began", "ended"), "2026-01-02T15:30:00+00:00")
    return {"run": RUN, "round": number, **times, "items": 0, "parts": 0, **Tally().to_record()}


async def agreed(
    state: RecordStore, reasons: frozenset[str] = ALL, execution: str | None = None, seed: int = 0, index: int = 0
) -> Round:
    """Return the round that one task agrees on, where there is work."""
    found = await agreed_if(state, reasons, execution, seed, index, work=True)
    assert found is not None
    return found


async def agreed_if(
    state: RecordStore,
    reasons: frozenset[str] = ALL,
    execution: str | None = None,
    seed: int = 0,
    index: int = 0,
    *,
    work: bool,
) -> Round | None:
    """Return the round that one task agrees on, where there is work for a new one or not."""

    async def has_work() -> bool:
        return work

    task = Task(index, 9, execution=execution)
    return await agree_on_round(state, RUN, reasons, task, VirtualClock(seed), join_within=3600, has_work=has_work)


def test_all_tasks_of_an_execution_work_one_round() -> None:
    """All tasks of an execution agree on one round whenever they start, and each execution has its own."""

    async def scenario() -> None:
        state = RecordStore(MemoryStore(), "")
        rounds = await asyncio.gather(*(agreed(state, ALL, "a" if n % 2 else "b", n, n // 2) for n in range(10)))
        assert [1, 2] == sorted({found.number for found in rounds})
        assert 1 == len({found.number for found in rounds[::2]})
        assert rounds[1] == await agreed(state, ALL, "a", 99)

    run(scenario())


@pytest.mark.parametrize("execution", [None, "a"])
def test_no_round_begins_without_work(execution: str | None) -> None:
    """Where there is nothing to do, no record is written; a round that was begun before is still joined."""

    async def scenario() -> None:
        store = MemoryStore()
        state = RecordStore(store, "")
        assert await agreed_if(state, TIMEOUTS, execution, work=False) is None
        assert [] == list(store.objects)
        assert Round(1, TIMEOUTS) == await agreed(state, TIMEOUTS, execution)
        assert Round(1, TIMEOUTS) == await agreed_if(state, TIMEOUTS, execution, seed=2, work=False)

    run(scenario())


def test_tasks_by_hand_meet_in_an_unfinished_round() -> None:
    """Tasks by hand join a round that asks for the same, is young and has no summary, or else begin the next."""

    async def scenario() -> None:
        state = RecordStore(MemoryStore(), "")
        rounds = await asyncio.gather(*(agreed(state, ALL, seed=n, index=n) for n in range(9)))
        assert {Round(1, ALL)} == set(rounds)
        assert Round(2, TIMEOUTS) == await agreed(state, TIMEOUTS, seed=20)
        assert Round(2, TIMEOUTS) == await agreed(state, TIMEOUTS, seed=21)
        await state.create_or_read(state.names.run(RUN).summary(2), summary(2), RUN)
        assert Round(3, TIMEOUTS) == await agreed(state, TIMEOUTS, seed=22)
        await asyncio.sleep(3601)
        assert Round(4, TIMEOUTS) == await agreed(state, TIMEOUTS, seed=23)

    run(scenario())


@pytest.mark.parametrize("execution", [None, "a"])
def test_a_round_that_nobody_reached_costs_one_listing(execution: str | None) -> None:
    """A forged record of round 9,999,999 is set aside, and thumbrun reads only the rounds that somebody wrote."""

    async def scenario() -> None:
        asked = Asked()
        store = MemoryStore()
        state = RecordStore(FaultStore(store, NoFaults(), random.Random(5), hooks=asked), "")  # noqa: S311
        run_names = state.names.run(RUN)
        for name in (run_names.round(9_999_999), run_names.rounds + "9" * 250 + ".json", run_names.summary(9_999_998)):
            store.put_as_user(name, b"{}")
        assert Round(1, ALL) == await agreed(state, ALL, execution)
        assert len(asked.operations) < 10

    run(scenario())


def test_rounds_whose_numbers_are_used_up() -> None:
    """If somebody writes rounds up to the last number, the error says so."""

    async def scenario() -> None:
        store = MemoryStore()
        state = RecordStore(store, "")
        for number in (*range(0, 9_999_999, 1_000), 9_999_999):
            store.put_as_user(state.names.run(RUN).round(number), b"{}")
        with pytest.raises(RecordError, match="no number is left"):
            await agreed(state)

    run(scenario())


@pytest.mark.parametrize("change", [{"items": 6, "done": 6}, {"done": 10**18}, {"items": 4, "done": 4}])
def test_a_summary_of_another_number_of_items_is_set_aside(change: dict[str, int]) -> None:
    """A summary counts the items of the plan, or it is damaged."""

    async def scenario() -> None:
        store, told = MemoryStore(), list[str]()
        state = RecordStore(store, "", lambda record, _: told.append(record))
        names = state.names.run(RUN)
        seen: dict[str, object] = {"kinds": {}, "cold_bytes": {}}
        shards = [["00000-0000000", 5, 9, 1.5, False]]
        plan = {"run": RUN, "planner": 1, "items": 5, "bytes": 9, "seen": seen, "shards": shards}
        store.put_as_user(names.plan, to_json(plan))
        right = {**summary(0), "items": 5, "done": 5}
        store.put_as_user(names.summary(), to_json(right))
        assert {"version": 1, **right} == await last_summary(state, RUN)
        store.put_as_user(names.summary(), to_json({**right, **change}))
        assert await last_summary(state, RUN) is None
        assert [store.uri(names.summary())] == told

    run(scenario())


def test_the_latest_summary_counts() -> None:
    """The summary of the latest round counts, and without any summary the result is None."""

    async def scenario() -> None:
        state = RecordStore(MemoryStore(), "")
        assert await last_summary(state, RUN) is None
        for number in (0, 2, 1):
            await state.create_or_read(state.names.run(RUN).summary(number), summary(number), RUN)
        found = await last_summary(state, RUN)
        assert found is not None
        assert 2 == found["round"]

    run(scenario())


def test_what_a_retry_works_unless_told() -> None:
    """A retry works on every failed and every missing item, and on no skipped one, unless it is told otherwise."""
    assert {"timeout", "missing", "poison"} < ALL
    assert not {"unsupported", "not-an-image"} & ALL
    assert frozenset({"unsupported"}) == reasons_of(["unsupported"])
