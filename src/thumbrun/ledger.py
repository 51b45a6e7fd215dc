"""The ledger: the outcome of every item, in parts on the store.

A part belongs to one shard and is written once, under a name that holds the nonce of its process. Where parts tell
different outcomes of one item, `outcomes.precedence` chooses, for every reader alike. The part with which its writer
knew every outcome of the shard seals it: it carries the shard's tally as metadata, so that one listing of the ledger
tells which shards are complete and what came of them.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from thumbrun import records
from thumbrun.layout import RunLayout
from thumbrun.outcomes import Outcome, Reason, Status, Tally, precedence
from thumbrun.planning.listing import pages
from thumbrun.planning.plan import Item
from thumbrun.platform import Task
from thumbrun.state import State
from thumbrun.storage.base import Entry

SEAL = "thumbrun-tally"  # the metadata key of a shard's tally

_NUMBERS = ("source_bytes", "output_bytes", "width", "height", "retry_round")


def to_row(outcome: Outcome, item: Item) -> dict[str, Any]:
    """Return an outcome as a part holds it, with the names that a reader wants; zeros are left out."""
    row: dict[str, Any] = {
        "item": outcome.item,
        "source": item.source,
        "generation": item.generation,
        "output": item.output,
        "status": outcome.status.value,
    }
    if outcome.reason:
        row |= {"reason": outcome.reason.value, "detail": outcome.detail}
    return row | {name: value for name in _NUMBERS if (value := getattr(outcome, name))}


def from_row(shard: int, row: Mapping[str, Any]) -> Outcome:
    """Return the outcome of a part's row."""
    reason = Reason(row["reason"]) if "reason" in row else None
    numbers = {name: row[name] for name in _NUMBERS if name in row}
    return Outcome(shard, row["item"], Status(row["status"]), reason, row.get("detail", ""), **numbers)


def choose(parts: Mapping[str, Iterable[Outcome]]) -> dict[int, Outcome]:
    """Return the one outcome of each item, by its index, from the parts of one shard, by their names. Pure."""
    best: dict[int, tuple[tuple[int, int, str], Outcome]] = {}
    for name, outcomes in parts.items():
        for outcome in outcomes:
            candidate = (precedence(outcome, name), outcome)
            if outcome.item not in best or candidate[0] < best[outcome.item][0]:
                best[outcome.item] = candidate
    return {index: outcome for index, (_, outcome) in sorted(best.items())}


class Ledger:
    """Reads and appends to the ledger of one run, for one process."""

    def __init__(self, state: State, run_id: str, task: Task, nonce: str) -> None:
        """Prepare.

        Args:
            state: Where the records lie.
            run_id: The run.
            task: Who writes.
            nonce: Of this process, in the names of its parts.
        """
        self._state = state
        self._run_id = run_id
        self._run: RunLayout = state.names.run(run_id)
        self._task = task
        self._nonce = nonce
        self._sequence = 0

    async def open(self, shard: int, items: Sequence[Item]) -> "ShardLog":
        """Read what is known of a shard and return its log."""
        parts = await self._parts(self._run.shard_ledger(shard))
        known = await self._read(shard, parts)
        return ShardLog(self, shard, items, known, begun=bool(parts), sealed=any(SEAL in p.metadata for p in parts))

    async def unfinished(self, shards: int) -> int | None:
        """Return the number of the first shard without a seal, or None when all have one.

        Stops at the first page that shows a gap, so that asking early is cheap.

        Args:
            shards: How many the plan has.
        """
        expected = 0
        async for entries in pages(self._state.store, self._run.ledger):
            sealed = sorted({self._run.shard_of_part(e.name) for e in entries if SEAL in e.metadata})
            for shard in sealed:
                if shard > expected:
                    return expected
                expected = shard + 1
        return expected if expected < shards else None

    async def tally(self) -> Tally:
        """Count the outcomes of all sealed shards; only shards sealed twice with different tallies are read."""
        total = Tally()
        by_shard: dict[int, list[Entry]] = {}
        for entry in await self._parts(self._run.ledger):
            by_shard.setdefault(self._run.shard_of_part(entry.name), []).append(entry)
        for shard, parts in by_shard.items():
            seals = {part.metadata[SEAL] for part in parts if SEAL in part.metadata}
            if len(seals) == 1:
                total.merge(Tally.from_record(json.loads(seals.pop())))
            else:
                total.merge(Tally.of((await self._read(shard, parts)).values()))
        return total

    async def append(self, shard: int, rows: list[dict[str, Any]], tally: Tally | None) -> None:
        """Write one part, sealed if a tally is given."""
        name = self._run.part(shard, self._nonce, self._sequence)
        self._sequence += 1
        header = {
            "run": self._run_id,
            "shard": shard,
            "task": self._task.index,
            "attempt": self._task.attempt,
            "sealed": tally is not None,
        }
        metadata = {SEAL: json.dumps(tally.to_record(), sort_keys=True)} if tally else {}
        await self._state.create_own(name, records.to_lines(header, rows), self._run_id, metadata=metadata)

    async def _parts(self, prefix: str) -> list[Entry]:
        return [entry async for entries in pages(self._state.store, prefix) for entry in entries]

    async def _read(self, shard: int, parts: Iterable[Entry]) -> dict[int, Outcome]:
        outcomes: dict[str, list[Outcome]] = {}
        for part in parts:
            _, rows = await self._state.read_lines(part.name)
            outcomes[part.name] = [from_row(shard, row) for row in rows]
        return choose(outcomes)


@dataclass(slots=True)
class ShardLog:
    """What is known of one shard, and what this process has not written down yet.

    Attributes:
        ledger: Where parts go.
        shard: Its number.
        items: Its items.
        known: The outcome of each item that has one, by index, written down or not.
        begun: Whether somebody wrote a part of it before this process.
        sealed: Whether the store knows that it is complete.
    """

    ledger: Ledger
    shard: int
    items: Sequence[Item]
    known: dict[int, Outcome]
    begun: bool
    sealed: bool
    _pending: list[Outcome] = field(default_factory=list)
    # One part after the other: a seal must not reach the store before the outcomes that it counts.
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def complete(self) -> bool:
        """Whether every item has an outcome."""
        return len(self.known) == len(self.items)

    @property
    def tally(self) -> Tally:
        """What came of the items that have an outcome."""
        return Tally.of(self.known.values())

    def open_items(self) -> list[int]:
        """Return the indices of the items without an outcome."""
        return [index for index in range(len(self.items)) if index not in self.known]

    def add(self, outcome: Outcome) -> None:
        """Take an outcome; `flush` writes it down."""
        self.known[outcome.item] = outcome
        self._pending.append(outcome)

    async def flush(self) -> None:
        """Write down what is not written yet, and seal the shard if it is complete."""
        async with self._writing:
            if self.sealed or not (self._pending or self.complete):
                return
            pending, self._pending = self._pending, []
            tally = self.tally if self.complete else None
            rows = [to_row(outcome, self.items[outcome.item]) for outcome in pending]
            try:
                await self.ledger.append(self.shard, rows, tally)
            except BaseException:
                self._pending = pending + self._pending
                raise
            self.sealed = tally is not None
