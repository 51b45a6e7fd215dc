"""Makes a plan: lists the source once, writes its shards while the listing goes on, then settles the names.

Memory grows with the bucket only by 8 bytes a name (see `naming`) and some 200 bytes a shard. The first `LARGE_PAGES`
pages of items are kept as well, to cut the shards of a smaller source exactly.
"""

import gc
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from thumbrun.concurrency import BoundedGroup
from thumbrun.planning import listing, shards
from thumbrun.planning.listing import NameRange, RangeListing
from thumbrun.planning.naming import NameBook, NamingRule
from thumbrun.planning.plan import Item, Plan, PlannedShard, item_line, read_some_items
from thumbrun.planning.select import Decision, ObjectKind, Selection
from thumbrun.planning.survey import Survey
from thumbrun.runs import records
from thumbrun.runs.object_metadata import own_metadata
from thumbrun.runs.record_names import RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.base import Entry, Store

LARGE_PAGES = 10  # a source with this many pages or more counts as large
SHARDS_AT_ONCE = 96  # shards that are written, or read again for their names, at once
_NAMES_KEPT = 100_000  # new names that are kept, some 20 MB
_ALLOCATIONS = 50_000  # between two searches for reference cycles; a listing makes none


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """Make the garbage collector search for cycles less often, because its searches slow a long listing down."""
    usual = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@dataclass(frozen=True, slots=True)
class Source:
    """The source to list, and which of its objects count.

    Attributes:
        store: The store of the source.
        prefix: The prefix of its names. If nothing has it, and an object has the same name without the last `/`, then
            this one object is the source.
        selection: Decides which objects are items.
        limit: The most items to take, or None for all.
        keeps_metadata: Whether the plan holds the objects' own metadata, for their thumbnails.
    """

    store: Store
    prefix: str
    selection: Selection
    limit: int | None = None
    keeps_metadata: bool = False


async def single(store: Store, prefix: str) -> Entry | None:
    """Return the object whose name is a prefix without its last `/`, or None if there is none.

    Args:
        store: The store of the source.
        prefix: The prefix of a source below which nothing lies.

    Raises:
        StoreError: The store fails.
    """
    return await store.stat(prefix.removesuffix("/")) if prefix else None


def path_below(name: str, prefix: str) -> str:
    """Return the path of an object below the prefix of its source; of a single object, the file name.

    >>> path_below("in/a/b.jpg", "in/"), path_below("in/b.jpg", "in/b.jpg/")
    ('a/b.jpg', 'b.jpg')
    """
    return name.removeprefix(prefix) if name.startswith(prefix) else name.rpartition("/")[2]


