"""Records on the store: over a store that lies about them once."""

import random

import pytest

from tests.faults.store import Fault, FaultStore, Script
from thumbrun.records import RecordError, to_json, to_lines
from thumbrun.state import State
from thumbrun.storage.base import DeniedError, ExistsError
from thumbrun.storage.memory import MemoryStore

RUN = "20260102T1530Z"


def faulty(bucket: MemoryStore, fault: Fault, times: int, kind: str = "read") -> tuple[State, Script]:
    """Return a state whose first operations of a kind are struck."""
    script = Script(lambda operation: operation.kind == kind, fault, times=times)
    return State(FaultStore(bucket, script, random.Random(5)), ""), script  # noqa: S311


@pytest.mark.parametrize("fault", [Fault.TAKEN, Fault.DENIED])
async def test_what_is_said_to_exist_is_looked_at(fault: Fault) -> None:
    """A refusal of a free name does not lose the record; one that stays is an error."""
    bucket = MemoryStore()
    state, script = faulty(bucket, fault, times=2, kind="create")
    await state.create_own("part", b"body", RUN)
    assert (2, b"body") == (script.struck, bucket.objects["part"][1])
    await state.create_own("part", b"body", RUN)
    state, _ = faulty(bucket, fault, times=9, kind="create")
    with pytest.raises((ExistsError, DeniedError)):
        await state.create_own("other", b"body", RUN)


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
