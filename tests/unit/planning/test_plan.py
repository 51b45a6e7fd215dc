"""Tests how a shard's record holds an item, and what such a record cannot hold."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.planning.plan import Item, Plan, PlannedShard, read_shard, read_some_items
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError, to_lines
from thumbrun.storage.memory import MemoryStore

NAMES = st.text(max_size=40) | st.text(alphabet='a"\\/\n\x00\x7fé\u2028\udce9😀', max_size=20)
ITEMS = st.builds(
    Item,
    source=NAMES,
    generation=NAMES,
    size=st.integers(0, 2**62),
    crc32c=st.none() | st.integers(0, 2**32 - 1),
    encoding=st.sampled_from([None, "gzip"]),
    format=st.sampled_from([None, "jpeg", "png"]),
    decodable=st.booleans(),
    output=NAMES,
    output_format=st.sampled_from(["jpeg", "png"]),
    metadata=st.dictionaries(NAMES, NAMES, max_size=3).map(lambda found: tuple(found.items())),
)


def an_item(number: int) -> Item:
    """Return an item of a shard."""
    return Item(f"in/{number}.jpg", "1", 4, 1, None, "jpeg", True, f"{number}.jpg", "jpeg")


@given(ITEMS)
def test_a_line_is_the_row_as_json(item: Item) -> None:
    """The line that thumbrun puts together equals the json module's, byte for byte, and reads back."""
    line = item.to_line()
    assert json.dumps(item.to_row(), separators=(",", ":")) == line
    assert item == Item.from_row(json.loads(line))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outputs": ["60x60/a.jpg"]}, "does not name 2 thumbnails of item 0, each once"),
        ({"outputs": ["60x60/a.jpg", "60x60/a.jpg"]}, "does not name 2 thumbnails of item 0, each once"),
        ({"outputs": ["a", "b", "c"]}, "does not name 2 thumbnails of item 0, each once"),
        ({"output_format": "zzz"}, "its output_format cannot be 'zzz'"),
        ({"outputs": ["a", "b"]}, None),
        ({}, None),
    ],
)
async def test_a_record_that_names_other_thumbnails(change: dict[str, object], said: str | None) -> None:
    """A shard's record that was changed is no record: each thumbnail has a name of its own, and a known format."""
    state = RecordStore(MemoryStore(), "")
    item = Item("in/a.jpg", "1", 4, 1, None, "jpeg", True, "a.jpg", "jpeg")
    plan, run = Plan("r", 0, (PlannedShard("00000-0000000", 1, 4, 1.0),), {}), state.names.run("r")
    body = to_lines({"run": "r", "shard": "00000-0000000"}, [item.to_row() | change])
    await state.create_once(run.shard(0, "00000-0000000"), body, "r")
    if said is None:
        assert 1 == len(await read_shard(state, run, plan, 0, 2))
    else:
        with pytest.raises(RecordError, match=said):
            await read_shard(state, run, plan, 0, 2)


async def test_some_items_are_checked_like_all() -> None:
    """Whoever reads a few rows of a shard's record gets no row that readers of all rows would refuse."""
    state, items = RecordStore(MemoryStore(), ""), [an_item(number) for number in range(3)]
    name = state.names.run("r").shard(0, "00000-0000000")
    rows = [item.to_row() for item in items]
    rows[1]["output_format"] = "zzz"
    await state.create_once(name, to_lines({"run": "r", "shard": "00000-0000000"}, rows), "r")
    assert {0: items[0], 2: items[2]} == await read_some_items(state, name, [2, 0])
    with pytest.raises(RecordError, match="row 1: its output_format cannot be 'zzz'"):
        await read_some_items(state, name, [1, 2])
    with pytest.raises(RecordError, match="has no row 3"):
        await read_some_items(state, name, [0, 3])
