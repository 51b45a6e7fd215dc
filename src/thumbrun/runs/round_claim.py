"""Which later round of a run: every task of a retry finds the same one, without talking to one another."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from thumbrun.clock import Clock
from thumbrun.environment.task_identity import Task
from thumbrun.runs.names import RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.rounds import Round


async def agree_on_round(
    state: RecordStore, run_id: str, reasons: frozenset[str], task: Task, clock: Clock, *, join_within: float
) -> Round:
    """Return the round to work: the one of this execution, one that can be joined, or the next.

    A task without an execution joins the last round if that asks for the same, is younger than `join_within` seconds
    and unfinished.

    Args:
        state: Where the records lie.
        run_id: The run.
        reasons: What is worked again.
        task: Who asks.
        clock: Tells when.
        join_within: Seconds.

    Raises:
        StoreError: The state cannot be read or written.
    """
    run = state.names.run(run_id)
    owner = f"execution:{task.execution}" if task.execution else f"user/{clock.nonce()}"
    last = await state.last_name(run.rounds)
    number = run.number_of_round(last) if last else 0
    if task.execution:
        for earlier in range(number, 0, -1):
            record = await state.read(run.round(earlier))
            if record is not None and record["owner"] == owner:
                return Round.from_record(record)
    elif last:
        record = await state.read(run.round(number))
        if record is not None and await _joinable(state, run, record, reasons, clock, join_within):
            return Round.from_record(record)
    while True:
        number += 1
        wanted = {
            "run": run_id,
            **Round(number, reasons).to_record(),
            "owner": owner,
            "began": clock.now().isoformat(),
        }
        record = await state.create_or_read(run.round(number), wanted, run_id)
        joinable = not task.execution and await _joinable(state, run, record, reasons, clock, join_within)
        if record["owner"] == owner or joinable:
            return Round.from_record(record)


async def last_summary(state: RecordStore, run_id: str) -> dict[str, Any] | None:
    """Return the summary of the latest round that has one, or None."""
    run = state.names.run(run_id)
    return await state.read(await state.last_name(run.summaries) or run.summary())


async def _joinable(
    state: RecordStore,
    run: RunNames,
    record: Mapping[str, Any],
    reasons: frozenset[str],
    clock: Clock,
    join_within: float,
) -> bool:
    age = (clock.now() - datetime.fromisoformat(record["began"])).total_seconds()
    return (
        age < join_within
        and record["reasons"] == sorted(reasons)
        and await state.store.stat(run.summary(record["round"])) is None
    )