def _renaming(index: int, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the row of an item's new names."""
    return {"item": index, "output": names[0]} | ({"outputs": list(names)} if len(names) > 1 else {})


@dataclass(slots=True)
class _Slice:
    """Items of one range of names that are not in a shard yet: their rows, name keys, sizes and costs."""

    first: str
    number: int
    lines: list[str] = field(default_factory=list)
    keys: "array[int]" = field(default_factory=lambda: array("Q"))
    sizes: list[int] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    written: int = 0


def _joined(slices: Iterable[_Slice]) -> _Slice:
    """Return one slice that holds all items in order."""
    whole = _Slice("", 0)
    for one in sorted(slices, key=lambda one: one.first):
        whole.lines += one.lines
        whole.keys += one.keys
        whole.sizes += one.sizes
        whole.costs += one.costs
    return whole


class PlanBuilder:
    """Makes one plan under one planner's number."""

    def __init__(
        self,
        source: Source,
        state: RecordStore,
        run_id: str,
        planner: int,
        rule: NamingRule,
        tasks: int,
        on_item: Callable[[Entry, Decision, tuple[str, ...]], None] | None = None,
    ) -> None:
        """Set up the builder; nothing is listed yet.

        Args:
            source: The source to list.
            state: The store of the records.
            run_id: The id of the run.
            planner: The number under which the shards are written, claimed by this process alone.
            rule: The rule that names the thumbnails.
            tasks: The number of tasks that the plan is cut for.
            on_item: Called with each item's entry, its decision, and the names of its thumbnails before collisions are
                settled.
        """
        self._on_item = on_item
        self._source = source
        self._state = state
        self._run_id = run_id
        self._run: RunNames = state.names.run(run_id)
        self._planner = planner
        self._rule = rule
        self._tasks = tasks
        self._survey = Survey()
        self._names = NameBook(rule.names_an_item)
        self._shards: dict[int, PlannedShard] = {}
        self._order: list[tuple[str, int, int]] = []
        self._items = 0
        self._cost = 0.0
        self._renamed: dict[int, dict[int, tuple[str, ...]]] = {}  # new, not written yet
        self._remembered = 0
        self.collisions = 0
        self.is_single = False  # whether the source is one object, and no folder

    async def make(self, progress: Callable[[int], None] = lambda _: None) -> Plan:
        """List the source, write the shards, settle the names; return the plan, which is not committed yet.

        Args:
            progress: Called now and then with the number of items found so far.

        Raises:
            StoreError: Listing or writing failed.
        """
        self._progress = progress
        with _fewer_collections():
            async with BoundedGroup(SHARDS_AT_ONCE) as self._writes:
                await self._list()
                if self._survey.is_empty:
                    await self._take_single()
            await self._resolve_collisions()
        ordered = tuple(self._shards[number] for _, _, number in sorted(self._order))
        return Plan(self._run_id, self._planner, ordered, self._survey.to_record())

    async def _list(self) -> None:
        """Cut a small source exactly, once all of it is listed; cut a large one while it is listed in parallel."""
        if self._source.limit is not None:
            await self._list_some()
            return
        pages = 0
        slices: dict[int, _Slice] = {}
        ended: list[_Slice] = []  # slices of ranges that ended while the source was small

        async def take(part: NameRange, entries: tuple[Entry, ...]) -> None:
            nonlocal pages
            mine = slices.setdefault(part.number, _Slice(part.first, part.number))
            self._take(mine, entries)
            pages += 1
            if pages >= LARGE_PAGES:
                await self._cut(mine, self._streamed_cost())

        async def finish(part: NameRange) -> None:
            if part.number not in slices:
                return
            mine = slices.pop(part.number)
            if pages >= LARGE_PAGES:
                await self._end(mine, self._streamed_cost())
            else:
                ended.append(mine)

        source, unlisted, links = self._source, self._survey.count_unlisted, self._survey.count_links
        await RangeListing(source.store, source.prefix, take, finish, on_unlisted=unlisted, on_links=links).run()
        if pages < LARGE_PAGES:
            await self._end(_joined(ended), shards.exact_shard_cost(self._cost, self._tasks))
            return
        for mine in ended:
            await self._end(mine, self._streamed_cost())

    async def _take_single(self) -> None:
        """Take the one object that the source names, if it names one."""
        entry = await single(self._source.store, self._source.prefix)
        if entry is not None:
            self.is_single = True
            mine = _Slice("", 0)
            self._take(mine, (entry,))
            await self._end(mine, shards.exact_shard_cost(self._cost, self._tasks))

    async def _list_some(self) -> None:
        """List in order, until there are as many items as the limit allows."""
        head = _Slice("", 0)
        page_number = 0
        source, unlisted, links = self._source, self._survey.count_unlisted, self._survey.count_links
        async for entries in listing.pages(source.store, source.prefix, on_unlisted=unlisted, on_links=links):
            self._take(head, entries)
            page_number += 1
            if self._full():
                break
            if page_number >= LARGE_PAGES:
                await self._cut(head, self._streamed_cost())
        await self._end(head, shards.exact_shard_cost(self._cost, self._tasks))

    def _full(self) -> bool:
        return self._source.limit is not None and self._items >= self._source.limit

    def _take(self, mine: _Slice, entries: tuple[Entry, ...]) -> None:
        source, rule = self._source, self._rule
        for entry in entries:
            if source.limit is not None and self._full():
                return
            path = path_below(entry.name, source.prefix)
            decision = source.selection.decide(entry, path)
            self._survey.count(entry, decision, path)
            if decision.is_item:
                decodable = decision.kind is not ObjectKind.UNSUPPORTED
                cost = shards.cost(entry.size, decision.format_name) if decodable else 0.0
                if decodable:
                    self._survey.count_read(entry, decision.format_name, cost)
                self._items += 1
                self._cost += cost
                names = rule.names(path, decision.format_name, 0)
                if self._on_item is not None:
                    self._on_item(entry, decision, names)
                mine.costs.append(cost)
                mine.sizes.append(entry.size)
                mine.keys.extend(map(rule.key, names))
                mine.lines.append(
                    item_line(
                        entry.name,
                        entry.generation,
                        entry.size,
                        entry.crc32c,
                        entry.content_encoding,
                        decision.format_name,
                        decodable,
                        names[0],
                        rule.output_format(decision.format_name),
                        names if len(names) > 1 else (),
                        own_metadata(entry.metadata) if source.keeps_metadata else (),
                    )
                )
        self._progress(self._items)

    async def _cut(self, mine: _Slice, most: float) -> None:
        """Write full shards from the front of a slice; each costs about `most` or less."""
        at = 0
        for length, weight in shards.cut(mine.costs, most):
            await self._write(mine, at, length, weight)
            at += length
        del mine.lines[:at], mine.keys[: at * self._rule.names_an_item], mine.sizes[:at], mine.costs[:at]

    def _streamed_cost(self) -> float:
        return shards.streamed_shard_cost(self._cost, self._tasks)

    async def _end(self, mine: _Slice, most: float) -> None:
        """Write all shards of a slice that gets no more items."""
        await self._cut(mine, most)
        if mine.lines:
            await self._write(mine, 0, len(mine.lines), sum(mine.costs))

    async def _write(self, mine: _Slice, at: int, length: int, weight: float) -> None:
        number = len(self._order)
        some = slice(at, at + length)
        label = f"{mine.number:05d}-{mine.written:07d}"
        self._order.append((mine.first, mine.written, number))
        mine.written += 1
        each = self._rule.names_an_item
        self._names.add(number, mine.keys[at * each : (at + length) * each])
        self._shards[number] = PlannedShard(label, length, sum(mine.sizes[some]), weight)
        body = records.to_lines({"run": self._run_id, "shard": label}, mine.lines[some])
        await self._writes.start(self._state.create_once(self._run.shard(self._planner, label), body, self._run_id))

    async def _resolve_collisions(self) -> None:
        """Rename items until no two names collide, and write the new names beside the shards."""
        touched: set[int] = set()
        while moved := self._names.raise_colliding():
            async with BoundedGroup(SHARDS_AT_ONCE) as reads:
                for number, indices in moved.items():
                    await reads.start(self._rename(number, indices))
            touched.update(moved)
        async with BoundedGroup(SHARDS_AT_ONCE) as writes:
            for number in sorted(touched):
                await writes.start(self._write_renames(number))

    async def _rename(self, number: int, indices: Iterable[int]) -> None:
        for index, item in (await self._read(number, indices)).items():
            names = self._names_of(number, index, item)
            self._names.rename(number, index, map(self._rule.key, names))
            self._remember(number, index, names)

    async def _write_renames(self, number: int) -> None:
        levels = self._names.levels(number)
        names = self._renamed.pop(number, {})
        if missing := levels.keys() - names.keys():
            items = await self._read(number, sorted(missing))
            names |= {index: self._names_of(number, index, item) for index, item in items.items()}
        rows = [_renaming(index, names[index]) for index in levels]
        self.collisions += len(rows)
        shard = self._shards[number]
        body = records.to_lines({"run": self._run_id, "shard": shard.label}, rows)
        await self._state.create_once(self._run.renames(self._planner, shard.label), body, self._run_id)
        self._shards[number] = shard._replace(renamed=True)

    def _remember(self, number: int, index: int, names: tuple[str, ...]) -> None:
        """Keep an item's new names until they are written; if there are too many, `_write_renames` makes them again."""
        kept = self._renamed.setdefault(number, {})
        if index in kept or self._remembered < _NAMES_KEPT:
            self._remembered += 0 if index in kept else len(names)
            kept[index] = names

    def _names_of(self, number: int, index: int, item: Item) -> tuple[str, ...]:
        path = path_below(item.source, self._source.prefix)
        return self._rule.names(path, item.format, self._names.level(number, index))

    async def _read(self, number: int, indices: Iterable[int]) -> dict[int, Item]:
        name = self._run.shard(self._planner, self._shards[number].label)
        return await read_some_items(self._state, name, indices)
