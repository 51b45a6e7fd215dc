"""Tests of hostile names: thumbrun writes only inside the output, and every item gets one outcome."""

import io
import json
import os
import socket
from pathlib import Path

import pytest

from tests.e2e.names import NASTY, NASTY_FILES
from tests.e2e.tasks import Task, Tasks, clean_environment
from tests.photographs import draw
from thumbrun.demo.emulator import Emulator
from thumbrun.ledger.reader import Ledger
from thumbrun.outcomes import Outcome, Reason, Status
from thumbrun.planning.plan import read_plan, read_shard
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.base import Store
from thumbrun.storage.gcs.store import GcsStore
from thumbrun.storage.local.store import LocalStore

BUCKET = "nasty"


@pytest.fixture
def picture() -> bytes:
    """Return a small photograph."""
    target = io.BytesIO()
    draw(64, 1).save(target, "JPEG")
    return target.getvalue()


@pytest.fixture
def bucket(emulator: Emulator, picture: bytes) -> str:
    """Put objects with hostile names into a bucket, and return the source."""
    emulator.create_bucket(BUCKET)
    for name in NASTY:
        emulator.put(BUCKET, f"in/{name}", picture, content_type="image/jpeg")
    return f"gs://{BUCKET}/in/"


@pytest.fixture
def folder(tmp_path: Path, picture: bytes) -> Path:
    """Return a folder whose files have hostile names, with links, a pipe and a socket between them."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "private.jpg").write_bytes(picture)
    source = tmp_path / "source"
    for name in NASTY_FILES:
        path = os.path.join(os.fsencode(source), name)  # noqa: PTH118
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(picture)
    (source / "link.jpg").symlink_to(outside / "private.jpg")
    (source / "folder link").symlink_to(outside)
    (source / "loop").symlink_to(source)
    (source / "device.jpg").symlink_to("/dev/zero")
    os.mkfifo(source / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(source)  # the name of a socket has at most 108 bytes
        listener.bind("socket.jpg")
        os.chdir(here)
    return source


async def outcomes(store: Store) -> dict[str, Outcome]:
    """Return the outcome of every item of run `r`, and check that each has exactly one."""
    state = RecordStore(store, "_thumbrun/")
    run = state.names.run("r")
    plan = await read_plan(state, run)
    assert plan is not None
    found: dict[str, Outcome] = {}
    for number in range(len(plan.shards)):
        items = await read_shard(state, run, plan, number)
        settled = await Ledger(state, "r").outcomes(number)
        assert set(range(len(items))) == set(settled)
        found |= {items[index].source: outcome for index, outcome in settled.items()}
    await store.close()
    return found


def below(folder: Path) -> set[bytes]:
    """Return the paths of all files below a folder, relative to it; links are not followed."""
    root = os.fsencode(folder)
    return {
        os.path.relpath(os.path.join(path, name), root)  # noqa: PTH118
        for path, _, files in os.walk(root)
        for name in files
    }


def check_log(task: Task, log_format: str) -> None:
    """Check that every line is whole, and that no name moves a cursor, turns the direction or looks like a line."""
    text = task.output()
    assert all(character.isprintable() or character == "\n" for character in text)
    if log_format == "json":
        assert text.isascii()
        assert {"INFO", "NOTICE", "WARNING"} >= {json.loads(line)["severity"] for line in text.splitlines()}
    else:
        task_words = ("Run r", "Plan made", "warning: ", "This task", "Report: ", f"{len(NASTY)} of ")
        words = (*task_words, "The run is", "  name-invalid", "name-invalid: a retry", "Some thumbnails would", "To ")
        assert all(line.startswith(words) for line in text.splitlines()), text


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize(("layout", "log_format"), [("flat", "text"), ("tree", "json"), ("tree", "text")])
async def test_from_a_bucket_to_a_folder(
    tasks: Tasks, emulator: Emulator, bucket: str, tmp_path: Path, layout: str, log_format: str
) -> None:
    """Every object becomes a file in the run's folder, or fails with a reason, whatever characters its name has."""
    output = tmp_path / "cage" / "deep" / "out"
    before = below(tmp_path)
    task = tasks.command(
        *("run", bucket, "--output", str(output), "--run-id", "r"),
        *("--layout", layout, "--log-format", log_format),
        environment=clean_environment(STORAGE_EMULATOR_HOST=emulator.url),
    )
    assert 0 == task.wait(), task.output()
    check_log(task, log_format)
    found = await outcomes(LocalStore(str(output)))
    assert {f"in/{name}" for name in NASTY} == set(found)
    assert {Reason.NAME_INVALID, None} == {outcome.reason for outcome in found.values()}
    new = {path for path in below(tmp_path) - before if not path.startswith(b"task-") and path != b"emulator.log"}
    records = {path for path in new if path.startswith(b"cage/deep/out/_thumbrun/")}
    thumbnails = {path for path in new if path.startswith(b"cage/deep/out/r/")}
    assert new == records | thumbnails
    assert sum(outcome.status is Status.DONE for outcome in found.values()) == len(thumbnails)
    refused = {name.removeprefix("in/") for name, outcome in found.items() if outcome.reason}
    assert refused == {"a/."} if layout == "flat" else refused > {"..", "../escape.jpg", "/etc/passwd", "a//empty.jpg"}


