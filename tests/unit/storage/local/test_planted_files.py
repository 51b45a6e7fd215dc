"""Tests with files that someone else puts into a folder: links, devices, forged metadata and a growing file."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from thumbrun.storage.base import (
    BytesSink,
    Chunk,
    DeniedError,
    NameRefusedError,
    NotFoundError,
    StoreError,
    TransientError,
    read_bytes,
)
from thumbrun.storage.local.sidecars import sidecar_path, sidecars_folder
from thumbrun.storage.local.store import LocalStore

MARKS = {"thumbrun-run": "r"}


async def create(store: LocalStore, name: str) -> None:
    """Create a file with metadata."""
    await store.create(name, b"thumbnail", content_type="image/jpeg", metadata=MARKS)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return a folder and a file outside the store, which thumbrun must not change."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious").write_bytes(b"precious")
    return folder


def untouched(outside: Path) -> bool:
    """Return whether the folder is unchanged."""
    return {"precious": b"precious"} == {path.name: path.read_bytes() for path in outside.rglob("*") if path.is_file()}


PLACES = [
    "run",
    "run/deep",
    "_thumbrun",
    "_thumbrun/local",
    "_thumbrun/local/tmp",
    "_thumbrun/local/marks",
    *(f"_thumbrun/local/marks/{number:02x}" for number in range(256)),
]


@pytest.mark.usefixtures("no_attributes")
@pytest.mark.parametrize("place", [*PLACES[:6], "every folder of sidecars"])
async def test_nothing_is_written_through_a_planted_folder(tmp_path: Path, outside: Path, place: str) -> None:
    """A link in place of a folder, of thumbnails or of thumbrun's own files, is an error that names the link."""
    root = tmp_path / "root"
    for link in [place] if place in PLACES else PLACES[6:]:
        (root / link).parent.mkdir(parents=True, exist_ok=True)
        (root / link).symlink_to(outside)
    store = LocalStore(str(root))
    with pytest.raises(DeniedError, match="is a symbolic link, which thumbrun does not follow"):
        await create(store, "run/deep/a.jpg")
    assert untouched(outside)
    await store.close()


@pytest.mark.parametrize("target", ["precious", "new", "."])
async def test_nothing_is_written_through_a_planted_thumbnail(tmp_path: Path, outside: Path, target: str) -> None:
    """A link in place of a thumbnail, to a file, to nothing or to a folder, makes the name unusable."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root/a.jpg").symlink_to(outside / target)
    store = LocalStore(str(tmp_path / "root"))
    with pytest.raises(NameRefusedError):
        await create(store, "a.jpg")
    assert await store.stat("a.jpg") is None
    assert untouched(outside)
    assert (tmp_path / "root/a.jpg").is_symlink()
    await store.close()


async def test_a_hard_link_to_something_precious_is_not_written_to(tmp_path: Path, outside: Path) -> None:
    """A taken name stays taken, whatever file it is."""
    (tmp_path / "root").mkdir()
    os.link(outside / "precious", tmp_path / "root/a.jpg")
    store = LocalStore(str(tmp_path / "root"))
    with pytest.raises(StoreError, match="exists"):
        await create(store, "a.jpg")
    assert untouched(outside)
    await store.close()


class Swapped(BytesSink):
    """A sink that changes the source when a read begins, before the first byte is read."""

    def __init__(self, deed: object) -> None:
        """Set up the sink."""
        super().__init__()
        self._deed = deed

    def reset(self) -> None:
        """Change the source."""
        super().reset()
        if callable(self._deed):
            self._deed()


@pytest.mark.parametrize("swap", ["file for link", "folder for link", "file for pipe", "file for folder", "root"])
async def test_what_is_swapped_after_the_listing_is_not_read(tmp_path: Path, outside: Path, swap: str) -> None:
    """A file that becomes a link, a pipe or a folder, or whose folder becomes a link, no longer exists."""
    folder = tmp_path / "root" / "folder"
    folder.mkdir(parents=True)
    (folder / "precious").write_bytes(b"harmless")
    store = LocalStore(str(tmp_path / "root"))
    (entry,) = (await store.page("")).entries

    def deed() -> None:
        if swap == "folder for link":
            folder.rename(tmp_path / "away")
            folder.symlink_to(outside)
        elif swap == "root":
            (tmp_path / "root").rename(tmp_path / "away")
            (tmp_path / "root").mkdir()
            (tmp_path / "root/folder").symlink_to(outside)
        else:
            (folder / "precious").unlink()
            if swap == "file for link":
                (folder / "precious").symlink_to(outside / "precious")
            elif swap == "file for pipe":
                os.mkfifo(folder / "precious")
            else:
                (folder / "precious").mkdir()

    sink = Swapped(deed)
    with pytest.raises(NotFoundError):
        await store.read(entry.name, sink, generation=entry.generation)
    assert b"" == sink.getvalue()
    await store.close()


async def test_another_file_is_never_read_for_the_planned_one(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store reads no other file, even if a folder becomes a link right after the check."""
    folder = tmp_path / "root" / "folder"
    folder.mkdir(parents=True)
    (folder / "precious").write_bytes(b"harmless")
    store = LocalStore(str(tmp_path / "root"))
    (entry,) = (await store.page("")).entries
    folder.rename(tmp_path / "away")
    folder.symlink_to(outside)
    monkeypatch.setattr("thumbrun.storage.local.store.leads_through_link", lambda *_: False)
    sink = BytesSink()
    with pytest.raises(NotFoundError):
        await store.read(entry.name, sink, generation=entry.generation)
    assert b"" == sink.getvalue()
    await store.close()


