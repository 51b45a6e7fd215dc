"""Tests of the sample: what is tried, and what it says of all items."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.photographs import photographs
from thumbrun.planning import shards
from thumbrun.planning.plan import Item
from thumbrun.preview.item_watch import Stratum
from thumbrun.preview.sample import Taken, choose, sampled, try_items
from thumbrun.settings.resolved import resolve
from thumbrun.storage.local.store import LocalStore

KEY = ("jpeg", 8)


def item(name: str, size: int = 10, generation: str = "1") -> Item:
    """Return an item."""
    return Item(name, generation, size, None, None, "jpeg", True, name, "jpeg")


def stratum(objects: int, cost_ms: float, kept: int = 20) -> Stratum:
    """Return a stratum of so many items."""
    return Stratum(objects, cost_ms, [item(f"{number}") for number in range(min(kept, objects))])


@given(
    st.integers(0, 20),
    st.dictionaries(st.integers(0, 9), st.tuples(st.integers(1, 50), st.floats(0.1, 1e6)), max_size=9),
)
def test_a_sample_is_spread(most: int, strata: dict[int, tuple[int, float]]) -> None:
    """Each stratum has an item before any has a second, and no item is tried twice."""
    given_ = {("jpeg", band): stratum(*row, kept=most) for band, row in strata.items()}
    chosen = choose(given_, most)
    counts = {key: [item_ for found, item_ in chosen if found == key] for key in given_}
    assert len(chosen) == min(most, sum(len(one.chosen) for one in given_.values()))
    for key, items in counts.items():
        assert len(items) == len({one.source for one in items}) <= given_[key].objects
        assert items or len(given_) > most
    if len(given_) > most:
        left_out = [given_[key].cost_ms for key, items in counts.items() if not items]
        assert max(left_out) <= min((given_[key].cost_ms for key, items in counts.items() if items), default=1e9)


def taken(ms: float, *, key: tuple[str, int] = KEY, thumbnail: int = 2000) -> Taken:
    """Return what an image of 100 kB took, of which 10 ms were expected."""
    return Taken(key, 100_000, 50_000, 10.0, ms, 400_000, thumbnail)


def test_all_items_take_what_the_tried_ones_take() -> None:
    """Items that take twice the recorded rates make all items take twice as much, and their bytes count for all."""
    strata = {KEY: stratum(1000, 1000 * (10 + shards.BESIDE_MS))}
    found = sampled(strata, [taken(20.0), taken(20.0)])
    assert found.processor.likely == pytest.approx(20 + 1.3 * shards.BESIDE_MS)
    assert found.processor.low == pytest.approx(20 * 0.75 + 1.3 * shards.BESIDE_MS)
    assert found.processor.high == pytest.approx(20 * 1.25 + 1.3 * shards.BESIDE_MS)
    assert (2_000_000, 0.5, 1.3, 0.0) == (found.thumbnails.likely, found.read_share, found.slowness, found.saving)
    assert {"jpeg": 4.0} == found.pixels_a_byte
    assert (2, 0) == (found.images, found.failed)


def test_large_jpeg_that_were_read_in_part() -> None:
    """The share of large JPEG that were read in part tells how often all of them are read."""
    some = [replace(taken(20.0), size=10**6, read=read) for read in (10**6, 10**5, 10**6, 10**6)]
    assert 0.25 == sampled({KEY: stratum(10, 107.0)}, [*some, taken(20.0)]).saving


def test_uneven_items_make_a_wide_range() -> None:
    """The range grows with what differs between the tried items, and shrinks with their number."""
    strata = {KEY: stratum(1000, 1000 * (10 + shards.BESIDE_MS))}
    few = sampled(strata, [taken(5.0), taken(35.0)]).processor
    many = sampled(strata, [taken(5.0), taken(35.0)] * 20).processor
    assert few.likely == pytest.approx(many.likely)
    assert few.high - few.low > 3 * (many.high - many.low)
    assert 0 < few.low < few.likely < few.high


def test_a_machine_that_changes_its_speed_makes_a_wide_range() -> None:
    """Images that take longer together, for a while, say that the machine is shared; the same ones mixed do not."""
    strata = {KEY: stratum(10_000, 10_000 * (10 + shards.BESIDE_MS))}
    slow, fast = [taken(30.0)] * 20, [taken(10.0)] * 60
    mixed = sampled(strata, [one for four in zip(slow, fast[::3], fast[1::3], fast[2::3], strict=True) for one in four])
    changed = sampled(strata, [*fast, *slow])
    assert changed.processor.likely == pytest.approx(mixed.processor.likely)
    beside = 1.3 * shards.BESIDE_MS * 10
    assert mixed.processor.high - beside == pytest.approx(150 * 1.25)
    assert changed.processor.high - beside == pytest.approx(150 + (300 - 100) / 2)


def test_a_stratum_that_was_not_tried() -> None:
    """It takes what the others take, in relation to its recorded rate."""
    strata = {KEY: stratum(10, 107.0), ("png", 9): stratum(10, 107.0)}
    assert sampled(strata, [taken(20.0)]).processor.likely == pytest.approx(2 * (10 * 20.0 / 1000) + 1.3 * 0.014)


def test_images_that_get_no_thumbnail() -> None:
    """A refused image counts with its time and as failed, and has no part in the bytes of thumbnails."""
    found = sampled({KEY: stratum(10, 107.0)}, [taken(20.0), taken(1.0, thumbnail=0)])
    assert (2, 1, 20_000) == (found.images, found.failed, found.thumbnails.likely)
    nothing = sampled({KEY: stratum(10, 107.0)}, [taken(1.0, thumbnail=0)])
    assert (1, 0) == (nothing.failed, nothing.thumbnails.likely)


async def test_items_are_really_tried(tmp_path: Path) -> None:
    """Photographs go through a task's own pipeline; a broken one has no thumbnail, and one that is gone is left out."""
    bodies = list(photographs().values())[:3]
    for number, body in enumerate([*bodies, b"no image"]):
        (tmp_path / f"{number}.jpg").write_bytes(body)
    store = LocalStore(str(tmp_path))
    entries = (await store.page("")).entries
    items = [item(entry.name, entry.size, entry.generation) for entry in entries]
    settings = resolve({"INPUT_FOLDER": f"file://{tmp_path}", "THUMBRUN_SIZE": "200,100"}, {})
    chosen = [(KEY, one) for one in [*items, item("gone.jpg")]]
    chance = random.Random(0)  # noqa: S311
    tried = sorted(await try_items(chosen, store, settings, chance), key=lambda one: one.size)
    names = [entry.name for entry in (await store.page("")).entries]
    await store.close()
    assert [0, 1, 1, 1] == [int(one.thumbnail_bytes > 0) for one in tried]
    assert sorted(map(len, bodies)) == [one.size for one in tried[1:]]
    assert all(one.ms > 0 and one.read == one.size for one in tried[1:])
    assert 0 == tried[0].pixels < min(one.pixels for one in tried[1:])
    assert ["0.jpg", "1.jpg", "2.jpg", "3.jpg"] == names