@pytest.mark.quick(one_in=2)
@pytest.mark.parametrize("layout", ["flat", "tree"])
async def test_from_a_folder_to_a_folder(tasks: Tasks, folder: Path, tmp_path: Path, layout: str) -> None:
    """Thumbrun makes a thumbnail of every file, whatever bytes its name has, and skips links and devices."""
    before = below(folder)
    task = tasks.command(
        *("run", str(folder), "--output", str(tmp_path / "out"), "--run-id", "r", "--layout", layout, "--tasks", "2"),
        *("--log-format", "json"),
    )
    assert 0 == task.wait(), task.output()
    check_log(task, "json")
    found = await outcomes(LocalStore(str(tmp_path / "out")))
    assert {os.fsdecode(name) for name in NASTY_FILES} == set(found)
    assert {Status.DONE} == {outcome.status for outcome in found.values()}
    assert len(NASTY_FILES) == len(below(tmp_path / "out" / "r"))
    assert before == below(folder)
    assert {b"private.jpg"} == below(tmp_path / "outside")
    if layout == "tree":
        assert {name for name in NASTY_FILES if name in below(tmp_path / "out" / "r")} >= {
            b"\xff\xfe.jpg",
            b"\x1b[2J.jpg",
        }


@pytest.mark.slow
async def test_from_a_folder_to_a_bucket(tasks: Tasks, emulator: Emulator, folder: Path) -> None:
    """A file whose name is not Unicode fails, because a bucket cannot hold the name; all other files are done."""
    emulator.create_bucket(BUCKET)
    task = tasks.command(
        *("run", str(folder), "--output", f"gs://{BUCKET}/", "--run-id", "r", "--layout", "flat"),
        environment=clean_environment(STORAGE_EMULATOR_HOST=emulator.url),
    )
    assert 0 == task.wait(), task.output()
    assert all(character.isprintable() or character == "\n" for character in task.output())
    found = await outcomes(GcsStore(BUCKET, emulator=emulator.url))
    assert {os.fsdecode(name) for name in NASTY_FILES} == set(found)
    invalid = {os.fsencode(name) for name, outcome in found.items() if outcome.reason is Reason.NAME_INVALID}
    assert {b"\xff\xfe.jpg"} == invalid
    assert len(NASTY_FILES) - 1 == sum(outcome.status is Status.DONE for outcome in found.values())
    sources = {item["metadata"]["thumbrun-source"] for item in emulator.objects(BUCKET, "r/").values()}
    assert len(NASTY_FILES) - 1 == len(sources)
    assert any(source.endswith("/source/folder \\xff/in a folder.jpg") for source in sources)


def test_a_plan_shows_names_as_text(tasks: Tasks, emulator: Emulator) -> None:
    """`thumbrun plan` prints colliding names without characters that a terminal would obey."""
    emulator.create_bucket(BUCKET)
    for where in ("a", "b"):
        emulator.put(BUCKET, f"{where}/\x1b[2J\u202e.jpg", b"x", content_type="image/jpeg")
    task = tasks.command(
        *("plan", f"gs://{BUCKET}/", "--output", "gs://elsewhere/"),
        environment=clean_environment(STORAGE_EMULATOR_HOST=emulator.url),
    )
    assert 0 == task.wait(), task.output()
    assert "\\x1b[2J\\u202e" in task.output()
    assert all(character.isprintable() or character == "\n" for character in task.output())
