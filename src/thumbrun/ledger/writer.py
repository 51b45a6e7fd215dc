"""Writes the ledger: one process appends the outcomes of its shards, part by part.

Each part also says which items its writer may open before the next one; `suspects` explains why.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from thumbrun.clock import Clock
from thumbrun.environment.machine import Machine
from thumbrun.environment.task_identity import Task
from thumbrun.ledger.reader import Ledger
from thumbrun.ledger.rows import to_row
from thumbrun.ledger.seals import COVERS, ROUND, ROWS, SEAL, SHARD, WRITER, last_seal
from thumbrun.ledger.suspects import RECENT_SECONDS, Announcement, from_index_ranges, to_index_ranges
from thumbrun.outcomes import Outcome, Status, Tally
from thumbrun.planning.plan import Item
from thumbrun.runs import records
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.rounds import FIRST, Round
from thumbrun.storage.base import Entry

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class LedgerWriter(Ledger):
    """Reads the ledger of one run and appends to it, for one process.

    Attributes:
        round: The round that is worked.
    """

    def __init__(
        self,
        state: RecordStore,
        run_id: str,
        task: Task,
        nonce: str,
        clock: Clock,
        this_round: Round = FIRST,
        *,
        machine: Machine | None = None,
        started: datetime | None = None,
    ) -> None:
        """Set up the ledger; nothing is read yet.

        Args:
            state: The store of the records.
            run_id: The id of the run.
            task: The task that writes.
            nonce: The nonce of this process, for the names of its parts.
            clock: Provides the time.
            this_round: The round that is worked.
            machine: The machine that the task runs on, if its parts are to say so.
            started: When the task started, if its parts are to say so.
        """
        super().__init__(state, run_id)
        self._task = task
        self._nonce = nonce
        self._clock = clock
        self._writer: dict[str, Any] = {
            "task": task.index,
            "tasks": task.count,
            "attempt": task.attempt,
            "execution": task.execution,
        }
        if machine is not None:
            self._writer |= {"processors": machine.processors}
            self._writer |= {"machine": machine.name} if machine.name else {}
        if started is not None:
            self._writer["started"] = started.isoformat(timespec="milliseconds")
        self._sequence = 0
        self.round = this_round

    def now(self) -> datetime:
        """Return the time, as parts state it."""
        return self._clock.now()

    async def finished_tally(self, shard: int, parts: Sequence[Entry]) -> Tally | None:
        """Return the tally of a shard in which this round has nothing to do, else None.

        If only an earlier round has sealed the shard, seal it for this round.
        """
        last = last_seal(parts)
        if last < 0:
            return None
        tally, counted = await self.sealed(shard, parts)
        if last < self.round.number:
            if not self.round.has_nothing_for(tally):
                return None
            await self.append(shard, [], tally, counted=counted + 1)
        return tally

    async def open(self, shard: int, items: Sequence[Item], parts: Sequence[Entry]) -> "ShardLog":
        """Read the parts of a shard, and return the shard's log.

        Args:
            shard: The number of the shard.
            items: The items of the shard.
            parts: The shard's parts, as `parts` lists them.
        """
        outcomes, last = await self.read(shard, parts, items)
        announcements = [
            _announcement(header)
            for nonce, header in last.items()
            if nonce != self._nonce and "opening" in header and header["round"] == self.round.number
        ]
        sealed = last_seal(parts) >= self.round.number
        return ShardLog(self, shard, items, outcomes, announcements, len(parts), sealed=sealed)

    async def append(
        self,
        shard: int,
        rows: list[dict[str, Any]],
        tally: Tally | None,
        opening: Mapping[str, Any] | None = None,
        *,
        counted: int = 1,
        added: Tally | None = None,
    ) -> None:
        """Write one part.

        Args:
            shard: The number of its shard.
            rows: The outcomes, as rows.
            tally: The tally of the shard, if the part seals it.
            opening: The items that the writer may open before its next part, from `announcement_record`.
            counted: The number of the shard's parts that the tally counts, this one included.
            added: The tally of the rows, if there are any.
        """
        name = self._run.part(shard, self._nonce, self._sequence)
        self._sequence += 1
        header = {
            "run": self._run_id,
            "shard": shard,
            "round": self.round.number,
            **self._writer,
            "at": self.now().isoformat(),
            "sealed": tally is not None,
            **(opening or {}),
        }
        metadata = {
            WRITER: f"{self._task.index}/{self._task.count}/{self._task.attempt} {header['at']}",
            ROWS: _as_text(added or Tally()),
        }
        if tally:
            metadata |= {SEAL: _as_text(tally), COVERS: str(counted), SHARD: self._run.digits_of_shard(shard)}
        if tally and self.round.number:
            metadata[ROUND] = str(self.round.number)
        await self._state.create_once(name, records.to_lines(header, rows), self._run_id, metadata=metadata)


def _as_text(tally: Tally) -> str:
    return json.dumps(tally.to_record(), sort_keys=True)


def announcement_record(items: Iterable[int], at_once: int, *, alone: bool) -> dict[str, Any]:
    """Return the fields of a part's header that announce the items that may be opened before the next part."""
    return {"opening": to_index_ranges(items), "at_once": at_once, "alone": alone}


