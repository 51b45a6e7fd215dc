"""Tests that tasks agree on one plan, over a store in memory and in virtual time."""

import asyncio
import random
import re
from collections.abc import Mapping

import pytest

from tests.faults.store import Asked, FaultStore, NoFaults
from tests.unit.storage.guarded import GuardedStore
from tests.virtual import VirtualClock, run
from thumbrun.environment.task_identity import Task
from thumbrun.errors import SettingsError
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning.build import Source
from thumbrun.planning.naming import NamingRule
from thumbrun.planning.plan import Item, Plan, read_shard
from thumbrun.planning.planner import (
    DEAD_SECONDS,
    FIRST_WAIT_SECONDS,
    LONGEST_WAIT_SECONDS,
    POLLS_A_SECOND,
    Planner,
    first_wait,
)
from thumbrun.planning.select import Selection
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.settings.pricing_inputs import PlanGuard
from thumbrun.settings.resolved import resolve
from thumbrun.storage.base import Entry, Page, Store, StoreError
from thumbrun.storage.memory import MemoryStore

RUN = "20260102T1530Z"


class CountingStore(MemoryStore):
    """A store that counts how often it listed each object, and takes a given time for each page."""

    def __init__(self, seconds_a_page: float = 0.0) -> None:
        super().__init__()
        self.listed: dict[str, int] = {}
        self.seconds_a_page = seconds_a_page

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = 1000) -> Page:
        """List a page and count its objects."""
        page = await super().page(prefix, start=start, end=end, limit=limit)
        await asyncio.sleep(self.seconds_a_page)
        for entry in page.entries if limit > 1 else ():
            self.listed[entry.name] = self.listed.get(entry.name, 0) + 1
        return page


class MortalStore(GuardedStore):
    """A process's own view of another store, which takes nothing any more once the process is dead."""

    def __init__(self, shared: MemoryStore) -> None:
        super().__init__(self._check)
        self.objects = shared.objects
        self.dead = False

    def _check(self, _: str) -> None:
        if self.dead:
            raise StoreError("the process is dead")


def planner(
    state: Store,
    source: MemoryStore,
    *,
    index: int = 0,
    count: int = 4,
    limits: Mapping[str, str] | None = None,
    **task: object,
) -> Planner:
    """Return the planner of one task, which has some limits on the plan, by variable."""
    settings = resolve({"INPUT_FOLDER": "gs://pictures/in", **(limits or {})}, {})
    return Planner(
        RecordStore(state, "_thumbrun/"),
        Source(source, "in/", Selection()),
        RUN,
        NamingRule("flat", Recipe(), folds=False, limit=900),
        Task(index, count, **task),  # type: ignore[arg-type]
        VirtualClock(index),
        check=PlanGuard(settings).check,
    )


def photographs(store: MemoryStore, count: int) -> list[str]:
    """Put a number of photographs and some other objects into the store; return the photographs' names."""
    names = [f"in/{number % 7}/{number:06d}.jpg" for number in range(count)]
    for name in names:
        store.put_as_user(name, b"x" * (1 + len(name) % 5))
    for name in ("in/", "in/readme.txt", "inbox/other.jpg", "in0.jpg"):
        store.put_as_user(name, b"" if name.endswith("/") else b"text")
    return sorted(names)


async def items_of(state: MemoryStore, plan: Plan) -> list[Item]:
    """Return all items of a plan, in the order of its shards."""
    records = RecordStore(state, "_thumbrun/")
    shards = [await read_shard(records, records.names.run(RUN), plan, number) for number in range(len(plan.shards))]
    assert [shard.items for shard in plan.shards] == [len(shard) for shard in shards]
    return [item for shard in shards for item in shard]


@pytest.mark.parametrize("count", [0, 1, 285, 2_000])
def test_a_small_source_is_cut_exactly(count: int) -> None:
    """The plan holds every image once, in listing order, in about twenty shards a task."""

    async def scenario() -> None:
        state, source = MemoryStore(), CountingStore()
        names = photographs(source, count)
        plan = await planner(state, source).plan()
        assert names == [item.source for item in await items_of(state, plan)]
        assert len(plan.shards) <= 80
        assert {1} >= {times for name, times in source.listed.items()}

    run(scenario())


