"""Tests of the choice of a run: tasks that start together, late, again or by hand find the same one."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.faults.store import Asked, FaultStore, NoFaults
from tests.virtual import VirtualClock, run
from thumbrun.environment.task_identity import Task
from thumbrun.errors import SettingsError
from thumbrun.runs.find_run import AgreedRun, RunFinder, RunRequest
from thumbrun.runs.record_names import StateNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.storage.memory import MemoryStore

MINUTE = "20260102T1530Z"  # VirtualClock starts in this minute, 20 seconds before its end
NEXT_MINUTE = "20260102T1531Z"


@dataclass
class World:
    """One store, and the tasks that ask it for a run."""

    store: MemoryStore = field(default_factory=MemoryStore)
    requests: Asked = field(default_factory=Asked)
    asked: int = 0

    async def agree(
        self, *, execution: str | None = None, fingerprint: str = "f", index: int = 0, **wish: Any
    ) -> AgreedRun:
        """Ask for the run of one task."""
        self.asked += 1
        wished: dict[str, Any] = {"run_id": None, "resume": None, "new": False, "join_within": 3600.0} | wish
        wanted = RunRequest(fingerprint, description={"source": "gs://b-1/in/", "size": fingerprint}, **wished)
        task = Task(index, 10, 0, execution)
        clock = VirtualClock(self.asked)
        store = FaultStore(self.store, NoFaults(), random.Random(self.asked), hooks=self.requests)  # noqa: S311
        return await RunFinder(RecordStore(store, "_thumbrun/"), store, "", wanted, task, clock).run()

    async def finish(self, run_id: str) -> None:
        """Write the summary, as the last task of a run does."""
        state = RecordStore(self.store, "_thumbrun/")
        await state.create_or_read(state.names.run(run_id).summary(), {"run": run_id}, run_id)


@pytest.mark.parametrize("execution", ["thumbs-abc", None])
def test_tasks_that_start_across_a_minute_agree(execution: str | None) -> None:
    """A hundred tasks across two minutes, and a retry an hour later, agree on one run, of the first minute."""

    async def scenario() -> None:
        world = World()
        first = await asyncio.gather(*(world.agree(execution=execution, index=i) for i in range(50)))
        await asyncio.sleep(30)
        later = await asyncio.gather(*(world.agree(execution=execution, index=i) for i in range(50, 100)))
        await asyncio.sleep(3000)
        retried = await world.agree(execution=execution, index=3)
        assert {MINUTE} == {agreed.run_id for agreed in [*first, *later, retried]}

    run(scenario())


def test_a_task_that_begins_a_run_looks_at_nothing_twice() -> None:
    """A task reads anchor, claim and folder once each before it creates claim and anchor, because all others wait."""
    world = World()
    assert "new" == run(world.agree(execution="thumbs-abc")).how
    assert ["read", "read", "page", "create", "create"] == world.requests.operations


def test_only_who_begins_a_run_need_not_look_for_its_plan() -> None:
    """A task that has just begun a run knows that it has no plan; a task that joins or resumes one looks for it."""

    async def scenario() -> None:
        world = World()
        assert [True, False] == [(await world.agree(execution="one", index=index)).is_new for index in range(2)]
        assert not (await world.agree(execution="two", resume=MINUTE)).is_new

    run(scenario())


def test_two_executions_in_one_minute_have_two_runs() -> None:
    """Two executions never share a folder, however their requests interleave."""

    async def scenario() -> None:
        world = World()
        names = ["one", "two", "three"] * 20
        agreed = await asyncio.gather(*(world.agree(execution=name) for name in names))
        by_execution = {name: {a.run_id for n, a in zip(names, agreed, strict=True) if n == name} for name in names}
        assert [1, 1, 1] == [len(ids) for ids in by_execution.values()]
        assert {MINUTE, f"{MINUTE}-2", f"{MINUTE}-3"} == {a.run_id for a in agreed}

    run(scenario())


def test_a_task_by_hand_joins_what_is_unfinished_and_young() -> None:
    """The same command joins an unfinished run for an hour, and begins another if the run is finished or older."""

    async def scenario() -> None:
        world = World()
        first = await world.agree()
        await asyncio.sleep(3500)
        assert first.run_id == (await world.agree()).run_id
        await asyncio.sleep(200)
        second = await world.agree()
        assert first.run_id != second.run_id
        await world.finish(second.run_id)
        third = await world.agree()
        assert 3 == len({first.run_id, second.run_id, third.run_id})

    run(scenario())


def test_other_settings_are_another_run() -> None:
    """Tasks with other settings do not meet, even if they start in one minute."""

    async def scenario() -> None:
        world = World()
        assert MINUTE == (await world.agree(fingerprint="f")).run_id
        assert f"{MINUTE}-2" == (await world.agree(fingerprint="g")).run_id

    run(scenario())


def test_new_begins_another_run_each_time() -> None:
    """Each request for a new run gets its own run, even at the same moment."""

    async def scenario() -> None:
        world = World()
        await world.agree()
        agreed = await asyncio.gather(*(world.agree(new=True) for _ in range(5)))
        assert 5 == len({a.run_id for a in agreed} - {MINUTE})

    run(scenario())


def test_a_task_whose_settings_differ_from_its_executions_stops() -> None:
    """A task whose recipe differs from its execution's stops before it writes anything."""

    async def scenario() -> None:
        world = World()
        await world.agree(execution="e", fingerprint="f")
        with pytest.raises(SettingsError, match="began with other settings"):
            await world.agree(execution="e", fingerprint="g")

    run(scenario())


