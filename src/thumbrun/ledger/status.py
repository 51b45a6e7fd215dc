"""Tells how far a run is, for anybody who looks at it from outside while others are working on it.

It reads the claim and the plan, and lists the ledger: the metadata of each part say which task wrote it, when, and what
its outcomes are. So it opens no part, however large the run is. Only parts of version 0.1.0 do not say so; of
those it counts the ones that seal a shard.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from thumbrun.clock import Clock
from thumbrun.ledger.seals import ROWS, WRITER, last_seal, seal_of
from thumbrun.ledger.suspects import RECENT_SECONDS
from thumbrun.outcomes import Tally
from thumbrun.planning.listing import pages
from thumbrun.planning.plan import Plan, read_plan
from thumbrun.planning.planner import was_refused
from thumbrun.runs.record_forms import is_tally
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.record_values import time as is_time
from thumbrun.runs.rounds import Round
from thumbrun.storage.base import Entry

VERSION = 1  # of the JSON
_WINDOW = timedelta(minutes=3)  # of which the rate is the mean
_MOST_SECONDS_LEFT = 10 * 365 * 86_400.0  # nobody can tell more, and a date has to have four digits
# A task writes a part at least every 30 seconds while it works (`writer.stay_recent`), and each of those might have
# been written some seconds after its time.
AT_WORK = timedelta(seconds=2 * RECENT_SECONDS)
LATE = timedelta(seconds=45)  # a task that works writes more often
_WRITER = re.compile(r"(\d{1,9})/(\d{1,9})/(\d{1,9}) (\S{1,40})")


class State(StrEnum):
    """What is going on in a run."""

    PLANNING = "planning"
    REFUSED = "refused"
    AT_WORK = "at-work"
    SILENT = "silent"
    COMPLETE = "complete"


def is_recent(at: datetime, now: datetime, within: timedelta = AT_WORK) -> bool:
    """Return whether something happened lately. What lies in the future by more than that was forged."""
    return abs(now - at) <= within


@dataclass(frozen=True, slots=True)
class TaskSeen:
    """What a task was last seen doing.

    Attributes:
        index: The index of the task.
        count: The number of tasks that it is one of.
        attempt: The number of its attempt.
        items: The outcomes that this attempt wrote.
        at: When it wrote its last part.
    """

    index: int
    count: int
    attempt: int
    items: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far a run is.

    Attributes:
        run_id: The id of the run.
        source: The URI of the source.
        began: When the run began.
        at: When this was found out.
        state: What is going on.
        items: The number of images in the plan, 0 while there is none.
        tally: The outcomes so far, of the run with all its rounds.
        shards: The number of shards in the plan.
        complete_shards: The number of shards that are complete in the latest round.
        round: The number of the latest round.
        rate: Images a second in the last minutes, None if all tasks are silent for longer than a working task ever
            is, or for so long that the run would have ended.
        tasks: The tasks of the latest attempts, by index.
    """

    run_id: str
    source: str
    began: datetime
    at: datetime
    state: State
    items: int = 0
    tally: Tally = field(default_factory=Tally)
    shards: int = 0
    complete_shards: int = 0
    round: int = 0
    rate: float | None = None
    tasks: tuple[TaskSeen, ...] = ()

    @property
    def seconds_left(self) -> float | None:
        """The seconds until the expected end, None if nobody can tell."""
        left = max(0, self.items - self.tally.items) / self.rate if self.rate else None
        return None if left is None or left > _MOST_SECONDS_LEFT else left

    def to_record(self) -> dict[str, Any]:
        """Return the status as `thumbrun status --json` prints it."""
        left = self.seconds_left
        return {
            "version": VERSION,
            "run": self.run_id,
            "source": self.source,
            "state": self.state.value,
            "began": self.began.isoformat(),
            "at": self.at.isoformat(),
            "items": self.items,
            **self.tally.to_record(),
            "shards": self.shards,
            "complete_shards": self.complete_shards,
            "round": self.round,
            "rate": None if self.rate is None else round(self.rate, 3),
            "expected_end": None if left is None else (self.at + timedelta(seconds=left)).isoformat(),
            "tasks": [
                {
                    "task": task.index,
                    "tasks": task.count,
                    "attempt": task.attempt,
                    "items": task.items,
                    "last_seen": task.at.isoformat(),
                    "silent_seconds": round((self.at - task.at).total_seconds(), 1),
                }
                for task in self.tasks
            ],
        }


@dataclass(frozen=True, slots=True)
class _Part:
    """What the metadata of a part say.

    Attributes:
        task: The index of the task that wrote it, their number, and its attempt.
        at: When it was written.
        rows: The tally of its own rows.
    """

    task: tuple[int, int, int]
    at: datetime
    rows: Tally