async def test_a_file_that_grows_faster_than_it_is_read(tmp_path: Path) -> None:
    """The store reads no more than the file held when it was opened, and does not wait for more."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x" * 1000)

    class Growing(BytesSink):
        def write(self, chunk: Chunk) -> None:
            super().write(chunk)
            with path.open("ab") as file:
                file.write(b"y" * 300_000)

    store, sink = LocalStore(str(tmp_path)), Growing()
    with pytest.raises(TransientError):
        await store.read("a.jpg", sink)
    assert b"x" * 1000 == sink.getvalue()
    await store.close()


FORGED: dict[str, bytes] = {
    "no JSON": b"\xff\xfe",
    "a list": b"[]",
    "a number": b"1",
    "nothing": b"null",
    "deep": b"[" * 50_000,
    "metadata that is no object": b'{"metadata": "thumbrun-run"}',
    "metadata that is a list": b'{"metadata": ["thumbrun-run"]}',
    "metadata that is no text": b'{"metadata": {"thumbrun-run": ["r"]}}',
    "a type that is no text": b'{"content_type": {"a": 1}}',
    "endless": b'{"metadata": {"a": "' + b"x" * (1 << 20) + b'"}}',
}


@pytest.mark.parametrize("content", FORGED.values(), ids=FORGED)
async def test_a_forged_sidecar_tells_nothing(tmp_path: Path, content: bytes) -> None:
    """A sidecar that thumbrun did not write hides no file and ends no task."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    sidecar = sidecar_path(sidecars_folder(str(tmp_path)), path.stat())
    sidecar.parent.mkdir(parents=True)
    sidecar.write_bytes(content)
    store = LocalStore(str(tmp_path))
    (entry,) = (await store.page("")).entries
    assert ({}, None) == (entry.metadata, entry.content_type)
    await store.close()


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Return a folder with a picture of one user, and room for the sidecars of another."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    sidecar = sidecar_path(sidecars_folder(str(tmp_path)), path.stat())
    sidecar.parent.mkdir(parents=True)
    sidecar.write_text(json.dumps({"metadata": MARKS, "content_type": "text/plain"}))
    return sidecar


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(
    ("of_picture", "of_sidecar", "counts"), [(1001, 1002, False), (1001, 1001, True), (1001, 0, True), (0, 1002, False)]
)
async def test_nobody_hides_the_picture_of_another(
    tmp_path: Path, shared: Path, of_picture: int, of_sidecar: int, counts: bool
) -> None:
    """A sidecar counts if it belongs to the owner of its file, to this user or to root, and else hides nothing."""
    os.chown(tmp_path / "a.jpg", of_picture, -1)
    os.chown(shared, of_sidecar, -1)
    store = LocalStore(str(tmp_path))
    (entry,) = (await store.page("")).entries
    assert (MARKS if counts else {}) == entry.metadata
    assert ("text/plain" if counts else None) == entry.content_type
    await store.close()


@contextmanager
def as_user(user: int) -> Iterator[None]:
    """Run as another user."""
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)


