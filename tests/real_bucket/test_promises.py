"""Tests that the real Cloud Storage does what thumbrun relies on: listings, generations, conditions, names, marks."""

import asyncio
import gzip
from contextlib import suppress
from uuid import uuid4

import pytest
from crc32c import crc32c

from tests.contract.test_stores import MARKS, NAMES
from tests.real_bucket.place import Place
from thumbrun.storage.base import BucketNotFoundError, BytesSink, DeniedError, ExistsError, NotFoundError

MANY = 1050  # more than a page holds


async def test_more_objects_than_a_page_holds(place: Place) -> None:
    """Pages leave out no object and repeat none, and a range can begin at any name, just behind it, and end before one.

    The second page is the first request with an offset, so this is what the real service says to it.
    """
    names = [f"many/{number % 7}/{number:04} é.jpg" for number in range(MANY)]
    for at in range(0, MANY, 50):
        await asyncio.gather(*(place.create(name, b"%d" % at) for name in names[at : at + 50]))
    names.sort()
    page = await place.store.page(place.prefix, limit=5000)
    assert (1000, True) == (len(page.entries), page.more)
    assert names == await place.names()
    assert names == await place.names(limit=400)
    assert names[500:503] == await place.names(start=names[500], end=names[503])
    assert names[501:503] == await place.names(start=f"{names[500]}\0", end=names[503], limit=1)
    assert names[500:504] == await place.names(start=names[500], end=f"{names[503]}\0")
    assert [] == await place.names("nothing/")


async def test_odd_names(place: Place) -> None:
    """Every name that thumbrun takes for possible is created, listed in order, found and read under itself."""
    held = [name for name in (*NAMES, "../up", "a/./b", "tab\t.jpg", "x" * 900) if not _problem(place, name)]
    for name in held:
        await place.create(name, name.encode())
    assert sorted(held, key=str.encode) == await place.names(limit=5)
    for name in held:
        entry = await place.store.stat(place.prefix + name)
        assert entry is not None
        assert place.prefix + name == entry.name
        assert name.encode() == await place.read(name, generation=entry.generation)


def _problem(place: Place, name: str) -> str | None:
    if "\n" in name:  # an emulator takes it
        return "a line feed"
    return place.store.name_problem(place.prefix + name)


async def test_what_is_created_reads_back(place: Place) -> None:
    """Bytes, checksum, type, marks and caching read back, by the listing, by a stat and with the bytes."""
    body = bytes(range(256)) * 4000
    made = await place.create("a.jpg", body, MARKS)
    (listed,) = (await place.store.page(place.prefix)).entries
    assert made == listed == await place.store.stat(made.name)
    assert (len(body), "image/jpeg", MARKS, crc32c(body)) == (
        made.size,
        made.content_type,
        dict(made.metadata),
        made.crc32c,
    )
    assert crc32c(body) == await place.store.read(made.name, BytesSink())
    assert body == await place.read("a.jpg")
    assert body[1000:1003] == await place.read("a.jpg", generation=made.generation, start=1000, end=1003)
    assert body[-5:] == await place.read("a.jpg", generation=made.generation, start=len(body) - 5, end=len(body) + 9)
    with pytest.raises(NotFoundError):
        await place.read("b.jpg")
    assert await place.store.stat(f"{place.prefix}b.jpg") is None


async def test_a_name_is_created_once(place: Place) -> None:
    """If ten create one name at once, one of them succeeds, and the others find the name taken."""
    created: list[int] = []

    async def create(number: int) -> None:
        with suppress(ExistsError):
            await place.create("one.jpg", b"%d" % number)
            created.append(number)

    await asyncio.gather(*(create(number) for number in range(10)))
    assert [await place.read("one.jpg")] == [b"%d" % number for number in created]
    with pytest.raises(ExistsError):
        await place.create("one.jpg", b"later")


async def test_a_generation_is_never_another(place: Place) -> None:
    """Once an object is replaced, a read of its old generation gives its old bytes or nothing."""
    old = await place.put_as_user("a.jpg", b"the old body")
    await asyncio.sleep(2)  # Cloud Storage takes one write a second for each name
    try:
        new = await place.put_as_user("a.jpg", b"the new body")
    except DeniedError:
        pytest.skip("this account cannot replace objects, so no generation became an old one")
    assert old.generation != new.generation
    assert b"the new body" == await place.read("a.jpg", generation=new.generation)
    with suppress(NotFoundError):  # a bucket with versions keeps it
        assert b"the old body" == await place.read("a.jpg", generation=old.generation)
    with pytest.raises(NotFoundError):
        await place.read("a.jpg", generation="17")


async def test_what_is_stored_compressed_is_read_compressed(place: Place) -> None:
    """A read gets the stored bytes of an object with `Content-Encoding: gzip`, and their checksum fits."""
    stored = gzip.compress(b"the content " * 1000)
    entry = await place.put_as_user("a.jpg", stored, contentEncoding="gzip", contentType="image/jpeg")
    assert ("gzip", len(stored), crc32c(stored)) == (entry.content_encoding, entry.size, entry.crc32c)
    assert stored == await place.read("a.jpg", generation=entry.generation)
    assert stored == await place.read("a.jpg")
    assert stored[10:20] == await place.read("a.jpg", generation=entry.generation, start=10, end=20)


async def test_a_bucket_that_does_not_exist(place: Place) -> None:
    """The error for a missing bucket is not the one for a missing object."""
    other = Place(f"thumbrun-no-bucket-{uuid4().hex[:16]}", "")
    with pytest.raises(BucketNotFoundError):
        await other.store.page("")
    await other.store.close()
