"""Tests of records on the state store, which checks a refusal before it counts."""

import random
from collections.abc import Mapping

import pytest

from tests.faults.store import Asked, Fault, FaultStore, NoFaults, Script
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError, RecordVersionError, to_json, to_lines
from thumbrun.storage.base import DeniedError, Entry, ExistsError, Sink, StoreError
from thumbrun.storage.memory import MemoryStore


class Refusing(MemoryStore):
    """A store that refuses the first creates, a given number of times, whether the object exists or not."""

    def __init__(self, error: StoreError, times: int, *, applied: bool = False) -> None:
        super().__init__()
        self.error = error
        self.times = times
        self.applied = applied

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Refuse, or create."""
        refused = self.times > 0
        self.times -= 1
        if refused and not self.applied:
            raise self.error
        entry = await super().create(
            name, body, content_type=content_type, metadata=metadata, cache_control=cache_control
        )
        if refused:
            raise self.error
        return entry


@pytest.mark.parametrize("error", [ExistsError("412"), DeniedError("403")])
@pytest.mark.parametrize("applied", [True, False])
async def test_a_refusal_is_looked_into(error: StoreError, applied: bool) -> None:
    """A record that the store calls taken or refused exists in the end, once, whether it existed before or not."""
    store = Refusing(error, 1, applied=applied)
    await RecordStore(store, "").create_once("part", b"x", "run")
    assert b"x" == store.objects["part"][1]
    store = Refusing(error, 1, applied=applied)
    assert {"plan": 1} == {
        "plan": (await RecordStore(store, "").create_or_read("plan.json", {"plan": 1}, "run"))["plan"]
    }
    assert ["plan.json"] == list(store.objects)


@pytest.mark.parametrize("likely_free", [True, False])
async def test_who_comes_first_stands(likely_free: bool) -> None:
    """A record is created once, and a later writer gets the content of the first."""
    store = MemoryStore()
    for number in (1, 2):
        found = await RecordStore(store, "").create_or_read(
            "claim.json", {"by": number}, "run", likely_free=likely_free
        )
        assert 1 == found["by"]


async def test_a_name_that_is_likely_free_costs_one_request() -> None:
    """A create for a name that was free a moment ago needs one request and reads nothing."""
    asked = Asked()
    store = FaultStore(MemoryStore(), NoFaults(), random.Random(5), hooks=asked)  # noqa: S311
    await RecordStore(store, "").create_or_read("claim.json", {"by": 1}, "run", likely_free=True)
    assert ["create"] == asked.operations


@pytest.mark.parametrize("error", [ExistsError("412"), DeniedError("403")])
async def test_what_can_be_neither_created_nor_seen(error: StoreError) -> None:
    """A store that keeps refusing ends the task, and a missing permission is reported as such."""
    expected = DeniedError if isinstance(error, DeniedError) else StoreError
    with pytest.raises(expected):
        await RecordStore(Refusing(error, 99), "").create_once("part", b"x", "run")
    with pytest.raises(expected):
        await RecordStore(Refusing(error, 99), "").create_or_read("plan.json", {}, "run")


@pytest.mark.parametrize("fault", [Fault.FLIPPED, Fault.CUT])
async def test_a_record_that_comes_damaged_is_read_again(fault: Fault) -> None:
    """A damaged record is read twice more, and counts as damaged on the store if every read is damaged."""

    def state(times: int) -> RecordStore:
        script = Script(lambda operation: operation.kind == "read", fault, times=times)
        return RecordStore(FaultStore(bucket, script, random.Random(5)), "")  # noqa: S311

    bucket = MemoryStore()
    bucket.put_as_user("a.json", to_json({"run": "r"}))
    bucket.put_as_user("a.gz", to_lines({"run": "r"}, [{"item": 1}]))
    assert {"version": 1, "run": "r"} == await state(2).read("a.json")
    assert [{"item": 1}] == (await state(2).read_lines("a.gz"))[1]
    with pytest.raises(RecordError):
        await state(3).read("a.json")


async def test_a_stranger_among_numbered_records_is_ignored() -> None:
    """A file that a file manager leaves among numbered records is not taken for the last of them."""
    store = MemoryStore()
    for name in (".DS_Store", "0000001.json", "0000002.json", "0000002.json~", "Thumbs.db"):
        store.put_as_user(f"s/runs/r/rounds/{name}", b"")
    assert "s/runs/r/rounds/0000002.json" == await RecordStore(store, "s/").last_name("s/runs/r/rounds/")
    for name in ("0000001", "0000002.json"):
        store.put_as_user(f"s/anchors/execution-1/{name}", b"")
    assert "s/anchors/execution-1/0000001" == await RecordStore(store, "s/").last_name("s/anchors/execution-1/")


CLAIM = {
    "run": "r",
    "owner": "user",
    "fingerprint": "f",
    "source": "gs://b-1/in/",
    "began": "2026-01-02T15:30:00+00:00",
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"run": "other"}, "its run is 'other', but its name says r"),
        ({"began": "yesterday"}, "its began cannot be 'yesterday'"),
        ({"began": "2026-01-02T15:30:00"}, "its began cannot be"),
        ({"owner": None}, "its owner cannot be None"),
        ({"source": 5}, "its source cannot be 5"),
        ({"fingerprint": ["f"]}, "its fingerprint cannot be"),
    ],
)
async def test_a_record_of_another_form_is_refused(change: dict[str, object], said: str) -> None:
    """A record that is whole, but not what its name says, is refused, and the error says what to do."""
    store = MemoryStore()
    store.put_as_user("runs/r/run.json", to_json(CLAIM))
    state = RecordStore(store, "")
    assert {"version": 1, **CLAIM} == await state.read("runs/r/run.json")
    store.put_as_user("runs/r/run.json", to_json({**CLAIM, **change}))
    with pytest.raises(RecordError, match=r"memory://memory/runs/r/run\.json is not the record") as caught:
        await state.read("runs/r/run.json")
    assert said in str(caught.value)
    assert "--new" in caught.value.hint


async def test_a_record_without_which_the_run_goes_on() -> None:
    """A damaged record that is not needed is set aside and told once; one of another version is never set aside."""
    store, told = MemoryStore(), list[str]()
    state = RecordStore(store, "", lambda record, _: told.append(record))
    store.put_as_user("runs/r/summary.json", b"{")
    for _ in range(2):
        assert await state.read_spare("runs/r/summary.json") is None
    assert ["memory://memory/runs/r/summary.json"] == told
    store.put_as_user("runs/r/summary.json", b'{"version": 2}')
    with pytest.raises(RecordVersionError):
        await state.read_spare("runs/r/summary.json")


class Endless(MemoryStore):
    """A store whose objects have no end; it counts the bytes that are taken."""

    taken = 0

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Write without an end."""
        while True:
            sink.write(bytes(1 << 20))
            self.taken += 1 << 20