def test_a_named_run_is_joined_until_another_execution_finds_it_finished() -> None:
    """A task joins a named run, but another execution that finds the run finished must ask to resume it."""

    async def scenario() -> None:
        world = World()
        assert "mine" == (await world.agree(run_id="mine", execution="one")).run_id
        assert "mine" == (await world.agree(run_id="mine", execution="two")).run_id
        await world.finish("mine")
        assert "mine" == (await world.agree(run_id="mine", execution="one")).run_id
        with pytest.raises(SettingsError, match="--resume mine"):
            await world.agree(run_id="mine", execution="two")
        assert "mine" == (await world.agree(resume="mine", execution="two")).run_id
        assert "mine" == (await world.agree(run_id="mine")).run_id

    run(scenario())


def test_a_run_to_resume_must_exist() -> None:
    """A resumed run must exist; thumbrun does not begin a new one instead."""

    async def scenario() -> None:
        world = World()
        with pytest.raises(SettingsError, match="there is no such run"):
            await world.agree(resume="20250101T0000Z")
        assert {} == world.store.objects

    run(scenario())


def test_a_folder_whose_records_were_deleted_is_not_used_again() -> None:
    """A folder with thumbnails is not used again, even if its records were deleted."""

    async def scenario() -> None:
        world = World()
        world.store.put_as_user(f"{MINUTE}/a.jpg", b"x")
        assert f"{MINUTE}-2" == (await world.agree()).run_id

    run(scenario())


def test_a_death_between_claim_and_anchor_harms_nobody() -> None:
    """If a task dies after claiming a run id, only its own execution uses that id."""

    async def scenario() -> None:
        world = World()
        state = RecordStore(world.store, "_thumbrun/")
        claim = {
            "run": MINUTE,
            "owner": "execution:dead",
            "fingerprint": "f",
            "source": "gs://b-1/in/",
            "began": VirtualClock().now().isoformat(),
        }
        await state.create_or_read(state.names.run(MINUTE).claim, claim, MINUTE)
        assert f"{MINUTE}-2" == (await world.agree(execution="other")).run_id
        assert MINUTE == (await world.agree(execution="dead")).run_id
        assert MINUTE == (await world.agree(execution="dead", index=1)).run_id

    run(scenario())


def test_a_run_taken_up_again_is_told_from_one_at_work() -> None:
    """The execution that began a run goes by the run's age; one that resumes or names it counts from its own start."""

    async def scenario() -> None:
        world = World()
        assert [False, False] == [(await world.agree(execution="one", index=index)).resumed for index in range(2)]
        assert (await world.agree(execution="two", resume=MINUTE)).resumed
        assert (await world.agree(execution="three", run_id=MINUTE)).resumed
        assert not (await world.agree(execution="four", run_id="mine")).resumed
        assert not (await world.agree()).resumed

    run(scenario())


def test_the_anchor_of_another_execution_is_refused() -> None:
    """An anchor that was copied from another execution does not lead a task into that execution's run."""

    async def scenario() -> None:
        world = World()
        for execution in ("a", "b"):
            await world.agree(execution=execution)
        names = [StateNames("_thumbrun/").anchor("execution", execution, 1) for execution in ("a", "b")]
        entry, body = world.store.objects[names[0]]
        world.store.put_as_user(names[1], body, metadata=entry.metadata)
        with pytest.raises(RecordError, match=f"{names[1]} is the anchor of execution:a, not of this execution"):
            await world.agree(execution="b")

    run(scenario())
