"""The frozen plan: items, shards, and how they read and write themselves."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from thumbrun.runs.names import RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError


class Item(NamedTuple):
    """One source object, pinned to its generation, with its output name; a tuple, since plans hold millions.

    Attributes:
        source: The object's full name in the source's store.
        generation: The one that is to be read.
        size: Bytes, as stored.
        crc32c: Of the stored bytes, or None where the store keeps none.
        encoding: `gzip` where the stored bytes are a compressed form, or None.
        format: The source format that type or name claims; None where it is to be found out, or unsupported.
        decodable: Whether thumbrun decodes it; False for an image of an unsupported format.
        output: The thumbnail's name below the run's folder.
        output_format: Of the thumbnail.
    """

    source: str
    generation: str
    size: int
    crc32c: int | None
    encoding: str | None
    format: str | None
    decodable: bool
    output: str
    output_format: str

    def to_row(self) -> dict[str, Any]:
        """Return the item as it stands in a shard's record."""
        return {_KEYS.get(name, name): value for name, value in self._asdict().items() if value is not None}

    def to_line(self) -> str:
        """Return the JSON of `to_row`."""
        return item_line(*self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Item":
        """Return the item of a shard's record.

        Raises:
            RecordError: The row is that of no item.
        """
        if not row.keys() >= _ALWAYS:
            raise RecordError(f"a row of a shard's record lacks {', '.join(sorted(_ALWAYS - row.keys()))}")
        return cls(*(row.get(_KEYS.get(name, name)) for name in Item._fields))  # type: ignore[arg-type]


_text = json.encoder.encode_basestring_ascii
_KEYS = {"decodable": "opened"}  # the keys of fields that records call otherwise
_ALWAYS = {_KEYS.get(name, name) for name in Item._fields} - {"crc32c", "encoding", "format"}  # what every row has


def item_line(
    source: str,
    generation: str,
    size: int,
    crc32c: int | None,
    encoding: str | None,
    format_: str | None,
    decodable: bool,
    output: str,
    output_format: str,
) -> str:
    """Return the JSON of an item's row, put together by hand from its fields: a plan of millions pays for each."""
    shown = "" if crc32c is None else f',"crc32c":{crc32c}'
    if encoding is not None:
        shown += f',"encoding":{_text(encoding)}'
    if format_ is not None:
        shown += f',"format":"{format_}"'
    return (
        f'{{"source":{_text(source)},"generation":{_text(generation)},"size":{size}{shown}'
        f',"opened":{"true" if decodable else "false"},"output":{_text(output)}'
        f',"output_format":"{output_format}"}}'
    )


class PlannedShard(NamedTuple):
    """What the plan says of one shard; a tuple, since a plan for thousands of tasks holds hundreds of thousands.

    Attributes:
        label: Names its record below its planner.
        items: How many there are.
        size: Bytes of all its items.
        cost: Estimated milliseconds of processor time.
        renamed: Whether some of its items have other output names than the record of the shard says.
    """

    label: str
    items: int
    size: int
    cost: float
    renamed: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The frozen list of a run's items, by shards in listing order.

    Attributes:
        run_id: The run that it belongs to.
        planner: Whose shards it names.
        shards: In listing order; a shard's number is its index.
        seen: Everything that the listing showed: objects and bytes by kind.
    """

    run_id: str
    planner: int
    shards: tuple[PlannedShard, ...]
    seen: Mapping[str, Any]

    @property
    def items(self) -> int:
        """How many items there are."""
        return sum(shard.items for shard in self.shards)

    @property
    def size(self) -> int:
        """Bytes of all items."""
        return sum(shard.size for shard in self.shards)

    def to_record(self) -> dict[str, Any]:
        """Return the plan as `plan.json` holds it."""
        rows = [[s.label, s.items, s.size, round(s.cost, 3), s.renamed] for s in self.shards]
        return {
            "run": self.run_id,
            "planner": self.planner,
            "items": self.items,
            "bytes": self.size,
            "seen": dict(self.seen),
            "shards": rows,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Plan":
        """Return the plan that `plan.json` holds."""
        shards = tuple(map(PlannedShard._make, record["shards"]))
        return cls(record["run"], record["planner"], shards, record["seen"])


async def read_plan(state: RecordStore, run: RunNames) -> Plan | None:
    """Return the run's plan, or None while there is none.

    Raises:
        RecordError: It is of another version of thumbrun.
    """
    record = await state.read(run.plan)
    return None if record is None else Plan.from_record(record)


async def read_shard(state: RecordStore, run: RunNames, plan: Plan, number: int) -> list[Item]:
    """Return a shard's items under their final output names.

    Raises:
        NotFoundError: The plan names a record that is not there.
    """
    shard = plan.shards[number]
    items = await read_items(state, run.shard(plan.planner, shard.label))
    if shard.renamed:
        _, rows = await state.read_lines(run.renames(plan.planner, shard.label))
        for row in rows:
            index = row["item"]
            items[index] = items[index]._replace(output=row["output"])
    return items


async def read_items(state: RecordStore, name: str) -> list[Item]:
    """Return the items of a shard's record, under the output names that collisions have not changed yet."""
    _, rows = await state.read_lines(name)
    return [Item.from_row(row) for row in rows]


async def read_some_items(state: RecordStore, name: str, indices: Iterable[int]) -> dict[int, Item]:
    """Return some items of a shard's record by index, for much less than reading all of them takes."""
    lines = await state.open_lines(name)
    return {index: Item.from_row(json.loads(lines[index])) for index in indices}
