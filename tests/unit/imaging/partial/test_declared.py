"""Headers declare sizes, which the first bytes alone can tell."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.images.bombs import BOMBS
from tests.unit.imaging.encoded import ENCODED
from tests.unit.imaging.partial.pictures import declared, fetched
from thumbrun.imaging import sniff
from thumbrun.imaging.decode import open_image


@pytest.mark.parametrize("name", sorted(ENCODED))
def test_every_format(name: str) -> None:
    """The first bytes tell the same size as the decoder, if they tell one."""
    body = ENCODED[name]
    kind = sniff.format_of(body[: sniff.HEAD])
    assert kind is not None
    with open_image(kind, io.BytesIO(body)) as image:
        expected = image.size
    found = declared(body, 1 << 16)
    assert found == (None if kind == "ico" else expected)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(ENCODED)), st.data())
def test_hostile_headers(name: str, data: st.DataObject) -> None:
    """Hostile bytes get an answer, and no size in it is negative."""
    body = bytearray(ENCODED[name])
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(0, min(len(body), 600) - 1))] = data.draw(st.integers(0, 255))
    found = declared(bytes(body[: data.draw(st.integers(1, len(body)))]), 700)
    assert found is None or min(found) >= 0


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs(name: str) -> None:
    """No bomb goes off in a header, nor in a file that is made of its parts."""
    body = BOMBS[name].make()
    declared(body)
    part, _ = fetched(body)
    assert part is None or len(part) <= 2 * len(body)
