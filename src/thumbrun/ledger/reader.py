"""Reads the ledger: the outcome of every item, in parts on the store.

A part belongs to one shard. It is written once, under a name that holds the nonce of its process. If parts hold
different outcomes of one item, `outcomes.precedence` chooses one, the same for every reader. A part seals its shard if
its writer knew an outcome of every item: it then carries the shard's tally as metadata. So one listing of the ledger
shows which shards are complete, with their tallies. A later round seals every shard again, with the round's number.

A part that is damaged is set aside: its outcomes are unknown again. A seal does not hold if it counts more parts than
there are, because then a part was lost. In both ways, what is lost is worked again.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from thumbrun.ledger.rows import choose, from_row
from thumbrun.ledger.seals import last_seal, seal_of
from thumbrun.outcomes import Outcome, Tally
from thumbrun.planning.listing import pages
from thumbrun.planning.plan import Item
from thumbrun.runs.record_names import RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.storage.base import Entry

SHARDS_A_PAGE = 300  # shards whose parts fill about one page of a listing


class StrayOutcomeError(RecordError):
    """A part holds the outcome of an item that its shard does not hold."""


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
                _check_rounds(self._state.store.uri(part.name), header, rows)
                if items is not None:
                    _check_items(self._state.store.uri(part.name), rows, items)
            except RecordError as error:
                self._set_aside(part.name, error)
                continue
            yield part.name, header, rows


def _check_rounds(name: str, header: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> None:
    """Raise RecordError if a row is the outcome of a later round than its part: no retry could ever replace it."""
    if any(row.get("retry_round", 0) > header["round"] for row in rows):
        raise RecordError(f"{name} holds the outcome of a later round than its own")


def _check_items(name: str, rows: Iterable[Mapping[str, Any]], items: Sequence[Item]) -> None:
    """Raise StrayOutcomeError if a row is the outcome of an item that the shard does not hold."""
    for row in rows:
        index = row["item"]
        item = items[index] if index < len(items) else None
        if item is None or (row["source"], row["generation"]) != (item.source, item.generation):
            raise StrayOutcomeError(f"{name} holds the outcome of {row['source']!r} as item {index}, which it is not")
