"""Records on the store: over a store that lies about them once."""

import random

import pytest

from tests.faults.store import Fault, FaultStore, Script
from thumbrun.records import RecordError, to_json, to_lines
from thumbrun.state import State
from thumbrun.storage.memory import MemoryStore

RUN = "20260102T1530Z"


def faulty(bucket: MemoryStore, fault: Fault, times: int) -> tuple[State, Script]:
    """Return a state whose first operations of the kind that a fault can strike are struck."""
    script = Script(lambda operation: True, fault, times=times)
    return State(FaultStore(bucket, script, random.Random(5)), ""), script  # noqa: S311


@pytest.mark.parametrize("fault", [Fault.FLIPPED, Fault.CUT])
async def test_a_record_that_comes_damaged_is_read_again(fault: Fault) -> None:
    """Twice it is read anew; what is damaged each time is damaged where it lies."""
    bucket = MemoryStore()
    bucket.put_as_user("a.json", to_json({"run": RUN}))
    bucket.put_as_user("a.gz", to_lines({"run": RUN}, [{"item": 1}]))
    state, _ = faulty(bucket, fault, times=2)
    assert {"version": 1, "run": RUN} == await state.read("a.json")
    state, _ = faulty(bucket, fault, times=2)
    assert [{"item": 1}] == (await state.read_lines("a.gz"))[1]
    state, _ = faulty(bucket, fault, times=3)
    with pytest.raises(RecordError):
        await state.read("a.json")