async def read_status(state: RecordStore, run_id: str, claim: Mapping[str, Any], clock: Clock) -> RunStatus:
    """Return how far a run is.

    Args:
        state: The store of the records.
        run_id: The id of the run.
        claim: The record of the run's claim.
        clock: Provides the time.

    Raises:
        RecordError: The plan, or what its planners wrote, cannot be read.
        StoreError: The store fails.
    """
    now = clock.now()
    begun = RunStatus(run_id, claim["source"], datetime.fromisoformat(claim["began"]), now, State.PLANNING)
    run = state.names.run(run_id)
    plan = await read_plan(state, run)
    if plan is None:
        return replace(begun, state=State.REFUSED) if await was_refused(state, run, clock) else begun
    last_round = await state.last_name(run.rounds)
    number = run.number_of_round(last_round) if last_round else 0
    parts = await _parts(state, plan)
    is_complete = await state.store.stat(run.summary(number)) is not None
    described = [part for listed in parts.values() for entry in listed if (part := _described(entry))]
    tasks = _tasks(described)
    at_work = any(is_recent(task.at, now) for task in tasks)
    tally = tally_so_far(parts.values())
    return replace(
        begun,
        state=State.COMPLETE if is_complete else State.AT_WORK if at_work else State.SILENT,
        items=plan.items,
        tally=tally,
        shards=len(plan.shards),
        complete_shards=sum(last_seal(listed) >= number for listed in parts.values()),
        round=number,
        rate=None if is_complete else _rate(described, now, plan.items - tally.items),
        tasks=tasks,
    )


async def has_work(state: RecordStore, plan: Plan, this_round: Round) -> bool:
    """Return whether a round of a run that has a plan would have anything to do.

    Raises:
        StoreError: The store fails.
    """
    parts = await _parts(state, plan)
    shards = (parts.get(number, []) for number in range(len(plan.shards)))
    return any(last_seal(listed) < 0 or not this_round.has_nothing_for(_tally_of(listed)) for listed in shards)


async def _parts(state: RecordStore, plan: Plan) -> Mapping[int, Sequence[Entry]]:
    """List the ledger; return the parts of each shard that has any."""
    run = state.names.run(plan.run_id)
    parts: dict[int, list[Entry]] = defaultdict(list)
    async for entries in pages(state.store, run.ledger):
        for entry in entries:
            if run.is_part(entry.name) and run.shard_of_part(entry.name) < len(plan.shards):
                parts[run.shard_of_part(entry.name)].append(entry)
    return parts


def tally_so_far(shards: Iterable[Sequence[Entry]]) -> Tally:
    """Return the outcomes of a run so far, as far as the metadata of its ledger parts tell.

    Args:
        shards: All parts of each shard, as they were listed.
    """
    tally = Tally()
    for parts in shards:
        tally.merge(_tally_of(parts))
    return tally


def _tally_of(parts: Sequence[Entry]) -> Tally:
    """Return the tally of a shard: that of its latest seal, else of the rows of all parts.

    An item that two processes worked counts twice until the shard is sealed.
    """
    last = last_seal(parts)
    if last >= 0:
        seals = (seal for seal in map(seal_of, parts) if seal is not None and seal.round == last)
        return max((seal.tally for seal in seals), key=lambda tally: tally.items)
    total = Tally()
    for part in filter(None, map(_described, parts)):
        total.merge(part.rows)
    return total


def _described(entry: Entry) -> _Part | None:
    """Return what the metadata of a part say, None if they say nothing or were forged."""
    writer = _WRITER.fullmatch(entry.metadata.get(WRITER, ""))
    if writer is None or not is_time(writer[4]):
        return None
    try:
        rows = json.loads(entry.metadata.get(ROWS, ""))
    except (ValueError, RecursionError):
        return None
    if not is_tally(rows):
        return None
    task, at = (int(writer[1]), int(writer[2]), int(writer[3])), datetime.fromisoformat(writer[4])
    return _Part(task, at, Tally.from_record(rows))


def _tasks(parts: Iterable[_Part]) -> tuple[TaskSeen, ...]:
    """Return the latest attempt of each task, among those that were started together last."""
    found: dict[tuple[int, int, int], TaskSeen] = {}
    for part in parts:
        before = found.get(part.task)
        items = part.rows.items + (before.items if before else 0)
        found[part.task] = TaskSeen(*part.task, items, max(part.at, before.at) if before else part.at)
    if not found:
        return ()
    count = max(found.values(), key=lambda task: task.at).count
    latest: dict[int, TaskSeen] = {}
    for task in sorted(found.values(), key=lambda task: task.attempt):
        if task.count == count:
            latest[task.index] = task
    return tuple(latest[index] for index in sorted(latest))


def _rate(parts: Iterable[_Part], now: datetime, left: int) -> float | None:
    """Return the images a second of the last minutes: those in parts after the first one of these minutes.

    It is None if the run has been silent for too long to be at that speed still.
    """
    recent = sorted((part for part in parts if is_recent(part.at, now, _WINDOW)), key=lambda part: part.at)
    if not recent or not is_recent(recent[-1].at, now, LATE):
        return None
    seconds = (recent[-1].at - recent[0].at).total_seconds()
    images = sum(part.rows.items for part in recent[1:])
    rate = images / seconds if seconds > 0 and images else None
    silent = (now - recent[-1].at).total_seconds()
    return None if rate is None or silent > left / rate else rate
