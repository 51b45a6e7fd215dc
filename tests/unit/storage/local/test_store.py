"""Tests of what only a folder has: links, devices, marks of other folders, and kills."""

import asyncio
import errno
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.build import PlanBuilder, Source
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.select import Selection
from thumbrun.planning.survey import describe_unlisted
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.base import (
    BytesSink,
    Chunk,
    DeniedError,
    ExistsError,
    NameRefusedError,
    NotFoundError,
    StoreError,
    TransientError,
    read_bytes,
)
from thumbrun.storage.local import file_metadata
from thumbrun.storage.local.store import LocalStore
from thumbrun.storage.memory import MemoryStore

MARKS = {"thumbrun-run": "r"}
CHAIN_PART = 200


def deep_chain(root: Path, first: str) -> None:
    """Make a chain of folders that is longer than the longest path, with a file at its end."""
    descriptor = os.open(root, os.O_RDONLY)
    for number in range(5000 // CHAIN_PART):
        part = first if number == 0 else "d" * CHAIN_PART
        os.mkdir(part, dir_fd=descriptor)
        inner = os.open(part, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(os.open("deep.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor))
    os.close(descriptor)


async def names(store: LocalStore) -> list[str]:
    """Return the names that the store lists."""
    listed = [entry.name for entry in (await store.page("")).entries]
    await store.close()
    return listed


async def test_links_and_devices_are_no_objects(tmp_path: Path) -> None:
    """The store does not list, read or write through a symbolic link or a pipe."""
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
    for name in ("folder/new.jpg", "folder/deeper/new.jpg"):
        with pytest.raises(DeniedError):
            await store.create(name, b"x", content_type="image/jpeg", metadata=MARKS)
    assert [] == [entry.name for entry in (await store.page("folder/")).entries]
    assert ["secret.jpg"] == os.listdir(outside)  # noqa: PTH208
    await store.close()


@pytest.mark.parametrize(
    "name",
    [
        *("../x", "a/../x", "/x", "a//x", ".", "", "a/", "nul\0", "x" * 256, "x/" * 2100 + "x", "\ud800"),
        *("_thumbrun/local", "_thumbrun/local/x", "a/_thumbrun/local/marks/x"),
    ],
)
def test_names_that_are_no_paths_below_the_folder(tmp_path: Path, name: str) -> None:
    """The store refuses a name that would leave the folder or cannot be a path, and says why."""
    assert LocalStore(str(tmp_path)).name_problem(name)


@pytest.mark.parametrize(
    "name",
    ["x", "a/b", "..x", "a/.hidden", "é 🎉\n.jpg", "x" * 255, "\udcff.jpg", "a_thumbrun/local/x", "_thumbrun/localx"],
)
def test_names_that_are_paths_below_the_folder(tmp_path: Path, name: str) -> None:
    """The store accepts all other names."""
    assert LocalStore(str(tmp_path)).name_problem(name) is None


@pytest.mark.usefixtures("either")
async def test_marks_are_seen_from_any_folder(tmp_path: Path) -> None:
    """A file that was created through one folder has its metadata in a folder above or below it, too."""
    (tmp_path / "photos").mkdir()
    inner, outer, deeper = (LocalStore(str(tmp_path / path)) for path in ("photos", "", "photos/run"))
    await inner.create("run/a.jpg", b"x", content_type="image/jpeg", metadata=MARKS)
    for store, name in ((inner, "run/a.jpg"), (outer, "photos/run/a.jpg"), (deeper, "a.jpg")):
        entry = await store.stat(name)
        assert entry is not None
        assert MARKS == entry.metadata
        await store.close()


@pytest.mark.usefixtures("either")
async def test_a_file_that_replaces_a_thumbnail_is_not_taken_for_it(tmp_path: Path) -> None:
    """Metadata belong to one file, and another file of the same name has none."""
    store = LocalStore(str(tmp_path))
    await store.create("a.jpg", b"x", content_type="image/jpeg", metadata=MARKS)
    (tmp_path / "a.jpg").unlink()
    (tmp_path / "a.jpg").write_bytes(b"somebody else's")
    entry = await store.stat("a.jpg")
    assert entry is not None
    assert {} == entry.metadata
    await store.close()


@pytest.mark.usefixtures("either")
async def test_marks_move_with_a_folder(tmp_path: Path) -> None:
    """A run's folder that is renamed, or moved within the folder, keeps its marks; a copy has none."""
    store = LocalStore(str(tmp_path))
    await create(store, "run/a.jpg")
    (tmp_path / "albums").mkdir()
    (tmp_path / "run").rename(tmp_path / "albums/best")
    shutil.copytree(tmp_path / "albums/best", tmp_path / "copy")
    found = {entry.name: entry.metadata for entry in (await store.page("")).entries}
    assert {"albums/best/a.jpg": MARKS, "copy/a.jpg": {}} == found
    await store.close()


async def test_marks_of_the_first_version_count(tmp_path: Path) -> None:
    """A sidecar whose name is made from its file's name, as in version 0.1.0, still counts."""
    (tmp_path / "run").mkdir()
    path = tmp_path / "run/a.jpg"
    path.write_bytes(b"x")
    status = path.stat()
    digest = hashlib.sha256(b"run/a.jpg").hexdigest()[:32]
    name = f"{digest[:2]}/{digest}.{status.st_ino}-{status.st_size}-{status.st_mtime_ns}.json"
    sidecar = tmp_path / "_thumbrun/local/marks" / name
    sidecar.parent.mkdir(parents=True)
    sidecar.write_text(json.dumps({"metadata": MARKS}))
    for root, listed in ((tmp_path, "run/a.jpg"), (tmp_path / "run", "a.jpg")):
        store = LocalStore(str(root))
        assert {listed: MARKS} == {entry.name: entry.metadata for entry in (await store.page("")).entries}
        await store.close()


async def test_a_folder_of_thumbnails_holds_nothing_else(tmp_path: Path) -> None:
    """Thumbnails hold their marks themselves, so no other file lies in their folder or beside it."""
    store = LocalStore(str(tmp_path))
    for number in range(20):
        await create(store, f"run/{number}.jpg")
    assert 20 == sum(len(files) for _, _, files in os.walk(tmp_path))
    assert [MARKS] * 20 == [entry.metadata for entry in (await store.page("")).entries]
    await store.close()


async def test_sidecars_of_earlier_versions_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file system has attributes, marks that an earlier version wrote into sidecars still count."""
    store = LocalStore(str(tmp_path))
    with monkeypatch.context() as earlier:
        earlier.setattr(file_metadata, "_IS_SUPPORTED", False)
        await create(store, "earlier.jpg")
    await create(store, "now.jpg")
    assert 1 == len(list((tmp_path / "_thumbrun/local/marks").glob("*/*.json")))
    assert {"earlier.jpg": MARKS, "now.jpg": MARKS} == {
        entry.name: entry.metadata for entry in (await store.page("")).entries
    }
    await store.close()


async def test_metadata_that_no_attribute_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metadata that are too long for the file system's attributes, or that it refuses, are kept in a sidecar."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "setxattr", full, raising=False)
    store = LocalStore(str(tmp_path))
    await create(store, "a.jpg")
    assert 1 == len(list((tmp_path / "_thumbrun/local/marks").glob("*/*.json")))
    entry = await store.stat("a.jpg")
    assert entry is not None
    assert MARKS == entry.metadata
    await store.close()


def rewrite(path: Path) -> None:
    """Write other bytes of the same number to a file, and restore its times."""
    before = path.stat()
    path.write_bytes(b"y" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def link(path: Path) -> None:
    """Make a hard link to a file, as backup programs do."""
    os.link(path, path.with_suffix(".backup"))


def forget(path: Path) -> None:
    """Let a file be as it was."""


def rewrite_and_link(path: Path) -> None:
    """Rewrite a file, and give its inode another reason to have changed."""
    rewrite(path)
    link(path)


@pytest.mark.parametrize(
    ("deed", "is_read"),
    [
        (rewrite, False),
        (rewrite_and_link, False),
        (link, False),
        (lambda path: path.chmod(0o444), False),
        (forget, True),
    ],
)
async def test_a_file_that_is_rewritten_in_place(tmp_path: Path, deed: Callable[[Path], None], is_read: bool) -> None:
    """A file that is rewritten with its old size and time is another generation, as is one whose inode has changed."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    store = LocalStore(str(tmp_path))
    (entry,) = (await store.page("")).entries
    time.sleep(0.02)  # noqa: ASYNC251  (the clock of a file system is coarse)
    deed(path)
    oldest = "-".join(entry.generation.split("-")[:3])  # of version 0.1.0; a later one also stated the rights
    for generation in (entry.generation, f"{entry.generation}-100644.0.0.1", oldest):
        sink = BytesSink()
        if is_read or generation == oldest:
            await store.read("a.jpg", sink, generation=generation)
            assert path.read_bytes() == sink.getvalue()
        else:
            with pytest.raises(NotFoundError):
                await store.read("a.jpg", sink, generation=generation)
    await store.close()


@pytest.mark.usefixtures("either")
async def test_a_file_that_was_created_has_the_generation_that_is_listed(tmp_path: Path) -> None:
    """The links that the store makes while it creates a file do not change the generation afterwards."""
    store = LocalStore(str(tmp_path))
    entry = await store.create("a.jpg", b"x", content_type="image/jpeg", metadata=MARKS)
    assert entry.generation == (await store.page("")).entries[0].generation
    await store.read("a.jpg", BytesSink(), generation=entry.generation)
    await store.close()


async def test_a_file_where_a_folder_would_be(tmp_path: Path) -> None:
    """If a file is in the way of a name, the store refuses the name and does not call it taken."""
    store = LocalStore(str(tmp_path))
    await store.create("a", b"x", content_type="image/jpeg", metadata=MARKS)
    await store.create("b/c", b"x", content_type="image/jpeg", metadata=MARKS)
    for name in ("a/b", "b"):
        with pytest.raises(NameRefusedError):
            await store.create(name, b"x", content_type="image/jpeg", metadata=MARKS)
    await store.close()


@pytest.mark.usefixtures("either")
async def test_nothing_but_the_objects_is_listed(tmp_path: Path) -> None:
    """The store never lists temporary files and sidecars, at any depth."""
    store = LocalStore(str(tmp_path / "photos"))
    await store.create("run/a.jpg", b"x", content_type="image/jpeg", metadata=MARKS)
    assert ["run/a.jpg"] == await names(store)
    assert ["photos/run/a.jpg"] == await names(LocalStore(str(tmp_path)))


async def test_a_file_that_grows_while_it_is_read(tmp_path: Path) -> None:
    """If a file changes during a read, the read is worth another attempt, and the generation changes."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x" * 600_000)

    class Writing:
        def reset(self) -> None:
            """Start again."""

        def write(self, chunk: Chunk) -> None:
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


@pytest.fixture
def nobody() -> Iterator[Path]:
    """Return a folder of a user who is not root, and act as that user."""
    was = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        if was == 0:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            for path in Path(folder).iterdir():
                path.chmod(0o700)
            os.seteuid(was)


async def test_a_folder_that_may_not_be_read_is_told(nobody: Path) -> None:
    """A folder without permission does not count as empty: a listing names it beside the rest, a request fails."""
    for folder in ("closed", "readable"):
        (nobody / folder).mkdir()
    (nobody / "readable/a.jpg").write_bytes(b"x")
    (nobody / "readable/a.jpg").chmod(0)
    (nobody / "readable").chmod(0o500)
    (nobody / "closed").chmod(0)
    store = LocalStore(str(nobody))
    page = await store.page("")
    assert ["readable/a.jpg"] == [entry.name for entry in page.entries]
    assert [("closed/", DeniedError)] == [(part.name, type(part.error)) for part in page.unlisted]
    for request in (store.page("closed/"), store.stat("closed/a.jpg")):
        with pytest.raises(DeniedError, match="closed"):
            await request
    with pytest.raises(DeniedError, match=r"a\.jpg"):
        await read_bytes(store, "readable/a.jpg")
    with pytest.raises(DeniedError, match="readable") as caught:
        await store.create("readable/b.jpg", b"x", content_type="image/jpeg", metadata=MARKS)
    assert "mode" in caught.value.hint
    await store.close()


async def test_a_plan_names_a_folder_that_may_not_be_read(nobody: Path) -> None:
    """A plan counts the folders that may not be listed, names them with the reason, and holds the other images."""
    for folder in ("closed", "open"):
        (nobody / folder).mkdir()
    (nobody / "open/a.jpg").write_bytes(b"x")
    (nobody / "closed").chmod(0)
    state, store = RecordStore(MemoryStore(), ""), LocalStore(str(nobody))
    rule = NamingRule("flat", Recipe(), folds=True, limit=255)
    for limit in (None, 5):
        plan = await PlanBuilder(Source(store, "", Selection(), limit), state, f"run{limit}", 1, rule, 1).make()
        assert 1 == plan.items
        assert {"parts": 1, "named": [{"name": "closed/", "detail": f"{nobody}/closed/: permission denied"}]} == (
            plan.seen["unlisted"]
        )
        assert f"leaves out what it holds: {nobody}/closed/: permission denied" in describe_unlisted(plan.seen)
    await store.close()


@pytest.mark.usefixtures("no_attributes")
async def test_a_folder_that_shows_only_names_is_told_once(nobody: Path) -> None:
    """A folder whose files nobody can reach is named once, and so is a file whose sidecar cannot be read."""
    for name in ("names/a.jpg", "names/b.jpg", "z.jpg"):
        (nobody / name).parent.mkdir(exist_ok=True)
        (nobody / name).write_bytes(b"x")
    (nobody / "names").chmod(0o400)
    store = LocalStore(str(nobody))
    await store.create("marked.jpg", b"x", content_type="image/jpeg", metadata=MARKS)
    (sidecar,) = (nobody / "_thumbrun/local/marks").glob("*/*")
    sidecar.chmod(0)
    found, unlisted, start = list[str](), list[str](), ""
    while True:
        page = await store.page("", start=start, limit=1)
        found += [entry.name for entry in page.entries]
        unlisted += [part.name for part in page.unlisted]
        assert 1 >= len(page.entries) + len(page.unlisted)
        if not page.more:
            break
        start = page.resume_at
    assert ["z.jpg"] == found
    assert ["marked.jpg", "names/"] == sorted(set(unlisted))
    await store.close()


async def test_a_chain_of_folders_beyond_the_longest_path_is_told(tmp_path: Path) -> None:
    """A chain of folders that is longer than any path is named where it becomes too long, and the rest is listed."""
    deep_chain(tmp_path, "middle")
    for name in ("a.jpg", "z.jpg"):
        (tmp_path / name).write_bytes(b"x")
    store = LocalStore(str(tmp_path))
    page = await store.page("")
    assert ["a.jpg", "z.jpg"] == [entry.name for entry in page.entries]
    (part,) = page.unlisted
    assert part.name.startswith("middle/")
    assert 4096 <= len(f"{tmp_path}/{part.name}") < 4096 + 2 * CHAIN_PART
    await store.close()


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from thumbrun.storage.local.store import LocalStore
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
os.link = die
store = LocalStore(sys.argv[1])
asyncio.run(store.create("a.jpg", b"new", content_type="image/jpeg", metadata={"thumbrun-run": "r"}))
"""


@pytest.mark.usefixtures("either")
async def test_a_kill_before_the_link_leaves_the_name_free(tmp_path: Path) -> None:
    """A process that dies between writing and linking leaves the name free for the next one."""
    died = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(tmp_path))
    assert -signal.SIGKILL == await died.wait()
    store = LocalStore(str(tmp_path))
    assert await store.stat("a.jpg") is None
    await store.create("a.jpg", b"newer", content_type="image/jpeg", metadata=MARKS)
    assert b"newer" == await read_bytes(store, "a.jpg")
    await store.close()


async def create(store: LocalStore, name: str) -> None:
    """Create a file with metadata."""
    await store.create(name, b"x", content_type="image/jpeg", metadata=MARKS)


@pytest.mark.usefixtures("either")
async def test_marks_are_seen_as_soon_as_they_are_made(tmp_path: Path) -> None:
    """A store that listed a folder before thumbnails were written into it does not take them for sources."""
    (tmp_path / "out/run").mkdir(parents=True)
    (tmp_path / "out/run/mine.jpg").write_bytes(b"a source")
    source, output = LocalStore(str(tmp_path)), LocalStore(str(tmp_path / "out"))
    assert [{}] == [entry.metadata for entry in (await source.page("")).entries]
    await create(output, "run/thumbnail.jpg")
    assert [{}, MARKS] == [entry.metadata for entry in (await source.page("")).entries]
    await source.close()
    await output.close()


async def test_an_acknowledgement_of_a_link_that_was_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that was made counts as made, even if the answer says that the name exists."""
    link = os.link

    def lossy(source: Path, target: str) -> None:
        link(source, target)
        raise FileExistsError(17, "File exists", target)

    monkeypatch.setattr(os, "link", lossy)
    store = LocalStore(str(tmp_path))
    await create(store, "a.jpg")
    entry = await store.stat("a.jpg")
    assert entry is not None
    assert MARKS == entry.metadata
    await store.close()


async def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the file system has no hard links, the error says what kind of folder would work."""

    def unable(source: Path, target: str) -> None:
        raise PermissionError(1, "Operation not permitted", target)

    monkeypatch.setattr(os, "link", unable)
    store = LocalStore(str(tmp_path))
    with pytest.raises(StoreError) as caught:
        await create(store, "a.jpg")
    assert "hard links" in caught.value.hint
    assert [] == await names(store)
    assert [] == list((tmp_path / "_thumbrun/local/tmp").iterdir())


@pytest.mark.usefixtures("either")
async def test_two_stores_race_for_a_name(tmp_path: Path) -> None:
    """If two stores of one folder race for a name, one wins, and its bytes and metadata belong together."""
    stores = [LocalStore(str(tmp_path)) for _ in range(2)]
    for number in range(30):
        results = await asyncio.gather(
            *(
                store.create(f"{number}/a.jpg", b"x" * size, content_type="a/b", metadata={"size": str(size)})
                for size, store in enumerate(stores * 3, 1)
            ),
            return_exceptions=True,
        )
        assert 5 == sum(isinstance(result, ExistsError) for result in results)
        entry = await stores[0].stat(f"{number}/a.jpg")
        assert entry is not None
        assert {"size": str(entry.size)} == entry.metadata
    for store in stores:
        await store.close()


async def test_each_folder_is_read_once_a_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing reads each folder once, and a listing of records does not read the pictures beside them."""
    for number in range(50):
        (tmp_path / f"{number:02}.jpg").touch()
    (tmp_path / "records/run").mkdir(parents=True)
    (tmp_path / "records/run/plan.json").touch()
    read: list[str] = []
    scandir = os.scandir

    def counted(path: str) -> "os._ScandirIterator[str]":
        read.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    store = LocalStore(str(tmp_path))
    start, found = "", list[str]()
    while True:
        page = await store.page("", start=start, limit=7)
        found += [entry.name for entry in page.entries]
        if not page.more:
            break
        start = page.resume_at
    assert 51 == len(found)
    assert 3 == len(read)
    read.clear()
    assert ["records/run/plan.json"] == [entry.name for entry in (await store.page("records/run/")).entries]
    assert [f"{tmp_path}/records/run/"] == read
    await store.close()


async def test_a_page_that_is_asked_for_again_is_the_same(tmp_path: Path) -> None:
    """A page can be read twice, as a retry does, and it leaves out files that were deleted in between."""
    for number in range(9):
        (tmp_path / f"{number}.jpg").touch()
    store = LocalStore(str(tmp_path))
    first = await store.page("", limit=3)
    second = await store.page("", start=first.resume_at, limit=3)
    assert second == await store.page("", start=first.resume_at, limit=3)
    (tmp_path / "4.jpg").unlink()
    again = await store.page("", start=first.resume_at, limit=3)
    assert ["3.jpg", "5.jpg", "6.jpg"] == [entry.name for entry in again.entries]
    await store.close()


async def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    """A name in an old encoding is listed and read, and a record keeps it unchanged."""
    with open(os.fsencode(tmp_path) + b"/\xe9.jpg", "wb") as file:  # noqa: PTH123, ASYNC230
        file.write(b"x")
    store = LocalStore(str(tmp_path))
    (entry,) = (await store.page("")).entries
    assert b"x" == await read_bytes(store, json.loads(json.dumps(entry.name)))
    await store.close()


async def test_a_folder_is_no_object(tmp_path: Path) -> None:
    """A read of a folder finds nothing, and leaves no descriptor open."""
    (tmp_path / "folder").mkdir()
    store = LocalStore(str(tmp_path))
    await store.page("")
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0  # noqa: PTH208
    for _ in range(5):
        with pytest.raises(NotFoundError):
            await read_bytes(store, "folder")
    after = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0  # noqa: PTH208
    assert after - before < 5
    await store.close()


async def test_a_tree_as_deep_as_paths_go(tmp_path: Path) -> None:
    """Only the file system limits the depth of a tree."""
    name = "d/" * 900 + "a.jpg"
    store = LocalStore(str(tmp_path))
    await create(store, name)
    assert [name] == await names(store)


async def test_a_cancelled_request_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a cancelled create has ended, nothing goes on in the background."""
    link, begun = os.link, asyncio.Event()
    loop = asyncio.get_running_loop()
    done: list[str] = []

    def slow(source: Path, target: str) -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
        link(source, target)
        done.append(target)

    monkeypatch.setattr(os, "link", slow)
    store = LocalStore(str(tmp_path))
    creating = asyncio.ensure_future(create(store, "a.jpg"))
    await begun.wait()
    creating.cancel()
    await asyncio.wait([creating])
    assert creating.cancelled()
    assert [f"{tmp_path}/a.jpg"] == done
    await store.close()


async def test_what_a_sink_raises_is_no_fault_of_the_store(tmp_path: Path) -> None:
    """An error of the caller's own sink comes out unchanged, even one that a disk could raise."""

    class Full(BytesSink):
        def write(self, chunk: Chunk) -> None:
            raise FileNotFoundError(2, "of the caller's own")

    (tmp_path / "a.jpg").write_bytes(b"x")
    store = LocalStore(str(tmp_path))
    with pytest.raises(FileNotFoundError, match="the caller's own"):
        await store.read("a.jpg", Full())
    await store.close()


async def test_a_folder_that_is_a_link(tmp_path: Path) -> None:
    """The store's own folder can be a symbolic link, and is created if it does not exist."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for root in ("link", "made/on/the/way"):
        store = LocalStore(str(tmp_path / root))
        await create(store, "a.jpg")
        assert ["a.jpg"] == await names(store)
