"""Tests that decoding processes read local files themselves, and that a file that changes meanwhile is noticed."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.imaging.samples import photograph, running
from tests.unit.task.test_pipeline import item, work
from thumbrun.decoding.body import Body
from thumbrun.decoding.pool import DecoderPool
from thumbrun.decoding.tries import Tries
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Reason, Status
from thumbrun.storage.base import Entry
from thumbrun.storage.local.store import LocalStore
from thumbrun.storage.memory import MemoryStore


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[LocalStore]:
    """Return a folder that holds one photograph, which is too large for a socket."""
    (tmp_path / "a.jpg").write_bytes(photograph(600, noise=True))
    store = LocalStore(str(tmp_path))
    yield store
    await store.close()


async def entry_of(store: LocalStore) -> Entry:
    """Return the entry of the one file."""
    (entry,) = (await store.page("")).entries
    return entry


async def test_the_task_copies_no_byte(source: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thumbnail of a local file is made, though the task writes none of its bytes anywhere."""

    def written(*_: object) -> None:
        raise AssertionError("bytes were copied")

    monkeypatch.setattr(Body, "write", written)
    entry, output = await entry_of(source), MemoryStore("out")
    async with running() as pool:
        (outcome,), _ = await work(source, output, pool, [item(entry)])  # type: ignore[arg-type]
    assert (Status.DONE, entry.size) == (outcome.status, outcome.source_bytes)
    (thumbnail,) = (body for _, body in output.objects.values())
    with Image.open(io.BytesIO(thumbnail)) as picture:
        assert (100, 100) == picture.size


async def test_a_file_that_no_memory_could_hold(source: LocalStore, tmp_path: Path) -> None:
    """A local file that is larger than all memory of the task is worked, because nobody holds it."""
    with (tmp_path / "a.jpg").open("r+b") as file:
        file.seek(5 << 30)  # a hole, as large as what an application might put behind a picture
        file.write(b"\xff\xd9")
    entry = await entry_of(source)
    async with running() as pool:
        items = [item(entry)]
        (outcome,), _ = await work(source, MemoryStore("out"), pool, items, max_bytes=1 << 40)  # type: ignore[arg-type]
    assert Status.DONE is outcome.status, outcome


class Meanwhile:
    """A pool that lets something happen to the file before it is decoded."""

    def __init__(self, pool: DecoderPool, deed: Callable[[], object]) -> None:
        """Wrap a pool."""
        self._pool = pool
        self._deed: Callable[[], object] | None = deed

    def body(self, size: int) -> Body:
        """Return a body of the pool."""
        return self._pool.body(size)

    async def render(
        self, body: Body, request: Request, tries: Tries | None = None
    ) -> Rendered | Refused | NeedsMemory:
        """Do the deed, and then let the pool decode."""
        if self._deed is not None:
            await asyncio.sleep(0.02)  # the clock of a file system is coarse
            self._deed()
            self._deed = None
        return await self._pool.render(body, request, tries)


@pytest.mark.parametrize("deed", ["written over", "cut", "extended"])
async def test_a_file_that_changes_while_it_is_decoded(source: LocalStore, tmp_path: Path, deed: str) -> None:
    """An image that is written to between its opening and its verdict has changed, whatever the decoder made of it."""
    path = tmp_path / "a.jpg"

    def change() -> None:
        with path.open("r+b") as file:
            match deed:
                case "written over":
                    file.write(photograph(620, noise=True))
                case "cut":
                    file.truncate(5000)
                case "extended":
                    file.seek(0, 2)
                    file.write(b"more")

    entry, output = await entry_of(source), MemoryStore("out")
    async with running() as pool:
        items = [item(entry)]
        (outcome,), _ = await work(source, output, Meanwhile(pool, change), items)  # type: ignore[arg-type]
    assert Reason.SOURCE_CHANGED is outcome.reason
    assert not output.objects


@pytest.mark.parametrize("deed", ["replaced", "deleted", "renamed"])
async def test_a_name_that_is_given_to_another_file(source: LocalStore, tmp_path: Path, deed: str) -> None:
    """An image whose name is taken away while it is decoded gets no thumbnail, and is gone or has changed."""
    path = tmp_path / "a.jpg"

    def change() -> None:
        if deed == "replaced":
            (tmp_path / "new").write_bytes(b"no picture")
            (tmp_path / "new").replace(path)
        elif deed == "deleted":
            path.unlink()
        else:
            path.rename(tmp_path / "b.jpg")

    entry, output = await entry_of(source), MemoryStore("out")
    async with running() as pool:
        items = [item(entry)]
        (outcome,), _ = await work(source, output, Meanwhile(pool, change), items)  # type: ignore[arg-type]
    assert outcome.reason is (Reason.SOURCE_CHANGED if deed == "replaced" else Reason.SOURCE_GONE)
    assert not output.objects