@pytest.mark.slow
def test_a_large_source_is_listed_in_parallel_ranges() -> None:
    """The planner lists many pages in ranges at once: every object once, in order, much faster than one lister.

    A page that is on its way while its range is cut can hold a little of the other range.
    """

    async def scenario() -> None:
        state, source = MemoryStore(), CountingStore(seconds_a_page=1.0)
        names = photographs(source, 60_000)
        began = asyncio.get_running_loop().time()
        plan = await planner(state, source).plan()
        assert names == [item.source for item in await items_of(state, plan)]
        assert sum(source.listed.values()) < 1.05 * len(source.objects)
        assert asyncio.get_running_loop().time() - began < 25

    run(scenario())


def test_names_that_collide_across_shards_get_a_hash_each() -> None:
    """Two thousand folders with one `IMG_0001.jpg` each get two thousand different names."""

    async def scenario() -> None:
        state, source = MemoryStore(), MemoryStore()
        for number in range(2_000):
            source.put_as_user(f"in/{number}/IMG_0001.jpg", b"x")
        source.put_as_user("in/alone.jpg", b"x")
        plan = await planner(state, source).plan()
        outputs = [item.output for item in await items_of(state, plan)]
        assert 2_001 == len(set(outputs))
        assert "alone.jpg" in outputs
        assert "IMG_0001.jpg" not in outputs

    run(scenario())


def test_tasks_that_start_together_list_once_and_agree() -> None:
    """One of thirty tasks lists, and all thirty get the same plan."""

    async def scenario() -> None:
        state, source = MemoryStore(), CountingStore(seconds_a_page=3.0)
        photographs(source, 3_000)
        plans = await asyncio.gather(*(planner(state, source, index=i, count=30).plan() for i in range(30)))
        assert 1 == len({str(plan.to_record()) for plan in plans})
        assert {1} == set(source.listed.values())

    run(scenario())


@pytest.mark.parametrize("begun", [1, 4])
def test_whoever_begins_a_run_claims_its_plan_unseen(begun: int) -> None:
    """The task that begins a run claims the plan before it looks for one; if several begin it, still only one lists."""

    async def scenario() -> None:
        store, asked = CountingStore(), Asked()
        names = photographs(store, 20)
        state = FaultStore(store, NoFaults(), random.Random(1), hooks=asked)  # noqa: S311
        plans = await asyncio.gather(*(planner(state, store, index=index).plan(is_new=True) for index in range(begun)))
        assert ["create"] * begun == asked.operations[:begun]
        assert "read" not in asked.operations or begun > 1
        assert [20] * begun == [plan.items for plan in plans]
        assert {1} == {store.listed[name] for name in names}

    run(scenario())


def test_a_planner_that_lists_for_minutes_is_left_alone() -> None:
    """No task takes over from a planner that shows that it is alive, however long it lists."""

    async def scenario() -> None:
        state, source = MemoryStore(), CountingStore(seconds_a_page=5 * DEAD_SECONDS)
        photographs(source, 1_500)
        await asyncio.gather(*(planner(state, source, index=i).plan() for i in range(4)))
        assert {1} == set(source.listed.values())

    run(scenario())


def test_a_planner_whose_plan_is_slow_to_be_taken_is_left_alone() -> None:
    """A planner shows that it is alive until its plan is committed, so the other tasks do not list."""

    class Slow(MemoryStore):
        async def create(
            self,
            name: str,
            body: bytes,
            *,
            content_type: str,
            metadata: Mapping[str, str],
            cache_control: str | None = None,
        ) -> Entry:
            """Take minutes to create the plan, like a store that asks to wait again and again."""
            if name.endswith("plan.json"):
                await asyncio.sleep(3 * DEAD_SECONDS)
            return await super().create(name, body, content_type=content_type, metadata=metadata)

    async def scenario() -> None:
        state, source = Slow(), CountingStore()
        names = photographs(source, 30)
        plans = await asyncio.gather(*(planner(state, source, index=index).plan() for index in range(4)))
        assert [1] * 4 == [plan.planner for plan in plans]
        assert {1} == {source.listed[name] for name in names}

    run(scenario())


