"""Tests of each kind of fault on the wire, on listing, reading and creating."""

from collections.abc import Callable

import pytest

from tests.faults.wire.asked import Asked
from tests.faults.wire.faults import FITTING, Chance, Each, Fault
from tests.faults.wire.stage import Stage
from tests.faults.wire.world import OUTPUT, SOURCE
from thumbrun.storage.gcs import store as gcs_store

# A 403 instead of a 412 needs a name that is taken: the test of roles injects it for every create.
KINDS = {
    operation: [fault for fault in faults if fault is not Fault.DENIED_TAKEN] for operation, faults in FITTING.items()
}


def _of(operation: str, bucket: str, *, record: bool = False) -> Callable[[Asked], bool]:
    """Return a function that says if a request belongs to a case: in the output, either to records or to thumbnails."""
    return lambda asked: (
        asked.operation == operation and asked.bucket == bucket and asked.name.startswith("_thumbrun/") == record
    )


@pytest.mark.quick(one_in=4)
@pytest.mark.parametrize(
    ("operation", "about"),
    [
        ("page", _of("page", SOURCE)),
        ("read", _of("read", SOURCE)),
        ("create", _of("create", OUTPUT)),
        ("create", _of("create", OUTPUT, record=True)),
    ],
    ids=["listing the source", "reading the source", "creating thumbnails", "creating records"],
)
def test_one_attempt_bears_each_fault(stage: Stage, operation: str, about: Callable[[Asked], bool]) -> None:
    """One attempt makes every thumbnail though each kind of fault strikes once, each on another request."""
    stage.world.fill(100)
    stage.proxy.page_limit = 7
    stage.proxy.stall = 3600
    faults = Each(KINDS[operation], about)
    stage.proxy.decide = faults
    task = stage.start()
    assert 0 == task.wait(), task.output()
    assert [] == faults.left
    assert sorted(KINDS[operation]) == sorted(asked.fault for asked in stage.proxy.asked if asked.fault)
    findings = stage.judge()
    assert [] == findings.all()
    assert 100 == findings.items
    assert not findings.reasons


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_every_request_fails_the_first_time(stage: Stage, seed: int) -> None:
    """Two tasks finish the run though every request, including those for records, fails the first time."""
    stage.world.fill(40)
    stage.proxy.page_limit = 30
    stage.proxy.decide = Chance(str(seed), 1.0, most_times=1, weights={Fault.STALL: 0.1, Fault.LOST_STALL: 0.1})
    tasks = [stage.start(index, 2) for index in range(2)]
    assert [0, 0] == [task.wait() for task in tasks], stage.tasks.outputs()
    findings = stage.judge()
    assert [] == findings.all(), seed
    assert 40 == findings.items
    assert not findings.reasons


@pytest.mark.parametrize("fault", [Fault.STALL, pytest.param(Fault.DRIP, marks=pytest.mark.slow)])
def test_a_connection_that_stalls_or_drips_is_noticed(stage: Stage, fault: Fault) -> None:
    """Thumbrun repeats a request of any kind if its answer never comes or drips."""
    stage.world.fill(10)
    stage.proxy.stall = 3600
    stage.proxy.drip = 1.2  # seconds between two of twenty pieces, in which a request moves too few bytes
    left = {"page": SOURCE, "read": SOURCE, "create": OUTPUT}
    stage.proxy.decide = lambda asked: (
        fault if left.get(asked.operation) == asked.bucket and left.pop(asked.operation) else None
    )
    task = stage.start()
    assert 0 == task.wait(), task.output()
    struck = [asked for asked in stage.proxy.asked if asked.fault]
    assert {"page", "read", "create"} == {asked.operation for asked in struck}
    asked_again = {(asked.operation, asked.bucket, asked.name) for asked in stage.proxy.asked if asked.time == 2}
    assert {(asked.operation, asked.bucket, asked.name) for asked in struck} <= asked_again
    assert [] == stage.judge().all()


def test_how_long_a_task_waits_for_an_answer() -> None:
    """A task gives up a request that moves less than a kibibyte in half a minute, however long it takes in all."""
    assert (30.0, 1024) == (gcs_store._SILENCE_SECONDS, gcs_store._LEAST_BYTES)
