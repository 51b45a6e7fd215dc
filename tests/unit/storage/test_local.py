"""A folder as a store: what a bucket never has, links, devices, other folders' marks, kills."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from thumbrun.storage.base import DeniedError, NameRefusedError, NotFoundError, TransientError, read_bytes
from thumbrun.storage.local import LocalStore

MARKS = {"thumbrun-run": "r"}


async def names(store: LocalStore) -> list[str]:
    """Return what the store lists."""
    listed = [entry.name for entry in (await store.page("")).entries]
    await store.close()
    return listed


async def test_links_and_devices_are_no_objects(tmp_path: Path) -> None:
    """A symbolic link, to a file or a folder, and a pipe are neither listed nor read nor written through."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(b"secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "file.jpg").write_bytes(b"x")
    (root / "link.jpg").symlink_to(outside / "secret.jpg")
    (root / "folder").symlink_to(outside)
    os.mkfifo(root / "pipe.jpg")
    store = LocalStore(str(root))
    assert ["file.jpg"] == await names(store)
    for name in ("link.jpg", "folder/secret.jpg", "pipe.jpg"):
        assert await store.stat(name) is None
        with pytest.raises(NotFoundError):
            await read_bytes(store, name)
    with pytest.raises(DeniedError):
        await store.create("folder/new.jpg", b"x", content_type="image/jpeg", metadata=MARKS)
    assert ["secret.jpg"] == os.listdir(outside)  # noqa: PTH208
    await store.close()


@pytest.mark.parametrize(
    "name", ["../x", "a/../x", "/x", "a//x", ".", "", "a/", "nul\0", "x" * 256, "_thumbrun/local/x"]
)
def test_names_that_are_no_paths_below_the_folder(tmp_path: Path, name: str) -> None:
    """What would leave the folder, or cannot be a path, is refused with a reason."""
    assert LocalStore(str(tmp_path)).name_problem(name)


@pytest.mark.parametrize("name", ["x", "a/b", "..x", "a/.hidden", "é 🎉\n.jpg", "x" * 255])
def test_names_that_are_paths_below_the_folder(tmp_path: Path, name: str) -> None:
    """Anything else is a name."""
    assert LocalStore(str(tmp_path)).name_problem(name) is None


async def test_marks_are_seen_from_any_folder(tmp_path: Path) -> None:
    """What was created through one folder carries its metadata when seen through one above or below it."""
    (tmp_path / "photos").mkdir()
    inner, outer, deeper = (LocalStore(str(tmp_path / path)) for path in ("photos", "", "photos/run"))
    await inner.create("run/a.jpg", b"x", content_type="image/jpeg", metadata=MARKS)
    for store, name in ((inner, "run/a.jpg"), (outer, "photos/run/a.jpg"), (deeper, "a.jpg")):
        entry = await store.stat(name)
        assert entry is not None
        assert MARKS == entry.metadata
        await store.close()


async def test_a_file_that_replaces_a_thumbnail_is_not_taken_for_it(tmp_path: Path) -> None:
    """Marks belong to one file: another file of the same name has none."""
    store = LocalStore(str(tmp_path))
    await store.create("a.jpg", b"x", content_type="image/jpeg", metadata=MARKS)
    (tmp_path / "a.jpg").unlink()
    (tmp_path / "a.jpg").write_bytes(b"somebody else's")
    entry = await store.stat("a.jpg")
    assert entry is not None
    assert {} == entry.metadata
    await store.close()


async def test_a_file_where_a_folder_would_be(tmp_path: Path) -> None:
    """A name that what is there leaves no room for is refused as such, and not as one that is taken."""
    store = LocalStore(str(tmp_path))
    await store.create("a", b"x", content_type="image/jpeg", metadata=MARKS)
    await store.create("b/c", b"x", content_type="image/jpeg", metadata=MARKS)
    for name in ("a/b", "b"):
        with pytest.raises(NameRefusedError):
            await store.create(name, b"x", content_type="image/jpeg", metadata=MARKS)
    await store.close()


async def test_nothing_but_the_objects_is_listed(tmp_path: Path) -> None:
    """Temporary files and sidecars are never listed, at whatever depth."""
    store = LocalStore(str(tmp_path / "photos"))
    await store.create("run/a.jpg", b"x", content_type="image/jpeg", metadata=MARKS)
    assert ["run/a.jpg"] == await names(store)
    assert ["photos/run/a.jpg"] == await names(LocalStore(str(tmp_path)))


async def test_a_file_that_grows_while_it_is_read(tmp_path: Path) -> None:
    """A read that was overtaken by a write fails as worth another attempt, and the generation has changed."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x" * 600_000)

    class Writing:
        def reset(self) -> None:
            """Start."""

        def write(self, chunk: bytes) -> None:
            """Write to the file that is being read."""
            with path.open("ab") as file:
                file.write(b"more") if path.stat().st_size < 600_010 else None

    store = LocalStore(str(tmp_path))
    before = await store.stat("a.jpg")
    assert before is not None
    with pytest.raises(TransientError):
        await store.read("a.jpg", Writing(), generation=before.generation)
    with pytest.raises(NotFoundError):
        await store.read("a.jpg", Writing(), generation=before.generation)
    await store.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_folder_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    """What cannot be listed does not count as empty."""
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(DeniedError):
        await LocalStore(str(tmp_path)).page("")


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from thumbrun.storage import local
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
local.os.link = die
store = local.LocalStore(sys.argv[1])
asyncio.run(store.create("a.jpg", b"new", content_type="image/jpeg", metadata={"thumbrun-run": "r"}))
"""


async def test_a_kill_before_the_link_leaves_the_name_free(tmp_path: Path) -> None:
    """A process that dies between writing and linking leaves nothing under the name, and the next one succeeds."""
    died = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(tmp_path))
    assert -signal.SIGKILL == await died.wait()
    store = LocalStore(str(tmp_path))
    assert await store.stat("a.jpg") is None
    await store.create("a.jpg", b"newer", content_type="image/jpeg", metadata=MARKS)
    assert b"newer" == await read_bytes(store, "a.jpg")
    await store.close()
