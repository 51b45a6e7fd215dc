"""Reads the ledger: the outcome of every item, in parts on the store.

A part belongs to one shard. It is written once, under a name that holds the nonce of its process. If parts hold
different outcomes of one item, `outcomes.precedence` chooses one, the same for every reader. A part seals its shard if
its writer knew an outcome of every item: it then carries the shard's tally as metadata. So one listing of the ledger
shows which shards are complete, with their tallies. A later round seals every shard again, with the round's number.

A part that is damaged is set aside: its outcomes are unknown again. A seal does not hold if it counts more parts than
there are, because then a part was lost. In both ways, what is lost is worked again.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from thumbrun.console import shortened
from thumbrun.outcomes import Outcome, Reason, Status, Tally, Timing, precedence
from thumbrun.planning.listing import pages
from thumbrun.planning.plan import Item
from thumbrun.runs.object_metadata import RUN_MARK
from thumbrun.runs.record_forms import TIMES, is_tally
from thumbrun.runs.record_names import RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.record_values import number_in
from thumbrun.runs.records import RecordError
from thumbrun.storage.base import Entry

SEAL = "thumbrun-tally"  # the metadata key of a shard's tally
COVERS = "thumbrun-parts"  # the metadata key of the number of the shard's parts that a seal counts, itself included
SHARD = "thumbrun-shard"  # the metadata key of the shard that a seal seals
ROUND = "thumbrun-round"  # the metadata key of a seal's round, if it is a later round
ROWS = "thumbrun-rows"  # the metadata key of the tally of a part's own rows
WRITER = "thumbrun-task"  # the metadata key of the task that wrote a part, and when

_LONGEST_DETAIL = 10_000  # characters; a reader refuses a row that is much longer than any that thumbrun writes
_NUMBERS = ("source_bytes", "output_bytes", "width", "height", "retry_round", "source_width", "source_height")
_LOOKS = ("colour", "placeholder")
_STATUSES = {status.value: status for status in Status}
_REASONS: dict[str | None, Reason | None] = {None: None, **{reason.value: reason for reason in Reason}}
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
        row |= {"reason": outcome.reason.value, "detail": shortened(outcome.detail, _LONGEST_DETAIL)}
    elif outcome.detail:
        row["detail"] = shortened(outcome.detail, _LONGEST_DETAIL)
    if outcome.unchecked:
        row["unchecked"] = True
    if item.outputs:
        row["outputs"] = list(item.outputs)
    if outcome.each:
        row["each"] = list(outcome.each)
    if outcome.made_of:
        row["made_of"] = outcome.made_of
    if timing := outcome.timing:
        row["began"] = timing.began.isoformat(timespec="milliseconds")
        row |= {name: value for name in TIMES if (value := getattr(timing, name))}
    return row | {name: value for name in (*_NUMBERS, *_LOOKS) if (value := getattr(outcome, name))}


def from_row(shard: int, row: Mapping[str, Any]) -> Outcome:
    """Return the outcome in a row of a part."""
    get = row.get  # a ledger can have millions of rows, so this names no field twice
    return Outcome(
        shard,
        row["item"],
        _STATUSES[row["status"]],
        _REASONS[get("reason")],
        get("detail", ""),
        get("source_bytes", 0),
        get("output_bytes", 0),
        get("width", 0),
        get("height", 0),
        get("retry_round", 0),
        bool(get("unchecked")),
        tuple(get("each", ())),
        get("made_of", ""),
        _timing(row),
        get("source_width", 0),
        get("source_height", 0),
        get("colour", ""),
        get("placeholder", ""),
    )


def _timing(row: Mapping[str, Any]) -> Timing | None:
    began = row.get("began")
    if began is None:
        return None
    get = row.get
    return Timing(
        datetime.fromisoformat(began),
        get("fetch_ms", 0),
        get("decode_ms", 0),
        get("encode_ms", 0),
        get("put_ms", 0),
        get("waiting_ms", 0),
    )


def choose(parts: Mapping[str, Iterable[Outcome]]) -> dict[int, Outcome]:
    """Return the one outcome of each item of a shard, by its index, given the outcomes in each part by name. Pure."""
    best: dict[int, tuple[tuple[int, int, bool, str], Outcome]] = {}
    for name, outcomes in parts.items():
        for outcome in outcomes:
            candidate = (precedence(outcome, name), outcome)
            if outcome.item not in best or candidate[0] < best[outcome.item][0]:
                best[outcome.item] = candidate
    return {index: outcome for index, (_, outcome) in sorted(best.items())}


class StrayOutcomeError(RecordError):
    """A part holds the outcome of an item that its shard does not hold."""


class Seal(NamedTuple):
    """What a part that seals its shard says in its metadata.

    Attributes:
        round: The round that sealed the shard.
        covers: The number of the shard's parts that the tally counts, the sealing part included.
        tally: The tally of the shard.
    """

    round: int
    covers: int
    tally: Tally


def seal_of(part: Entry) -> Seal | None:
    """Return what a part's metadata says if the part seals its shard, or None.

    Metadata that nobody wrote, or that belongs to another run or shard, seals nothing.
    """
    text = part.metadata.get(SEAL)
    if text is None:
        return None
    shard = part.metadata.get(SHARD)  # version 0.1.0 did not write it
    if f"/{part.metadata.get(RUN_MARK)}/ledger/{f'{shard}/' if shard else ''}" not in f"/{part.name}":
        return None
    round_number, covers = number_in(part.metadata.get(ROUND, "0")), number_in(part.metadata.get(COVERS, ""))
    if round_number is None or covers is None:
        return None
    try:
        tally = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return Seal(round_number, covers, Tally.from_record(tally)) if is_tally(tally) else None


class Ledger:
    """Reads the ledger of one run.

    Attributes:
        listed: All parts by shard, as `finished` listed them last; None if it did not have to list them all.
    """

    listed: Mapping[int, Sequence[Entry]] | None = None

    def __init__(
        self, state: RecordStore, run_id: str, set_aside: Callable[[str, RecordError], None] | None = None
    ) -> None:
        """Set up the reader; nothing is read yet.

        Args:
            state: The store of the records.
            run_id: The id of the run.
            set_aside: Called with the name of each damaged part; None: the state's own `set_aside`.
        """
        self._state = state
        self._run_id = run_id
        self._run: RunNames = state.names.run(run_id)
        self._set_aside = set_aside or state.set_aside

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
            sealing = (
                entry.name
                for entry in self._own(entries)
                if (seal := seal_of(entry)) is not None and seal.round >= round_number
            )
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
        return await self._counted(self._by_shard(await self._list(self._run.ledger)))

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
        self.listed = ledger = self._by_shard(await self._list(self._run.ledger))
        sealed = sum(last_seal(parts) >= round_number for parts in ledger.values())
        return await self._counted(ledger) if sealed == shards else None

    def _by_shard(self, ledger: Iterable[Entry]) -> dict[int, list[Entry]]:
        by_shard: dict[int, list[Entry]] = {}
        for entry in ledger:
            by_shard.setdefault(self._run.shard_of_part(entry.name), []).append(entry)
        return by_shard

    async def _counted(self, ledger: Mapping[int, Sequence[Entry]]) -> tuple[Tally, int]:
        """Count the outcomes in the listed parts of a ledger, by shard.

        A shard is read only if no seal covers all of its parts.
        """
        total, covered = Tally(), 0
        for shard, parts in ledger.items():
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
        for seal in filter(None, map(seal_of, parts)):
            if seal.round == last and seal.covers == len(parts):
                return seal.tally, len(parts)
        now = await self.parts(shard)
        outcomes, _ = await self._read(shard, now)
        tally = Tally.of(choose(outcomes).values())
        # A damaged part makes the outcomes fewer than those that the seal counted.
        counted = (seal.tally for seal in filter(None, map(seal_of, now)) if seal.round == last)
        return max((tally, *counted), key=lambda one: one.items), len(outcomes)

    async def by_shard(self) -> AsyncIterator[tuple[int, list[Entry]]]:
        """Yield each shard that has parts, in order, with its parts; never more than a page of them is kept."""
        shard, parts = -1, list[Entry]()
        async for entries in pages(self._state.store, self._run.ledger):
            for entry in self._own(entries):
                number = self._run.shard_of_part(entry.name)
                if number != shard:
                    if parts:
                        yield shard, parts
                    shard, parts = number, []
                parts.append(entry)
        if parts:
            yield shard, parts

    async def _list(self, prefix: str) -> list[Entry]:
        return [entry async for entries in pages(self._state.store, prefix) for entry in self._own(entries)]

    def _own(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield the parts among the objects below the ledger's prefix, where other objects might have been put."""
        return (entry for entry in entries if self._run.is_part(entry.name))

    async def read(
        self, shard: int, parts: Iterable[Entry], items: Sequence[Item] | None = None
    ) -> tuple[dict[int, Outcome], dict[str, Mapping[str, Any]]]:
        """Return the chosen outcome of each item that has one, and the header of each process's last part, by nonce.

        Args:
            shard: The number of the shard.
            parts: The shard's parts, as `parts` lists them.
            items: The shard's items, if each outcome must be that of the item with its index.

        Raises:
            RecordVersionError: Another version of thumbrun wrote a part.
        """
        outcomes, last = await self._read(shard, parts, items)
        return choose(outcomes), last

    async def _read(
        self, shard: int, parts: Iterable[Entry], items: Sequence[Item] | None = None
    ) -> tuple[dict[str, list[Outcome]], dict[str, Mapping[str, Any]]]:
        """Return the outcomes of each part that is not damaged, by the part's name, and the headers as `read` does."""
        outcomes: dict[str, list[Outcome]] = {}
        last: dict[str, Mapping[str, Any]] = {}
        async for name, header, rows in self.rows(parts, items):
            outcomes[name] = [from_row(shard, row) for row in rows]
            last[self._run.nonce_of_part(name)] = header
        return outcomes, last

    async def rows(
        self, parts: Iterable[Entry], items: Sequence[Item] | None = None
    ) -> AsyncIterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
        """Yield the name, the header and the rows of each part that is not damaged, in the order of the names.

        Args:
            parts: The parts of one shard, as `parts` lists them.
            items: The shard's items, if each outcome must be that of the item with its index.

        Raises:
            RecordVersionError: Another version of thumbrun wrote a part.
        """
        for part in sorted(parts, key=lambda part: part.name):
            try:
                header, rows = await self._state.read_lines(part.name)
                if items is not None:
                    _check_items(self._state.store.uri(part.name), rows, items)
            except RecordError as error:
                self._set_aside(part.name, error)
                continue
            yield part.name, header, rows


def _check_items(name: str, rows: Iterable[Mapping[str, Any]], items: Sequence[Item]) -> None:
    """Raise StrayOutcomeError if a row is the outcome of an item that the shard does not hold."""
    for row in rows:
        index = row["item"]
        item = items[index] if index < len(items) else None
        if item is None or (row["source"], row["generation"]) != (item.source, item.generation):
            raise StrayOutcomeError(f"{name} holds the outcome of {row['source']!r} as item {index}, which it is not")


def lost_parts(parts: Sequence[Entry]) -> int:
    """Return how many parts of a shard were deleted at least, by what its seals count, given all that are there.

    There can be more parts than any seal counts: those of another process with the same shard.
    """
    return max((0, *(seal.covers - len(parts) for seal in filter(None, map(seal_of, parts)))))


def last_seal(parts: Iterable[Entry]) -> int:
    """Return the latest round that sealed a shard, or -1 if none has, given all parts of the shard."""
    listed = list(parts)
    seals = filter(None, map(seal_of, listed))
    return max((seal.round for seal in seals if seal.covers <= len(listed)), default=-1)