@pytest.mark.parametrize(
    ("name", "most"), [("runs/r/summary.json", 2), ("runs/r/run.json", 2), ("runs/r/plan.json", 64)]
)
async def test_a_record_without_an_end_is_damaged(name: str, most: int) -> None:
    """Reading stops at the size that a record of this kind can have, and the record counts as damaged."""
    store = Endless()
    assert await RecordStore(store, "").read_spare(name) is None
    assert 3 * most << 20 == store.taken


async def test_rows_that_take_too_much_memory_are_refused() -> None:
    """Text that is short in JSON and long in memory does not pass, and keys that nobody knows are not kept."""
    store = MemoryStore()
    header = {"run": "r", "shard": "00000-0000000"}
    row = {"item": 0, "output": "\U0001f388" + "a" * 60_000}
    name = "runs/r/planner/0000001/renames/00000-0000000.jsonl.gz"
    store.put_as_user(name, to_lines(header, [row] * 1_000))
    with pytest.raises(RecordError, match="more than any record"):
        await RecordStore(store, "").read_lines(name)
    store.put_as_user(name, to_lines(header, [{"item": 0, "output": "a", "more": [[]] * 20}] * 1_000))
    assert [{"item": 0, "output": "a"}] * 1_000 == (await RecordStore(store, "").read_lines(name))[1]


async def test_a_number_that_nobody_reached_is_set_aside() -> None:
    """A record whose number is far beyond the others is set aside, and the last one is the one before it."""
    store, told = MemoryStore(), list[str]()
    state = RecordStore(store, "", lambda record, _: told.append(record))
    run = state.names.run("r")
    for number in (1, 2, 9_999_999):
        store.put_as_user(run.round(number), b"{}")
        store.put_as_user(run.beat(1, number), b"{}")
    assert run.round(2) == await state.last_name(run.rounds)
    assert run.end_of_beats(1) == await state.last_name(run.beats(1))  # it says that the planner gave up
    assert [store.uri(run.round(9_999_999))] == told
