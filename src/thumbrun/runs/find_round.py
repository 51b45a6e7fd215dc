"""Finds the later round of a retry: all tasks of it find the same round without talking to each other."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from thumbrun.clock import Clock
from thumbrun.environment.task_identity import Task
from thumbrun.runs.record_forms import NEEDED
from thumbrun.runs.record_names import MOST_NUMBER, RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.runs.rounds import Round


async def agree_on_round(
    state: RecordStore,
    run_id: str,
    reasons: frozenset[str],
    task: Task,
    clock: Clock,
    *,
    join_within: float,
    has_work: Callable[[], Awaitable[bool]],
) -> Round | None:
    """Return the round to work on: the round of this execution, a round that the task can join, or the next one.

    It is None if there is no round to join, and a new one would have nothing to do.

    A task without an execution joins the last round if that round has the same reasons, is unfinished, and is younger
    than `join_within` seconds.

    Args:
        state: The store of the records.
        run_id: The id of the run.
        reasons: The reasons to retry.
        task: The task that asks for its round.
        clock: The source of time and chance.
        join_within: How many seconds old a round can be so that a task still joins it.
        has_work: Returns whether a new round would have anything to do.

    Raises:
        StoreError: The state cannot be read or written.
        RecordError: So many rounds were written there that no number is left.
    """
    run = state.names.run(run_id)
    owner = f"execution:{task.execution}" if task.execution else f"user/{clock.nonce()}"
    rounds = await state.names_of(run.rounds)
    number = run.number_of_round(rounds[-1]) if rounds else 0
    # A round that has a summary was worked, even if somebody deleted its record.
    if summarised := await state.last_name(run.summaries, run.summary(number) if number else ""):
        number = max(number, run.number_of_summary(summarised))
    if task.execution:
        if found := await _own(state, rounds, owner):
            return found
    elif rounds:
        record = await state.read_spare(run.round(number))
        if record is not None and await _joinable(state, run, record, reasons, clock, join_within):
            return Round.from_record(record)
    return await _next(state, run_id, reasons, task, clock, join_within, owner, number) if await has_work() else None


async def _own(state: RecordStore, rounds: Sequence[str], owner: str) -> Round | None:
    """Return the latest round of an execution, or None if it has none."""
    for name in reversed(rounds):
        record = await state.read_spare(name)
        if record is not None and record["owner"] == owner:
            return Round.from_record(record)
    return None


async def _next(
    state: RecordStore,
    run_id: str,
    reasons: frozenset[str],
    task: Task,
    clock: Clock,
    join_within: float,
    owner: str,
    number: int,
) -> Round:
    """Begin the round after the last one, or join a round that others begin meanwhile."""
    run = state.names.run(run_id)
    while True:
        number += 1
        record = await _create(state, run_id, Round(number, reasons), owner, clock)
        if record is None:
            continue
        joinable = not task.execution and await _joinable(state, run, record, reasons, clock, join_within)
        if record["owner"] == owner or joinable:
            return Round.from_record(record)


async def _create(state: RecordStore, run_id: str, wanted: Round, owner: str, clock: Clock) -> dict[str, Any] | None:
    """Create the record of a round; return the one that then exists, or None if it is damaged."""
    run = state.names.run(run_id)
    if wanted.number > MOST_NUMBER:
        raise RecordError(f"no number is left for a round below {state.store.uri(run.rounds)}", hint=NEEDED)
    record = {"run": run_id, **wanted.to_record(), "owner": owner, "began": clock.now().isoformat()}
    return await state.create_or_read_spare(run.round(wanted.number), record, run_id)


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
