"""Tests of a whole run against the real Cloud Storage: run, verify, a lost thumbnail, retry, verify again."""

import asyncio
import json
from typing import Any

import pytest

from tests.e2e.tasks import Task, Tasks, cloud_run
from tests.photographs import photographs
from tests.real_bucket.place import Place

RUN = "real-run"
PICTURES = 12


async def finished(task: Task, expected: int = 0) -> Task:
    """Wait for a task and check its exit code."""
    assert expected == await asyncio.to_thread(task.wait), task.output()
    return task


async def verified(place: Place, tasks: Tasks, expected: int) -> dict[str, Any]:
    """Verify the run, and return the document."""
    command = ("verify", f"gs://{place.bucket}/{place.prefix}out/{RUN}", "--json")
    output = (await finished(tasks.command(*command, environment=place.environment()), expected)).output()
    found: dict[str, Any] = json.loads(output[output.index("{") :])
    return found


async def test_a_whole_run(place: Place, tasks: Tasks) -> None:
    """Two tasks make all thumbnails, `verify` finds the run right, and `retry` makes a lost thumbnail again."""
    whole = [body for name, body in photographs().items() if name.endswith(".jpg")][:PICTURES]
    for number, body in enumerate(whole):
        await place.put_as_user(f"in/{number:02}.jpg", body, contentType="image/jpeg")
    await place.put_as_user("in/cut.jpg", whole[0][: len(whole[0]) // 2], contentType="image/jpeg")
    where = {
        "INPUT_FOLDER": f"gs://{place.bucket}/{place.prefix}in",
        "OUTPUT_BUCKET": f"gs://{place.bucket}/{place.prefix}out",
        "THUMBRUN_RUN_ID": RUN,
    }
    started = [
        tasks.start(place.environment(**where, **cloud_run(index, 2, execution=place.prefix.split("/")[1])))
        for index in range(2)
    ]
    for task in started:
        await finished(task)
    made = await place.names(f"out/{RUN}/")
    assert PICTURES == len(made)
    found = await verified(place, tasks, 0)
    assert (True, PICTURES, {"truncated": 1}) == (
        found["right"],
        found["outcomes"]["done"],
        found["outcomes"]["failed"],
    )
    status = await place.delete_as_user(place.prefix + made[0])
    if status == 403:
        pytest.skip("this account cannot delete objects, so no thumbnail is lost, and `retry` was not tested")
    assert status in (200, 204)
    found = await verified(place, tasks, 3)
    assert {"missing": 1} == found["counts"]
    run = f"gs://{place.bucket}/{place.prefix}out/{RUN}"
    await finished(tasks.command("retry", run, "--reason", "missing", environment=place.environment()))
    assert made == await place.names(f"out/{RUN}/")
    assert {} == (await verified(place, tasks, 0))["counts"]
