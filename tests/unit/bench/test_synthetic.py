"""Tests of the synthetic bucket: it is sorted, has unique names, and is the same from wherever it is listed."""

import pytest

from bench.planning import plan
from bench.synthetic import Kept, Listed, Meter, Names
from tests.virtual import run
from thumbrun.planning.listing import pages
from thumbrun.storage.base import BytesSink, Entry, ExistsError


@pytest.mark.parametrize("count", [1, 7, 1_000, 20_001])
def test_names_are_sorted_and_unique(count: int) -> None:
    """Each rank has its own name, in the order of a listing."""
    names = list(Names(count))
    assert count == len(set(names))
    assert sorted(names, key=str.encode) == names


@pytest.mark.parametrize("colliding", [0.0, 0.02, 0.25])
def test_as_many_names_collide_as_were_asked_for(colliding: float) -> None:
    """The share of names whose last part occurs in other folders is the requested one."""
    names = list(Names(40_000, colliding=colliding))
    last = [name.rpartition("/")[2] for name in names]
    seen: dict[str, int] = {}
    for part in last:
        seen[part] = seen.get(part, 0) + 1
    assert sum(seen[part] > 1 for part in last) / len(names) == pytest.approx(colliding, abs=0.002)


def test_a_listing_is_the_same_in_pages_and_ranges() -> None:
    """A listing shows the same objects in pages and in ranges."""

    async def scenario() -> None:
        names = Names(3_500)
        store = Listed(names, Meter())
        listed: list[Entry] = [entry async for entries in pages(store, "") for entry in entries]
        assert list(names) == [entry.name for entry in listed]
        part = await store.page("", start=names[1_200], end=names[1_250])
        assert tuple(listed[1_200:1_250]) == part.entries
        assert not part.more
        assert all(entry.size and entry.crc32c is not None for entry in listed)

    run(scenario())


def test_records_are_kept_as_they_were_written() -> None:
    """A record reads back as it was written, once, and its requests are counted."""

    async def scenario() -> None:
        meter = Meter()
        store = Kept(meter)
        for number in range(3):
            await store.create(f"a/{number}", b"%d" % number * 5, content_type="a/b", metadata={})
        with pytest.raises(ExistsError):
            await store.create("a/1", b"other", content_type="a/b", metadata={})
        sink = BytesSink()
        await store.read("a/1", sink)
        assert b"11111" == sink.getvalue()
        assert ["a/1", "a/2"] == [entry.name for entry in (await store.page("a/", start="a/1")).entries]
        assert {"create of records": 4, "read of records": 1, "page of records": 1} == meter.requests
        await store.close()

    run(scenario())


async def test_planning_is_measured_whole() -> None:
    """A task lists once, and reads only the plan, its own shards and their renames."""
    planned = await plan(25_000, 10)
    assert 25_000 == planned.objects
    assert 0.98 * planned.objects <= planned.items <= planned.objects
    assert planned.cpu > 0
    assert planned.store_cpu > 0
    assert planned.requests["page of the source"] < 25 + 400  # its pages, and requests that find where to cut ranges
    for asked, own in zip(planned.asked, planned.own_shards, strict=True):
        assert asked.keys() == {"read of records"}
        assert 1 + own <= asked["read of records"] <= 1 + 2 * own
