"""Tests of the promises of every store: memory, a local folder and Cloud Storage's API, each with and without retries.

Cloud Storage is fake-gcs-server, whose wheel is for Linux on x86-64. On such machines its absence is a failure, not a
skip.
"""

import asyncio
import platform
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from crc32c import crc32c
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thumbrun.clock import SystemClock
from thumbrun.demo.emulator import Emulator, running_emulator
from thumbrun.storage.base import (
    BucketNotFoundError,
    BytesSink,
    Entry,
    ExistsError,
    NotFoundError,
    Store,
    read_bytes,
)
from thumbrun.storage.bucket_facts import UNKNOWN
from thumbrun.storage.gcs.store import GcsStore
from thumbrun.storage.local.store import LocalStore
from thumbrun.storage.memory import MemoryStore
from thumbrun.storage.retry import RetryingStore
from thumbrun.storage.throttle import Throttle

BACKENDS = ("memory", "local", "gcs")
NAMES = (
    "a",
    "a-b",
    "a.jpg",
    "a/b",
    "a/b/c.jpg",
    "a/z",
    "a0",
    "b c.jpg",
    "b#c.jpg",
    "b%20c.jpg",
    "b?c.jpg",
    "b\nc.jpg",
    "é.jpg",
    "e\u0301.jpg",
    "🎉.jpg",
    "zz/…/deep/file.jpg",
    "/leading",
    "double//slash",
)
MARKS = {"thumbrun-run": "20260102T1530Z", "thumbrun-source": "gs://b/é 🎉.jpg"}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Run one emulator for all tests of the suite."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("there is no emulator for this machine")
    with running_emulator() as running:
        yield running


def make_store(backend: str, request: pytest.FixtureRequest, tmp_path: Path, *, exists: bool = True) -> Store:
    """Return an empty store of a kind, or one that does not exist."""
    if backend == "memory":
        return MemoryStore(exists=exists)
    if backend == "local":
        return LocalStore(str(tmp_path if exists else tmp_path / "nowhere"))
    bucket = f"bucket-{uuid4().hex[:12]}"
    emulator: Emulator = request.getfixturevalue("emulator")
    if exists:
        emulator.create_bucket(bucket)
    return GcsStore(bucket, emulator=emulator.url)


