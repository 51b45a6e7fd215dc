"""Tests of what tasks tell of their time, their machine and their share of the run: real processes on real stores."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.tasks import Task, Tasks, clean_environment, cloud_run
from tests.photographs import photographs
from thumbrun.demo.emulator import Emulator
from thumbrun.runs.record_forms import TIMES
from thumbrun.runs.records import from_lines

BUCKET = "photos"
IMAGES = 7


def events(task: Task) -> list[dict[str, Any]]:
    """Return the JSON lines of a task that has ended well."""
    assert 0 == task.wait(), task.output()
    return [json.loads(line) for line in task.output().splitlines()]


def check(rows: list[dict[str, Any]], headers: list[dict[str, Any]], before: datetime) -> None:
    """Check that every image began and ended within the life of its run, and that its times say what they can."""
    now = datetime.now(UTC)
    last = max(datetime.fromisoformat(header["at"]) for header in headers)
    assert IMAGES == len(rows)
    for row in rows:
        began = datetime.fromisoformat(row["began"])
        assert before <= began <= began + timedelta(milliseconds=sum(row.get(name, 0) for name in TIMES)) <= last
    assert 0 < sum(row.get("decode_ms", 0) for row in rows)
    for header in headers:
        assert before <= datetime.fromisoformat(header["started"]) <= datetime.fromisoformat(header["at"]) <= now


def test_tasks_on_cloud_run(emulator: Emulator, tasks: Tasks) -> None:
    """Each task says its own share, and the run's where it knows it; its records tell times and its own machine."""
    emulator.create_bucket(BUCKET)
    for number, body in enumerate(list(photographs().values())[:IMAGES]):
        emulator.put(BUCKET, f"in/{number}.jpg", body, content_type="image/jpeg")
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url, INPUT_FOLDER=f"gs://{BUCKET}/in")
    environment["CLOUD_RUN_JOB"] = "thumbs"
    before = datetime.now(UTC)
    said = [events(tasks.start(environment | cloud_run(index, 2, 0, "thumbs-1"))) for index in range(2)]
    shares = [[line for line in lines if line["event"] == "progress"][-1] for lines in said]
    own = [share["total"] for share in shares]
    assert (IMAGES, [IMAGES] * 2) == (sum(own), [share["run_total"] for share in shares])
    assert f"{own[0]} of {own[0]} images of this task (the run has {IMAGES})" == shares[0]["message"]
    known = [[line for line in lines if line["event"] in ("run-unfinished", "run-done")] for lines in said]
    assert [["run-unfinished"], ["run-done"]] == [[line["event"] for line in lines] for lines in known]
    assert (own[0], IMAGES) == (known[0][0]["run_finished"], known[0][0]["run_total"])
    assert f"The run so far: {own[0]} done, of {IMAGES} images. Other tasks have the rest" == known[0][0]["message"]
    names = [name for name in emulator.objects(BUCKET, "_thumbrun/runs/") if "/ledger/" in name]
    parts = [from_lines(emulator.read(BUCKET, name), name) for name in names]
    check([row for _, rows in parts for row in rows], [header for header, _ in parts], before)
    assert 2 == len({(header["task"], header["machine"], header["started"]) for header, _ in parts})
    assert 2 == len({header["machine"] for header, _ in parts})


@pytest.mark.slow
def test_tasks_on_one_machine(tasks: Tasks, tmp_path: Path) -> None:
    """Tasks that share a machine name the same one, and each of them all of its processors."""
    (tmp_path / "in").mkdir()
    for number, body in enumerate(list(photographs().values())[:IMAGES]):
        (tmp_path / "in" / f"{number}.jpg").write_bytes(body)
    before = datetime.now(UTC)
    task = tasks.command("run", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--tasks", "2")
    assert 0 == task.wait(), task.output()
    files = (tmp_path / "out").glob("_thumbrun/runs/*/ledger/*/*.jsonl.gz")
    parts = [from_lines(file.read_bytes(), file.name) for file in files]
    check([row for _, rows in parts for row in rows], [header for header, _ in parts], before)
    assert {0, 1} == {header["task"] for header, _ in parts}
    assert 1 == len({(header["machine"], header["processors"]) for header, _ in parts})
