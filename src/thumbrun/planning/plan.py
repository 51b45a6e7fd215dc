"""The frozen plan with its items and shards, and how thumbrun writes and reads them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from thumbrun.runs.object_metadata import OwnMetadata
from thumbrun.runs.record_forms import NEEDED
from thumbrun.runs.record_names import RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.storage.base import NotFoundError


class Item(NamedTuple):
    """One source object, pinned to its generation, with its output name. It is a tuple, because plans hold millions.

    Attributes:
        source: The object's full name in the source's store.
        generation: The generation to read.
        size: The size of the stored bytes.
        crc32c: The crc32c of the stored bytes, or None if the store keeps none.
        encoding: `gzip` if the stored bytes are compressed, else None.
        format: The source format that content type or name claims; None if only the bytes will tell, or unsupported.
        decodable: Whether thumbrun decodes it; False for an image of an unsupported format.
        output: The thumbnail's name below the run's folder; the first one if there are several. If thumbnails differ
            only by the folder of their size, the name below that folder.
        output_format: The format of the thumbnail; the first one if there are several.
        outputs: The names of all thumbnails below the run's folder, if they differ in more than the folder; else empty.
        metadata: The metadata of the object that its thumbnails keep; empty unless the run keeps them.
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
    outputs: tuple[str, ...] = ()
    metadata: OwnMetadata = ()

    def to_row(self) -> dict[str, Any]:
        """Return the item as a row of a shard's record."""
        fields = self._asdict() | {"outputs": list(self.outputs) or None, "metadata": dict(self.metadata) or None}
        return {_KEYS.get(name, name): value for name, value in fields.items() if value is not None}

    def to_line(self) -> str:
        """Return the row of the item as JSON."""
        return item_line(*self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Item":
        """Return the item in a row of a shard's record.

        Raises:
            RecordError: The row holds no item.
        """
        if not row.keys() >= _ALWAYS:
            raise RecordError(f"a row of a shard's record lacks {', '.join(sorted(_ALWAYS - row.keys()))}")
        metadata = tuple(row.get("metadata", {}).items())
        return cls._make([*map(row.get, _IN_ORDER), tuple(row.get("outputs", ())), metadata])


_text = json.encoder.encode_basestring_ascii
_KEYS = {"decodable": "opened"}  # the record keys that differ from their fields
_ALWAYS = {_KEYS.get(name, name) for name in Item._fields} - {
    "crc32c",
    "encoding",
    "format",
    "outputs",
    "metadata",
}  # keys of every row
_IN_ORDER = [_KEYS.get(name, name) for name in Item._fields if name not in ("outputs", "metadata")]


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
    outputs: tuple[str, ...] = (),
    metadata: OwnMetadata = (),
) -> str:
    """Return the JSON of an item's row, put together by hand from its fields: a plan has millions of rows."""
    shown = "" if crc32c is None else f',"crc32c":{crc32c}'
    if encoding is not None:
        shown += f',"encoding":{_text(encoding)}'
    if format_ is not None:
        shown += f',"format":"{format_}"'
    return (
        f'{{"source":{_text(source)},"generation":{_text(generation)},"size":{size}{shown}'
        f',"opened":{"true" if decodable else "false"},"output":{_text(output)}'
        f',"output_format":"{output_format}"{_names(outputs)}{_kept(metadata)}}}'
    )


def _names(outputs: tuple[str, ...]) -> str:
    return f',"outputs":[{",".join(map(_text, outputs))}]' if outputs else ""


def _kept(metadata: OwnMetadata) -> str:
    return f',"metadata":{json.dumps(dict(metadata), separators=(",", ":"))}' if metadata else ""


class PlannedShard(NamedTuple):
    """The plan's record of one shard. It is a tuple, because a plan for thousands of tasks holds hundreds of thousands.

    Attributes:
        label: The name of the shard's record, below its planner.
        items: The number of its items.
        size: The bytes of all its items.
        cost: The estimated processor time of all its items, in milliseconds.
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
        run_id: The id of the run.
        planner: The number of the planner that wrote the shards.
        shards: The shards in listing order; a shard's number is its index.
        seen: Everything that the listing showed: objects and bytes by kind.
    """

    run_id: str
    planner: int
    shards: tuple[PlannedShard, ...]
    seen: Mapping[str, Any]

    @property
    def items(self) -> int:
        """The number of items."""
        return sum(shard.items for shard in self.shards)

    @property
    def size(self) -> int:
        """The bytes of all items."""
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
    """Return the run's plan, or None if there is none yet.

    Raises:
        RecordError: The plan cannot be read.
    """
    record = await state.read(run.plan)
    return None if record is None else Plan.from_record(record)


async def read_shard(
    state: RecordStore, run: RunNames, plan: Plan, number: int, thumbnails: int | None = None
) -> list[Item]:
    """Return a shard's items under their final output names.

    Args:
        state: The store of the records.
        run: The names of the run's records.
        plan: The plan of the run.
        number: The number of the shard.
        thumbnails: How many thumbnails the run makes of each image; None: do not check that each has a name.

    Raises:
        RecordError: A record that the plan names is missing, cannot be read, or is not the one that was planned.
    """
    shard = plan.shards[number]
    name = run.shard(plan.planner, shard.label)
    items = await read_items(state, name)
    if (shard.items, shard.size) != (len(items), sum(item.size for item in items)):
        problem = f"{state.store.uri(name)} holds {len(items):,} items, not the {shard.items:,} of the plan"
        raise RecordError(problem, hint=NEEDED)
    if shard.renamed:
        name = run.renames(plan.planner, shard.label)
        for row in await _read_rows(state, name):
            index = row["item"]
            if index >= len(items):
                raise RecordError(f"{state.store.uri(name)} names item {index}, of {len(items):,}", hint=NEEDED)
            items[index] = items[index]._replace(output=row["output"], outputs=tuple(row.get("outputs", ())))
    for index, item in enumerate(items):
        if thumbnails and item.outputs and not thumbnails == len(item.outputs) == len(set(item.outputs)):
            problem = f"{state.store.uri(name)} does not name {thumbnails:,} thumbnails of item {index}, each once"
            raise RecordError(problem, hint=NEEDED)
    return items


async def read_items(state: RecordStore, name: str) -> list[Item]:
    """Return the items of a shard's record, under the output names that they had before collisions were settled."""
    return [Item.from_row(row) for row in await _read_rows(state, name)]


async def _read_rows(state: RecordStore, name: str) -> list[dict[str, Any]]:
    try:
        _, rows = await state.read_lines(name)
    except NotFoundError as error:
        raise RecordError(f"{state.store.uri(name)} is missing, which the plan names", hint=NEEDED) from error
    return rows


async def read_some_items(state: RecordStore, name: str, indices: Iterable[int]) -> dict[int, Item]:
    """Return some items of a shard's record by index, which is much faster than reading all of them."""
    rows = await state.read_some_lines(name, indices)
    return {index: Item.from_row(row) for index, row in rows.items()}