@pytest.fixture(params=[*BACKENDS, *(f"retrying {backend}" for backend in BACKENDS)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Return an empty store of each kind, with and without retries."""
    inner = make_store(request.param.rpartition(" ")[2], request, tmp_path)
    clock = SystemClock()
    made = RetryingStore(inner, Throttle(64, clock.monotonic), clock.sleep) if " " in request.param else inner
    yield made
    await made.close()
    await made.close()


async def put(store: Store, name: str, body: bytes = b"body") -> Entry:
    """Create an object."""
    return await store.create(name, body, content_type="image/jpeg", metadata=MARKS)


async def listed(store: Store, prefix: str = "", *, start: str = "", end: str = "", limit: int = 1000) -> list[str]:
    """Return all names of a listing, page by page."""
    names: list[str] = []
    while True:
        page = await store.page(prefix, start=start, end=end, limit=limit)
        assert len(page.entries) <= limit
        names += [entry.name for entry in page.entries]
        if not page.more:
            return names
        start = page.resume_at


def possible(store: Store) -> list[str]:
    """Return the names that the store can hold; a folder cannot hold a file `a` beside `a/b`."""
    names = [name for name in NAMES if store.name_problem(name) is None]
    if "/leading" in names:
        return names
    return [name for name in names if not any(other.startswith(f"{name}/") for other in names)]


async def test_what_is_created_reads_back(store: Store) -> None:
    """Bytes, content type, metadata and size read back as they were written, under any name."""
    for name in possible(store):
        body = name.encode() * 3
        await put(store, name, body)
        entry = await store.stat(name)
        assert entry is not None
        assert (name, len(body), "image/jpeg", MARKS) == (
            entry.name,
            entry.size,
            entry.content_type,
            dict(entry.metadata),
        )
        assert entry.crc32c in (None, crc32c(body))
        assert body == await read_bytes(store, name)
        assert name in store.uri(name)


async def test_listings_are_in_the_order_of_utf8(store: Store) -> None:
    """A listing is in the order of the names' UTF-8 bytes, in whatever order they were created."""
    names = possible(store)
    for name in reversed(names):
        await put(store, name)
    expected = sorted(names, key=str.encode)
    assert expected == await listed(store)
    assert [name for name in expected if name.startswith("a/")] == await listed(store, "a/")
    assert [name for name in expected if name.startswith("a")] == await listed(store, "a")
    assert [] == await listed(store, "nothing")


async def test_every_page_size_gives_the_same_listing(store: Store) -> None:
    """Pages of any size leave out no object and repeat none, and their entries equal those of `stat`."""
    names = possible(store)
    for name in names:
        await put(store, name)
    for limit in (1, 2, 3, len(names) - 1, len(names), 1000):
        assert sorted(names, key=str.encode) == await listed(store, limit=limit)
    page = await store.page("", limit=5)
    assert list(page.entries) == [await store.stat(entry.name) for entry in page.entries]


async def test_ranges_take_their_start_and_leave_their_end(store: Store) -> None:
    """A range includes its start and excludes its end, with and without a prefix."""
    names = sorted(possible(store), key=str.encode)
    for name in names:
        await put(store, name)
    for low in (*names, "a\0", "b", "zzz"):
        for high in (names[3], names[-1], ""):
            expected = [name for name in names if low <= name and (not high or name < high)]
            assert expected == await listed(store, start=low, end=high, limit=2)
    assert [name for name in names if name.startswith("a/") and name >= "a/b/"] == await listed(
        store, "a/", start="a/b/"
    )


async def test_a_name_is_created_once(store: Store) -> None:
    """If many create one name at once, one succeeds, and its object stays."""
    created: list[bytes] = []

    async def create(number: int) -> None:
        with suppress(ExistsError):
            await put(store, "one/name", b"%d" % number)
            created.append(b"%d" % number)

    await asyncio.gather(*(create(number) for number in range(20)))
    assert 1 == len(created)
    assert created[0] == await read_bytes(store, "one/name")
    with pytest.raises(ExistsError):
        await put(store, "one/name", b"later")


async def test_a_read_of_a_generation_is_of_that_generation(store: Store) -> None:
    """The live generation can be read; another one fails, and no bytes of it count."""
    entry = await put(store, "object.jpg", b"the body")
    sink = BytesSink()
    await store.read("object.jpg", sink, generation=entry.generation)
    assert b"the body" == sink.getvalue()
    with pytest.raises(NotFoundError):
        await store.read("object.jpg", sink, generation="17")


def replace_as_user(store: Store, request: pytest.FixtureRequest, name: str, body: bytes | None) -> None:
    """Replace an object as a user other than thumbrun, or delete it if there is no body."""
    inner = store._inner if isinstance(store, RetryingStore) else store
    if isinstance(inner, MemoryStore):
        inner.delete_as_user(name) if body is None else inner.put_as_user(name, body)
    elif isinstance(inner, LocalStore):
        path = Path(inner.uri(name).removeprefix("file://"))
        path.unlink()
        if body is not None:
            path.write_bytes(body)
    else:
        emulator: Emulator = request.getfixturevalue("emulator")
        bucket = store.uri("").removeprefix("gs://").rstrip("/")
        emulator.delete(bucket, name) if body is None else emulator.put(bucket, name, body)


async def test_a_planned_generation_outlives_no_replacement(store: Store, request: pytest.FixtureRequest) -> None:
    """The old generation of a replaced or deleted object cannot be read, whatever exists now."""
    old = await put(store, "object.jpg", b"the old body")
    replace_as_user(store, request, "object.jpg", b"the new body")
    new = await store.stat("object.jpg")
    assert new is not None
    assert old.generation != new.generation
    assert {} == dict(new.metadata)
    with pytest.raises(NotFoundError):
        await store.read("object.jpg", BytesSink(), generation=old.generation)
    sink = BytesSink()
    await store.read("object.jpg", sink, generation=new.generation)
    assert b"the new body" == sink.getvalue()
    replace_as_user(store, request, "object.jpg", None)
    assert await store.stat("object.jpg") is None
    for generation in (None, old.generation, new.generation):
        with pytest.raises(NotFoundError):
            await store.read("object.jpg", BytesSink(), generation=generation)


async def test_ranges_shrink_while_they_are_listed(store: Store) -> None:
    """A range's end can change between two pages, so that two listers can share the rest."""
    for number in range(9):
        await put(store, f"{number}")
    first = await store.page("", limit=3)
    assert first.more
    assert ["3", "4", "5"] == await listed(store, start=first.resume_at, end="6")
    assert ["6", "7", "8"] == await listed(store, start="6")


async def test_a_listing_goes_on_whatever_happens_between_its_pages(
    store: Store, request: pytest.FixtureRequest
) -> None:
    """A listing shows every lasting object once, even if the name at which it goes on is deleted."""
    for name in ("b", "c", "d", "e"):
        await put(store, name)
    first = await store.page("", limit=2)
    assert ["b", "c"] == [entry.name for entry in first.entries]
    assert first.more
    replace_as_user(store, request, "d", None)
    await put(store, "a")
    await put(store, "dd")
    assert await listed(store, start=first.resume_at, limit=2) in (["e"], ["dd", "e"])
    assert ["a", "b", "c", "dd", "e"] == await listed(store, limit=2)
    for name in ("dd", "e"):
        replace_as_user(store, request, name, None)
    assert ["a", "b", "c"] == await listed(store, limit=2)


async def test_what_is_created_is_seen_at_once(store: Store) -> None:
    """Once a create is acknowledged, every listing, stat and read shows the object: tasks rely on that."""
    for number in range(8):
        entry = await put(store, f"claims/{number}", b"%d" % number)
        seen, page, body = await asyncio.gather(
            store.stat(entry.name), store.page("claims/", start=entry.name), read_bytes(store, entry.name)
        )
        assert (entry.generation, [entry.name], b"%d" % number) == (
            seen and seen.generation,
            [one.name for one in page.entries],
            body,
        )


async def test_a_refused_create_changes_nothing(store: Store) -> None:
    """A create for a taken name changes neither bytes nor generation nor metadata, however often it is tried."""
    before = await put(store, "one", b"first")
    for _ in range(3):
        with pytest.raises(ExistsError):
            await store.create("one", b"second", content_type="text/plain", metadata={"other": "mark"})
    after = await store.stat("one")
    assert after is not None
    assert (before.generation, 5, "image/jpeg", MARKS) == (
        after.generation,
        after.size,
        after.content_type,
        dict(after.metadata),
    )
    assert b"first" == await read_bytes(store, "one")


async def test_a_name_that_cannot_be_held_says_so(store: Store) -> None:
    """The store has a reason for each name that no store can hold, and accepts the other names."""
    for name in ("", ".", "..", "x" * 5000):
        assert store.name_problem(name)
    for name in possible(store):
        assert store.name_problem(name) is None


@pytest.mark.parametrize("backend", BACKENDS)
async def test_more_objects_than_a_page_holds(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """No page has more than a thousand entries, and pages leave out no object and repeat none."""
    store = make_store(backend, request, tmp_path)
    names = [f"{number % 7}/{number:04}.jpg" for number in range(1100)]
    for at in range(0, len(names), 50):
        await asyncio.gather(*(put(store, name) for name in names[at : at + 50]))
    page = await store.page("", limit=5000)
    assert len(page.entries) <= 1000
    assert page.more
    assert sorted(names) == await listed(store, limit=5000)
    await store.close()


async def test_what_browsers_are_told_is_kept(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Cloud Storage keeps a thumbnail's Cache-Control; the other stores have no use for it."""
    store = make_store("gcs", request, tmp_path)
    await store.create("a.jpg", b"x", content_type="image/webp", metadata=MARKS, cache_control="public, max-age=60")
    emulator: Emulator = request.getfixturevalue("emulator")
    (found,) = emulator.objects(store.uri("").removeprefix("gs://").rstrip("/")).values()
    assert ("public, max-age=60", "image/webp", MARKS) == (
        found["cacheControl"],
        found["contentType"],
        found["metadata"],
    )
    await store.close()


async def test_what_is_not_there(store: Store) -> None:
    """A missing object has no entry and cannot be read."""
    assert await store.stat("nothing.jpg") is None
    assert await store.stat("no/such/folder.jpg") is None
    with pytest.raises(NotFoundError):
        await read_bytes(store, "nothing.jpg")


@pytest.mark.parametrize("size", [0, 1, 70_000, 6 << 20])
async def test_bodies_of_every_size(store: Store, size: int) -> None:
    """A body can be empty, a byte, more than a chunk, or more than a usual simple upload."""
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    entry = await put(store, "body.jpg", body)
    assert size == entry.size
    assert body == await read_bytes(store, "body.jpg")


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (0, 70_000), (3, 9), (65_535, 65_537), (69_999, 70_000), (5, None), (69_000, 90_000), (70_000, 70_001)],
)
async def test_a_range_of_bytes(store: Store, start: int, end: int | None) -> None:
    """A range read returns the bytes of one generation, and fewer if the object ends before the range does."""
    body = b"".join(number.to_bytes(4, "big") for number in range(17_500))
    entry = await put(store, "body.jpg", body)
    for generation in (None, entry.generation):
        sink = BytesSink()
        sink.write(b"old")
        await store.read("body.jpg", sink, generation=generation, start=start, end=end)
        assert body[start:end] == sink.getvalue()
    with pytest.raises(NotFoundError):
        await store.read("body.jpg", BytesSink(), generation="1", start=start, end=end)


async def test_a_read_resets_its_sink(store: Store) -> None:
    """A read clears everything that its sink held before."""
    await put(store, "object.jpg", b"new")
    sink = BytesSink()
    sink.write(b"old")
    await store.read("object.jpg", sink)
    assert b"new" == sink.getvalue()


async def test_the_settings_of_a_bucket(store: Store) -> None:
    """A bucket of Cloud Storage says where it is, as the emulator's does; of other stores nothing is known."""
    facts = await store.bucket_facts()
    if store.uri("").startswith("gs:"):
        assert ("US-CENTRAL1", "region", "STANDARD") == (facts.location, facts.location_type, facts.storage_class)
        assert facts.soft_delete_seconds is None
    else:
        assert UNKNOWN == facts


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_store_that_does_not_exist(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A listing of a missing bucket or folder is an error of its own."""
    store = make_store(backend, request, tmp_path, exists=False)
    with pytest.raises(BucketNotFoundError):
        await store.page("")
    await store.close()


@pytest.mark.parametrize("backend", BACKENDS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    names=st.sets(st.text("ab-/0é🎉", min_size=1, max_size=5), max_size=12),
    prefix=st.text("ab-/", max_size=4),
    start=st.text("ab-/0é", max_size=3),
    end=st.text("ab-/0é", max_size=3),
    limit=st.integers(1, 5),
)
def test_any_listing_is_what_sorting_says(
    backend: str,
    names: set[str],
    prefix: str,
    start: str,
    end: str,
    limit: int,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A listing equals the sorted matching names, for any names, prefix, range and page size."""

    async def scenario() -> None:
        store = make_store(backend, request, tmp_path_factory.mktemp("store"))
        held: list[str] = []
        for name in sorted(names):
            taken = any(name.startswith(f"{other}/") or other.startswith(f"{name}/") for other in held)
            if store.name_problem(name) is None and not (backend == "local" and taken):
                await put(store, name)
                held.append(name)
        expected = [n for n in held if n.startswith(prefix) and n >= start and (not end or n < end)]
        assert sorted(expected, key=str.encode) == await listed(store, prefix, start=start, end=end, limit=limit)
        await store.close()

    asyncio.run(scenario())