def _announcement(header: Mapping[str, Any]) -> Announcement:
    task = Task(header["task"], header["tasks"], header["attempt"], header["execution"])
    return Announcement(
        from_index_ranges(header["opening"]),
        header["at_once"],
        header["alone"],
        task,
        datetime.fromisoformat(header["at"]),
    )


@dataclass(slots=True)
class ShardLog:
    """The known outcomes of one shard, and those that this process has not written yet.

    Attributes:
        ledger: The ledger that parts go to.
        shard: The number of the shard.
        items: The items of the shard.
        known: The outcome of each item that has one, by index, written or not.
        announcements: The items that other processes might have had open when they were last heard of.
        parts: The number of parts that `known` was read from and written to.
        sealed: Whether the store knows that the shard is complete.
        refusals: The number of items that got no thumbnail and are not written yet.
    """

    ledger: LedgerWriter
    shard: int
    items: Sequence[Item]
    known: dict[int, Outcome]
    announcements: Sequence[Announcement]
    parts: int
    sealed: bool
    refusals: int = 0
    _open: set[int] = field(init=False)
    _pending: list[Outcome] = field(default_factory=list)
    _opening: tuple[Sequence[int], int, bool] | None = None  # items that may be opened, how many at once, whether alone
    _announced: bool = False  # whether the last part that was written announces anything
    _written_at: datetime = _LONG_AGO
    # Parts are written one at a time: a seal must not reach the store before the outcomes that it counts.
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        includes = self.ledger.round.includes
        self._open = {i for i in range(len(self.items)) if i not in self.known or includes(self.known[i])}

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do in this round."""
        return not self._open

    @property
    def tally(self) -> Tally:
        """The tally of the items that have an outcome."""
        return Tally.of(self.known.values())

    @property
    def closed_tally(self) -> Tally:
        """The tally of the items that this round does not work."""
        return Tally.of(outcome for index, outcome in self.known.items() if index not in self._open)

    def open_items(self) -> list[int]:
        """Return the indices of the items to work, in ascending order."""
        return sorted(self._open)

    def reopen(self, index: int) -> None:
        """Mark an item to be worked again although it is done, because its thumbnail is gone."""
        self._open.add(index)

    def add(self, outcome: Outcome) -> None:
        """Add an outcome; `flush` writes it."""
        outcome = replace(outcome, retry_round=self.ledger.round.number)
        self.known[outcome.item] = outcome
        self._open.discard(outcome.item)
        self._pending.append(outcome)
        self.refusals += outcome.status is not Status.DONE

    async def announce(self, items: Sequence[int], at_once: int, *, alone: bool = False) -> None:
        """Write which items may be opened from now on, together with the outcomes that are not written yet.

        Args:
            items: The indices, ascending, in the order in which the items begin.
            at_once: The number of items that can be begun without an outcome or a thumbnail on the store.
            alone: Whether nothing else is open meanwhile.
        """
        self._opening = (items, at_once, alone)
        await self.write()

    def retract(self) -> None:
        """Take the announcement back, because no more items will be opened; the next `flush` writes that."""
        self._opening = None

    async def flush(self) -> None:
        """Write everything that is not written yet, and seal the shard if it is complete."""
        if self._pending or self.complete or (self._announced and self._opening is None):
            await self.write()

    async def stay_recent(self) -> None:
        """Write a part if the last one is so old that other processes might soon take this one for gone.

        On a slow line no item might have its outcome for a minute.
        """
        if self._announced and self.ledger.now() - self._written_at > timedelta(seconds=RECENT_SECONDS / 2):
            await self.write()

    async def write(self) -> None:
        """Write a part, even if there is nothing new to write."""
        async with self._writing:
            if self.sealed:
                return
            pending, self._pending = self._pending, []
            tally = self.tally if self.complete else None
            rows = [to_row(outcome, self.items[outcome.item]) for outcome in pending]
            opening = self._opening_record()
            try:
                await self.ledger.append(
                    self.shard, rows, tally, opening, counted=self.parts + 1, added=Tally.of(pending)
                )
            except BaseException:
                self._pending = pending + self._pending
                raise
            self.parts += 1
            self.refusals -= sum(outcome.status is not Status.DONE for outcome in pending)
            self.sealed = tally is not None
            self._announced = bool(opening)
            self._written_at = self.ledger.now()

    def _opening_record(self) -> dict[str, Any]:
        if self._opening is None:
            return {}
        items, at_once, alone = self._opening
        still_open = [item for item in items if item in self._open]
        return announcement_record(still_open, at_once, alone=alone) if still_open else {}