def test_a_dead_planner_is_succeeded_after_a_minute() -> None:
    """Another task takes over from a planner that shows no life, and there is one plan in the end."""

    async def scenario() -> None:
        state, source = MemoryStore(), CountingStore(seconds_a_page=100.0)
        mortal = MortalStore(state)
        names = photographs(source, 50)
        dead = asyncio.ensure_future(planner(mortal, source).plan())
        await asyncio.sleep(35)
        mortal.dead = True
        dead.cancel()
        source.seconds_a_page = 0
        waits: list[float] = []
        plan = await planner(state, source, index=1).plan(waits=lambda: waits.append(asyncio.get_running_loop().time()))
        assert 1 == len(waits)
        assert 35 <= waits[0] <= 36
        assert 2 == plan.planner
        assert names == [item.source for item in await items_of(state, plan)]
        assert 35 + DEAD_SECONDS <= asyncio.get_running_loop().time() <= 35 + DEAD_SECONDS + 30

    run(scenario())


@pytest.mark.parametrize("end", ["fails", "is told to stop"])
def test_a_planner_that_gives_up_says_so(end: str) -> None:
    """Nobody waits for a planner that failed or was told to stop, whoever comes next."""

    class Failing(CountingStore):
        async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = 1000) -> Page:
            raise StoreError("the source fails")

    async def scenario() -> None:
        state, source = MemoryStore(), CountingStore(seconds_a_page=100.0 if end == "is told to stop" else 0.0)
        names = photographs(source, 50)
        if end == "fails":
            with pytest.raises(StoreError, match="the source fails"):
                await planner(state, Failing()).plan()
        else:
            stopped = asyncio.ensure_future(planner(state, source).plan())
            await asyncio.sleep(5)
            stopped.cancel()
            await asyncio.gather(stopped, return_exceptions=True)
            source.seconds_a_page = 0
        plan = await planner(state, source, index=1).plan(waits=lambda: pytest.fail("it waits"))
        assert 2 == plan.planner
        assert names == [item.source for item in await items_of(state, plan)]
        assert asyncio.get_running_loop().time() < 6

    run(scenario())


def test_nobody_waits_for_a_plan_that_was_deleted() -> None:
    """A run that has outcomes and no plan is an error at once, and not after a silent minute."""

    async def scenario() -> None:
        state, source = MemoryStore(), CountingStore()
        photographs(source, 5)
        await planner(state, source).plan()
        names = RecordStore(state, "_thumbrun/").names.run(RUN)
        await state.create(f"{names.ledger}0000000/a-0000000.jsonl.gz", b"x", content_type="", metadata={})
        del state.objects[names.plan]
        with pytest.raises(RecordError, match="is missing"):
            await planner(state, source, index=1).plan()
        assert asyncio.get_running_loop().time() < 1

    run(scenario())


def test_the_next_attempt_of_a_dead_planner_does_not_wait() -> None:
    """The next attempt of a dead planner takes over at once, because engines start it only after the death."""

    async def scenario() -> None:
        state, source = MemoryStore(), CountingStore(seconds_a_page=100.0)
        photographs(source, 50)
        mortal = MortalStore(state)
        dead = asyncio.ensure_future(planner(mortal, source, execution="e", attempt=0).plan())
        await asyncio.sleep(5)
        mortal.dead = True
        dead.cancel()
        source.seconds_a_page = 0
        plan = await planner(state, source, execution="e", attempt=1).plan()
        assert 2 == plan.planner
        assert asyncio.get_running_loop().time() < 10

    run(scenario())


