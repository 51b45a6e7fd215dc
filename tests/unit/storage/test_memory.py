"""Tests of the bucket in memory, which must refuse everything that Cloud Storage refuses."""

import pytest

from thumbrun.storage.base import BytesSink, NameRefusedError, NotFoundError
from thumbrun.storage.memory import MemoryStore


@pytest.mark.parametrize("versioning", [False, True])
async def test_what_was_replaced_or_deleted_is_gone_unless_kept(versioning: bool) -> None:
    """Only a bucket with object versioning still serves a generation that is not live."""
    store = MemoryStore(versioning=versioning)
    first = store.put_as_user("a", b"first")
    second = store.put_as_user("a", b"second")
    store.delete_as_user("a")
    assert first.generation < second.generation
    assert await store.stat("a") is None
    for entry, body in ((first, b"first"), (second, b"second")):
        sink = BytesSink()
        if versioning:
            await store.read("a", sink, generation=entry.generation)
            assert body == sink.getvalue()
        else:
            with pytest.raises(NotFoundError):
                await store.read("a", sink, generation=entry.generation)


@pytest.mark.parametrize("name", ["", ".", "..", "é" * 513])
async def test_names_that_no_bucket_takes(name: str) -> None:
    """The store refuses a name that Cloud Storage would refuse, and says so in advance."""
    store = MemoryStore()
    assert store.name_problem(name)
    with pytest.raises(NameRefusedError):
        await store.create(name, b"x", content_type="image/jpeg", metadata={})