OBSTACLES = ["file", "link", "shut"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("above", [False, True])
@pytest.mark.parametrize("obstacle", OBSTACLES)
@pytest.mark.parametrize("place", ["_thumbrun", "_thumbrun/local", "_thumbrun/local/marks", "sidecars", "sidecar"])
async def test_nobody_bars_the_way_to_the_sidecars_of_another(
    tmp_path: Path, shared: Path, place: str, obstacle: str, above: bool
) -> None:
    """A file, a link or a shut folder that somebody else puts in place of sidecars, here or above, hides nothing."""
    root = tmp_path / "deep/er" if above else tmp_path
    root.mkdir(parents=True, exist_ok=True)
    (root / "b.jpg").write_bytes(b"x")
    for path in (tmp_path, *tmp_path.parents):
        path.chmod(path.stat().st_mode | 0o055)
    planted = {"sidecar": shared, "sidecars": shared.parent}.get(place, tmp_path / place)
    if place != "sidecar" or obstacle == "link":
        planted.rename(tmp_path / "away")
    match obstacle:
        case "file":
            planted.touch()
        case "link":
            planted.symlink_to("/etc/passwd")
        case "shut":
            planted.mkdir(exist_ok=True) if place != "sidecar" else None
            planted.chmod(0)
    os.chown(planted, 1002, -1, follow_symlinks=False)
    os.chown(root / "b.jpg", 1001, -1)
    os.chown(tmp_path / "a.jpg", 1001, -1)
    store = LocalStore(str(root))
    with as_user(1001):
        page = await store.page("")
    names = [entry.name for entry in page.entries if entry.name.endswith(".jpg")]
    assert (["b.jpg"] if above else ["a.jpg", "b.jpg"]) == names
    assert not [entry for entry in page.entries if entry.metadata]
    assert {part.name for part in page.unlisted} <= {"_thumbrun/"}  # like any folder that this user may not list
    await store.close()


@pytest.mark.usefixtures("no_attributes")
async def test_no_sidecar_can_be_renamed_for_another_file(tmp_path: Path) -> None:
    """The sidecar of a thumbnail under the name of the sidecar of a picture says nothing of the picture."""
    store = LocalStore(str(tmp_path))
    await create(store, "thumbnail.jpg")
    (tmp_path / "picture.jpg").write_bytes(b"picture")
    marks = sidecars_folder(str(tmp_path))
    renamed = sidecar_path(marks, (tmp_path / "picture.jpg").stat())
    renamed.parent.mkdir(exist_ok=True)
    sidecar_path(marks, (tmp_path / "thumbnail.jpg").stat()).rename(renamed)
    picture = next(entry for entry in (await store.page("")).entries if entry.name == "picture.jpg")
    assert {} == picture.metadata
    await store.close()


@pytest.mark.parametrize("link", ["_thumbrun", "_thumbrun/local", "_thumbrun/local/marks", "sidecars"])
async def test_sidecars_are_not_read_through_a_link(tmp_path: Path, shared: Path, link: str) -> None:
    """A link in place of a folder of sidecars leads to none: it hides no file, or the files below are told as shut."""
    folder = shared.parent if link == "sidecars" else tmp_path / link
    away = tmp_path / "away"
    folder.rename(away)
    folder.symlink_to(away)
    store = LocalStore(str(tmp_path))
    page = await store.page("")
    entry = next((entry for entry in page.entries if entry.name == "a.jpg"), None)
    if link == "sidecars":
        assert entry is not None
        assert {} == entry.metadata
    else:
        assert entry is None
        told = {part.name: str(part.error) for part in page.unlisted}
        assert f"{folder} is a symbolic link, which thumbrun does not follow" == told[""]
    await store.close()


@pytest.mark.parametrize("kind", ["pipe", "link to a device", "folder", "link to a real one"])
async def test_a_sidecar_that_is_no_file_holds_nothing_up(tmp_path: Path, outside: Path, kind: str) -> None:
    """A sidecar that is a pipe without a writer, or an endless device, does not block a listing."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    sidecar = sidecar_path(sidecars_folder(str(tmp_path)), path.stat())
    sidecar.parent.mkdir(parents=True)
    if kind == "pipe":
        os.mkfifo(sidecar)
    elif kind == "folder":
        sidecar.mkdir()
    else:
        real = tmp_path / "real.json"
        real.write_text(json.dumps({"metadata": MARKS}))
        sidecar.symlink_to("/dev/zero" if kind == "link to a device" else real)
    store = LocalStore(str(tmp_path))
    entry = await store.stat("a.jpg")
    assert entry is not None
    assert {} == entry.metadata
    assert b"x" == await read_bytes(store, "a.jpg")
    assert untouched(outside)
    await store.close()


@pytest.mark.skipif(sys.platform != "linux", reason="Python sets extended attributes on Linux alone")
@pytest.mark.parametrize("forged", ["of another file", "no JSON", "[" * 2000, "[]", '{"metadata": {"a": 1}}', ""])
async def test_a_forged_attribute_counts_for_nothing(tmp_path: Path, forged: str) -> None:
    """An attribute that was copied from another file, or that nobody could have written, hides no picture."""
    store = LocalStore(str(tmp_path))
    await create(store, "thumbnail.jpg")
    (tmp_path / "picture.jpg").write_bytes(b"picture")
    content = os.getxattr(tmp_path / "thumbnail.jpg", "user.thumbrun")
    if forged != "of another file":
        content = forged.encode()
    os.setxattr(tmp_path / "picture.jpg", "user.thumbrun", content)
    picture = next(entry for entry in (await store.page("")).entries if entry.name == "picture.jpg")
    assert {} == picture.metadata
    await store.close()


@pytest.mark.skipif(sys.platform != "linux", reason="Python sets extended attributes on Linux alone")
async def test_a_thumbnail_whose_content_is_replaced_is_a_picture(tmp_path: Path) -> None:
    """A file that is written over keeps its attribute, but no longer counts as made by thumbrun."""
    store = LocalStore(str(tmp_path))
    await create(store, "a.jpg")
    (tmp_path / "a.jpg").write_bytes(b"a picture of somebody")
    assert os.getxattr(tmp_path / "a.jpg", "user.thumbrun")
    assert [{}] == [entry.metadata for entry in (await store.page("")).entries]
    await store.close()
