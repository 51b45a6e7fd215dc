"""Tests how a shard's record holds an item."""

import json

from hypothesis import given
from hypothesis import strategies as st

from thumbrun.planning.plan import Item

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


@given(ITEMS)
def test_a_line_is_the_row_as_json(item: Item) -> None:
    """The line that thumbrun puts together equals the json module's, byte for byte, and reads back."""
    line = item.to_line()
    assert json.dumps(item.to_row(), separators=(",", ":")) == line
    assert item == Item.from_row(json.loads(line))
