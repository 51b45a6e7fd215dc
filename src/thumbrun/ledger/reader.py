"""Reads the ledger: the outcome of every item, in parts on the store.

A part belongs to one shard. It is written once, under a name that holds the nonce of its process. If parts hold
different outcomes of one item, `outcomes.precedence` chooses one, the same for every reader. A part seals its shard if
its writer knew an outcome of every item: it then carries the shard's tally as metadata. So one listing of the ledger
shows which shards are complete, with their tallies. A later round seals every shard again, with the round's number.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from thumbrun.outcomes import Outcome, Reason, Status, Tally, precedence
from thumbrun.planning.listing import pages
from thumbrun.planning.plan import Item
from thumbrun.runs.record_names import RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.base import Entry

SEAL = "thumbrun-tally"  # the metadata key of a shard's tally
COVERS = "thumbrun-parts"  # the metadata key of the number of the shard's parts that a seal counts, itself included
ROUND = "thumbrun-round"  # the metadata key of a seal's round, if it is a later round

_NUMBERS = ("source_bytes", "output_bytes", "width", "height", "retry_round")
SHARDS_A_PAGE = 300  # shards whose parts fill about one page of a listing


def to_row(outcome: Outcome, item: Item) -> dict[str, Any]:
    """Return an outcome as a row of a part, with the names that a reader needs and without zeros."""
    row: dict[str, Any] = {
        "item": outcome.item,
        "source": item.source,
        "generation": item.generation,
        "output": item.output,
        "status": outcome.status.value,
    }
    if outcome.reason:
        row |= {"reason": outcome.reason.value, "detail": outcome.detail}
    if outcome.unchecked:
        row["unchecked"] = True
    if outcome.each:
        row["each"] = list(outcome.each)
    return row | {name: value for name in _NUMBERS if (value := getattr(outcome, name))}


def from_row(shard: int, row: Mapping[str, Any]) -> Outcome:
    """Return the outcome in a row of a part."""
    reason = Reason(row["reason"]) if "reason" in row else None
    numbers = {name: row[name] for name in _NUMBERS if name in row}
    return Outcome(
        shard,
        row["item"],
        Status(row["status"]),
        reason,
        row.get("detail", ""),
        **numbers,
        unchecked=bool(row.get("unchecked")),
        each=tuple(int(size) for size in row.get("each", ())),
    )


def choose(parts: Mapping[str, Iterable[Outcome]]) -> dict[int, Outcome]:
    """Return the one outcome of each item of a shard, by its index, given the outcomes in each part by name. Pure."""
    best: dict[int, tuple[tuple[int, int, str], Outcome]] = {}
    for name, outcomes in parts.items():
        for outcome in outcomes:
            candidate = (precedence(outcome, name), outcome)
            if outcome.item not in best or candidate[0] < best[outcome.item][0]:
                best[outcome.item] = candidate
    return {index: outcome for index, (_, outcome) in sorted(best.items())}


class Ledger:
    """Reads the ledger of one run."""

    def __init__(self, state: RecordStore, run_id: str) -> None:
        """Set up the reader; nothing is read yet.

        Args:
            state: The store of the records.
            run_id: The id of the run.
        """
        self._state = state
        self._run: RunNames = state.names.run(run_id)

    async def parts(self, shard: int) -> list[Entry]:
        """List the parts of a shard."""
        return await self._list(self._run.shard_ledger(shard))

    async def outcomes(self, shard: int) -> dict[int, Outcome]:
        """Return the chosen outcome of each item of a shard that has one, by the item's index."""
        outcomes, _ = await self.read(shard, await self.parts(shard))
        return outcomes

    async def unfinished(self, shards: int, round_number: int = 0) -> int | None:
        """Return the number of a shard that a round has not sealed, or None if it has sealed all.

        Every task works its shards in order, so the shards that are open when the first tasks are done lie at the end.
        thumbrun checks these first, and stops at the first page that shows a gap. So asking early costs one page,
        however many there are.

        Args:
            shards: The number of shards in the plan.
            round_number: The number of the round.
        """
        last = max(0, shards - SHARDS_A_PAGE)
        gap = await self._gap(last, shards, round_number)
        return gap if gap is not None or not last else await self._gap(0, last, round_number)

    async def _gap(self, first: int, end: int, round_number: int) -> int | None:
        """Return the number of the first shard from `first` to before `end` that is not sealed, or None."""
        expected = first
        async for entries in pages(self._state.store, self._run.ledger, self._run.shard_ledger(first)):
            sealing = (entry.name for entry in entries if _seals(entry, round_number))
            for shard in sorted(set(map(self._run.shard_of_part, sealing))):
                if shard > expected:
                    return expected if expected < end else None
                expected = shard + 1
            if expected >= end:
                return None
        return expected if expected < end else None

    async def tally(self) -> Tally:
        """Return the tally of all items."""
        tally, _ = await self.count()
        return tally

    async def count(self) -> tuple[Tally, int]:
        """Count the outcomes of all items; return their tally and the number of parts that it covers."""
        return await self._counted(await self._list(self._run.ledger))

    async def finished(self, shards: int, round_number: int = 0) -> tuple[Tally, int] | None:
        """Count the outcomes of all items once a round has sealed every shard.

        Args:
            shards: The number of shards in the plan.
            round_number: The number of the round.

        Returns:
            The tally and the number of parts that it covers; None while a shard is not sealed.
        """
        if shards > SHARDS_A_PAGE and await self.unfinished(shards, round_number) is not None:
            return None  # without listing the whole ledger
        parts = await self._list(self._run.ledger)
        sealed = {self._run.shard_of_part(part.name) for part in parts if _seals(part, round_number)}
        return await self._counted(parts) if len(sealed) == shards else None

    async def _counted(self, ledger: Iterable[Entry]) -> tuple[Tally, int]:
        """Count the outcomes in the listed parts of a ledger.

        A shard is read only if no seal covers all of its parts.
        """
        total, covered = Tally(), 0
        by_shard: dict[int, list[Entry]] = {}
        for entry in ledger:
            by_shard.setdefault(self._run.shard_of_part(entry.name), []).append(entry)
        for shard, parts in by_shard.items():
            tally, counted = await self.sealed(shard, parts)
            total.merge(tally)
            covered += counted
        return total, covered

    async def sealed(self, shard: int, parts: Sequence[Entry]) -> tuple[Tally, int]:
        """Return the tally of a sealed shard, and the number of its parts that the tally covers.

        A seal counts the outcomes that its writer knew, but a copy of its task might have written more. Parts are never
        deleted, so thumbrun trusts a seal if there are exactly as many parts as it covers. Otherwise it lists the shard
        again and reads it, because a listing of several pages might miss a part that is older than a seal it shows.

        Args:
            shard: The number of the shard.
            parts: The shard's parts, as they were listed.
        """
        last = last_seal(parts)
        for part in parts:
            if SEAL in part.metadata and round_of(part) == last and part.metadata.get(COVERS) == str(len(parts)):
                return Tally.from_record(json.loads(part.metadata[SEAL])), len(parts)
        now = await self.parts(shard)
        outcomes, _ = await self.read(shard, now)
        return Tally.of(outcomes.values()), len(now)

    async def _list(self, prefix: str) -> list[Entry]:
        return [entry async for entries in pages(self._state.store, prefix) for entry in entries]

    async def read(self, shard: int, parts: Iterable[Entry]) -> tuple[dict[int, Outcome], dict[str, Mapping[str, Any]]]:
        """Return the chosen outcome of each item that has one, and the header of each process's last part, by nonce.

        Args:
            shard: The number of the shard.
            parts: The shard's parts, as `parts` lists them.
        """
        outcomes: dict[str, list[Outcome]] = {}
        last: dict[str, Mapping[str, Any]] = {}
        for part in sorted(parts, key=lambda part: part.name):
            header, rows = await self._state.read_lines(part.name)
            outcomes[part.name] = [from_row(shard, row) for row in rows]
            last[self._run.nonce_of_part(part.name)] = header
        return choose(outcomes), last


def _seals(part: Entry, round_number: int) -> bool:
    """Return whether a part seals its shard in a round, or in a later one."""
    return SEAL in part.metadata and round_of(part) >= round_number


def round_of(seal: Entry) -> int:
    """Return the round that a sealing part belongs to."""
    return int(seal.metadata.get(ROUND, "0"))


def last_seal(parts: Iterable[Entry]) -> int:
    """Return the latest round that sealed a shard, or -1 if none has."""
    return max((round_of(part) for part in parts if SEAL in part.metadata), default=-1)
