"""Tests of the marks that thumbrun keeps in a local folder, with processes that are killed."""

import random
import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.tasks import Tasks, clean_environment, cloud_run
from tests.photographs import photographs
from thumbrun.storage.local.store import LocalStore
from thumbrun.storage.local.walk import PRIVATE


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Python sets extended attributes on Linux alone")
async def test_two_tasks_that_are_killed_leave_every_thumbnail_marked(tasks: Tasks, tmp_path: Path) -> None:
    """However two tasks of one folder are killed, each thumbnail there has its marks, and no other file lies beside."""
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    output.mkdir()
    body = next(iter(photographs().values()))
    for number in range(80):
        (source / f"{number}.jpg").write_bytes(body)
    variables = {"INPUT_FOLDER": source.as_uri(), "OUTPUT_BUCKET": output.as_uri()}
    environments = [clean_environment(**variables, **cloud_run(index, 2, execution="one")) for index in range(2)]
    store = LocalStore(str(output))
    chance = random.Random(1)  # noqa: S311
    for _ in range(4):
        running = [tasks.start(environment) for environment in environments]
        more = await thumbnails(store) + chance.randrange(1, 15)
        while await thumbnails(store) < min(more, 80) and any(task.process.poll() is None for task in running):
            time.sleep(0.01)  # noqa: ASYNC251  (nothing else happens in this process)
        for task in running:
            task.kill()
        assert await unmarked(store) == []
    running = [tasks.start(environment) for environment in environments]
    assert [0, 0] == [task.wait() for task in running], running[0].output()
    assert (80, []) == (await thumbnails(store), await unmarked(store))
    left = [path for path in (output / PRIVATE).rglob("*") if path.is_file()]
    assert {output / PRIVATE / "tmp"} >= {path.parent for path in left}, "some are sidecars"
    shutil.rmtree(output / "_thumbrun/local")
    again = tasks.command("plan", str(output))
    assert 4 == again.wait(), again.output()
    assert "are thumbrun's own" in again.output()
    await store.close()


async def thumbnails(store: LocalStore) -> int:
    """Return how many thumbnails the folder holds."""
    return len([name for name in await listed(store) if not name.startswith("_thumbrun/")])


async def unmarked(store: LocalStore) -> list[str]:
    """Return the names of the files in the folder that have no marks."""
    return [name for name, marks in (await listed(store)).items() if not marks]


async def listed(store: LocalStore) -> dict[str, dict[str, str]]:
    """Return the marks of all files by name."""
    return {entry.name: dict(entry.metadata) for entry in (await store.page("")).entries}