def test_a_planner_that_only_seemed_dead_accepts_the_other_plan() -> None:
    """A planner that commits second uses the first plan, not its own listing."""

    async def scenario() -> None:
        state, source = MemoryStore(), CountingStore()
        photographs(source, 50)
        slow = planner(state, source, index=0)
        committed = asyncio.Event()
        listing_done = asyncio.Event()

        class Stalling(CountingStore):
            async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = 1000) -> Page:
                page = await source.page(prefix, start=start, end=end, limit=limit)
                listing_done.set()
                await committed.wait()
                return page

        slow = planner(state, Stalling(), index=0, execution="e", attempt=0)
        first = asyncio.ensure_future(slow.plan())
        await listing_done.wait()
        source.put_as_user("in/later.jpg", b"x")
        second = await planner(state, source, index=0, execution="e", attempt=1).plan()
        committed.set()
        assert second == await first
        assert 51 == second.items

    run(scenario())


def test_a_limit_takes_the_first_items_of_the_listing() -> None:
    """A plan with a limit holds that number of items, the first of the listing, even if the listing is long."""

    async def scenario() -> None:
        source = MemoryStore()
        names = photographs(source, 25_000)
        for limit in (1, 10, 24_999):
            state = MemoryStore()
            limited = planner(state, source)
            limited._source = Source(source, "in/", Selection(), limit)
            assert names[:limit] == [item.source for item in await items_of(state, await limited.plan())]

    run(scenario())


def test_what_lies_under_the_source_is_counted() -> None:
    """The plan counts the objects that are not images, and the bytes in storage that costs to read."""

    async def scenario() -> None:
        state, source = MemoryStore(), MemoryStore()
        photographs(source, 3)
        source.put_as_user("in/own.jpg", b"x", metadata={"thumbrun-run": "r"})
        source.put_as_user("in/drawing.svg", b"<svg/>")
        cold = source.put_as_user("in/cold.jpg", b"12345")
        source.objects["in/cold.jpg"] = (Entry(cold.name, 5, cold.generation, storage_class="NEARLINE"), b"12345")
        seen = (await planner(state, source).plan()).seen
        assert {"NEARLINE": 5} == seen["cold_bytes"]
        assert {"image": 4, "unsupported": 1, "not an image": 1, "folder placeholder": 1, "thumbrun's own": 1} == {
            kind: counts["objects"] for kind, counts in seen["kinds"].items()
        }

    run(scenario())


@pytest.mark.parametrize("tasks", [1, 10, 200, 1_000, 10_000])
def test_waiting_tasks_leave_the_bucket_room(tasks: int) -> None:
    """Waiting tasks together send no more polls than the bucket accepts, and none waits longer than a bound."""
    wait = first_wait(tasks)
    assert FIRST_WAIT_SECONDS <= wait <= LONGEST_WAIT_SECONDS
    assert tasks / wait <= POLLS_A_SECOND


@pytest.mark.parametrize(
    ("variable", "low", "higher", "high", "said", "said_higher"),
    [
        ("THUMBRUN_MAX_IMAGES", "20", "29", "30", "the source holds 30 images, 10 images more", "1 image more"),
        ("THUMBRUN_MAX_COST", "0.0001", "0.0002", "2", "the run might cost $0.0", "the run might cost $0.0"),
    ],
)
def test_a_plan_that_is_larger_or_dearer_than_allowed(
    variable: str, low: str, higher: str, high: str, said: str, said_higher: str
) -> None:
    """The others learn at once what the planner found; a higher limit makes the plan, and then it holds."""

    async def scenario() -> None:
        state, source = MemoryStore(), CountingStore()
        photographs(source, 30)
        with pytest.raises(SettingsError, match=re.escape(said)):
            await planner(state, source, limits={variable: low}).plan(is_new=True)
        listed = sum(source.listed.values())
        clock = VirtualClock()
        before = clock.monotonic()
        with pytest.raises(SettingsError, match=re.escape(said_higher)):
            await planner(state, source, index=1, limits={variable: higher}).plan()
        assert (listed, before) == (sum(source.listed.values()), clock.monotonic())
        assert not [name for name in state.objects if name.endswith("plan.json")]
        plan = await planner(state, source, index=2, limits={variable: high}).plan()
        assert 30 == plan.items
        # The plan is there, so it holds.
        assert 30 == (await planner(state, source, index=3, limits={variable: low}).plan()).items

    run(scenario())
