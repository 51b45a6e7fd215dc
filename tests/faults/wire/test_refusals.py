"""Tests of objects that the store refuses for good: each is an outcome, and never keeps a run open for ever."""

import json
import shlex

import pytest

from tests.e2e.tasks import Task
from tests.faults.wire.asked import Asked
from tests.faults.wire.stage import Stage
from tests.faults.wire.world import OUTPUT, SOURCE, World


def messages(task: Task) -> list[str]:
    """Return the messages of a task that has ended."""
    return [json.loads(line)["message"] for line in task.output().splitlines() if line.startswith("{")]


@pytest.mark.slow
@pytest.mark.parametrize("count", [12, 30])
def test_objects_that_the_store_refuses_fail_alone(stage: Stage, count: int) -> None:
    """Ten objects that may not be read and two thumbnails that may not be created fail; the run is complete."""
    stage.world.fill(count)
    unreadable = {World.name(number) for number in range(10)}
    held: set[str] = set()

    def refuse(asked: Asked) -> str | None:
        if asked.bucket == SOURCE and asked.operation == "read" and asked.name in unreadable:
            return "Permission denied on Cloud KMS key: it is disabled"
        if asked.operation == "create" and not asked.name.startswith("_thumbrun/"):
            if len(held) < 2:
                held.add(asked.name)
            return "Object is under active Event-Based hold" if asked.name in held else None
        return None

    stage.proxy.refuse = refuse
    task = stage.start()
    assert 0 == task.wait(), task.output()
    said = " ".join(messages(task))
    assert "it is disabled" in said
    assert "Event-Based hold" in said
    records = stage.world.emulator.objects(OUTPUT)
    (summary,) = (name for name in records if name.endswith("summary.json"))
    found = json.loads(stage.world.emulator.read(OUTPUT, summary))
    assert {"source-denied": 10, "output-denied": 2} == found["failed"]
    assert count - 12 == found["done"] == stage.thumbnails()


@pytest.mark.slow
def test_a_thumbnail_that_can_never_be_created_ends_its_run(stage: Stage) -> None:
    """One image whose thumbnail the store refuses fails though no other image shows that others pass.

    The ledger lies beside the thumbnails, and a part of it shows that. `retry` makes the thumbnail once it may.
    """
    stage.world.fill(1)
    stage.proxy.refuse = lambda asked: (
        "under a hold" if asked.operation == "create" and not asked.name.startswith("_thumbrun/") else None
    )
    task = stage.start()
    assert 0 == task.wait(), task.output()
    assert 0 == stage.thumbnails()
    stage.proxy.refuse = lambda _: None
    run = next(name for name in stage.world.emulator.objects(OUTPUT) if name.endswith("plan.json")).split("/")[2]
    retried = stage.tasks.command(
        *shlex.split(f"retry gs://{OUTPUT}/{run}"), environment={"STORAGE_EMULATOR_HOST": stage.proxy.url}
    )
    assert 0 == retried.wait(), retried.output()
    assert 1 == stage.thumbnails()


@pytest.mark.slow
def test_keys_that_no_byte_can_be_read_with_leave_all_images_open(stage: Stage) -> None:
    """If no byte of any object can be read, though all records can, nothing fails; a later attempt does everything."""
    stage.world.fill(12)
    stage.proxy.refuse = lambda asked: (
        "Cloud KMS key is disabled" if asked.bucket == SOURCE and asked.operation == "read" else None
    )
    task = stage.start()
    assert 1 == task.wait(), task.output()
    assert any("Cloud KMS key is disabled" in message for message in messages(task))
    stage.proxy.refuse = lambda _: None
    again = stage.start(attempt=1)
    assert 0 == again.wait(), again.output()
    assert [] == stage.judge().all()
    assert 12 == stage.thumbnails()
