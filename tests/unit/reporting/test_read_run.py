"""Tests of the report of a whole run, which tasks have worked in virtual time, and of what others add to its ledger."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bench.distant import Stage, work
from tests.virtual import EPOCH, VirtualClock, run
from thumbrun.environment.machine import Machine
from thumbrun.environment.task_identity import Task
from thumbrun.ledger.rows import to_row
from thumbrun.ledger.writer import LedgerWriter
from thumbrun.outcomes import Outcome, Status, Tally, Timing
from thumbrun.planning.plan import read_plan, read_shard
from thumbrun.reporting import cells
from thumbrun.reporting.content import Report
from thumbrun.reporting.page import page
from thumbrun.reporting.read_run import read_report
from thumbrun.runs.recent import run_ids
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.rounds import FIRST, Round
from thumbrun.settings.resolved import resolve
from thumbrun.storage.base import Sink
from thumbrun.storage.memory import MemoryStore

IMAGES, TASKS = 60, 2
LATER = Round(1, frozenset({"timeout"}))
FORGED = datetime.fromisoformat("9999-12-31T23:00:00+00:00")


async def worked(store: MemoryStore) -> tuple[RecordStore, str]:
    """Let two tasks work on some images; return the records, and the id of the run."""
    for number in range(IMAGES):
        store.put_as_user(f"in/{number:02}.jpg", b"image %d" % number, content_type="image/jpeg")
    stages = [Stage("", index, TASKS, 16, 0.02, 0.05) for index in range(TASKS)]
    await asyncio.gather(*(work(stage, VirtualClock(stage.index), store) for stage in stages))
    state = RecordStore(store, "_thumbrun/")
    (run_id,) = await run_ids(state, most=5)
    return state, run_id


async def add(
    state: RecordStore, run_id: str, at: datetime, this_round: Round, change: Callable[[Outcome], Outcome]
) -> None:
    """Write a ledger part of another task, with an outcome of one image that came first."""
    plan = await read_plan(state, state.names.run(run_id))
    assert plan is not None
    items = await read_shard(state, state.names.run(run_id), plan, 0)
    outcome = change(Outcome(0, 0, Status.DONE, None, "", 9, 9, 4, 3, retry_round=this_round.number))
    clock = VirtualClock(epoch=at - timedelta(seconds=asyncio.get_running_loop().time()))
    writer = LedgerWriter(state, run_id, Task(7, 9, 0, "other"), "0" * 16, clock, this_round, started=at)
    await writer.append(0, [to_row(outcome, items[0])], None, added=Tally.of([outcome]))


async def reported(store: MemoryStore, state: RecordStore, run_id: str) -> Report:
    """Return the report of the run."""
    environ = {"INPUT_FOLDER": "gs://bucket/in", "OUTPUT_BUCKET": "gs://bucket"}
    settings = resolve(environ, {}, machine=Machine(2, 512 << 20))
    return await read_report(settings, state, store, run_id, VirtualClock(7))


def test_a_round_at_work_does_not_hide_the_tasks_of_the_run() -> None:
    """While a retry is at work, the page shows the tasks that made the run, and says so."""

    async def scenario() -> None:
        store = MemoryStore("bucket")
        state, run_id = await worked(store)
        before = await reported(store, state, run_id)
        assert (TASKS, 0, 0) == (len(before.attempts), before.round, before.tasks_round)
        assert "In the run itself" not in page(before)
        body = {"run": run_id, **LATER.to_record(), "owner": "user/1", "began": EPOCH.isoformat()}
        await state.create_or_read(state.names.run(run_id).round(1), body, run_id)
        await add(state, run_id, VirtualClock().now(), LATER, lambda outcome: outcome)
        during = await reported(store, state, run_id)
        assert during.ended is None
        assert (before.attempts, 1, 0) == (during.attempts, during.round, during.tasks_round)
        assert "In the run itself, before any retry: 2 tasks took" in page(during)

    run(scenario())


@pytest.mark.parametrize(("stuck", "seconds"), [(1, 10), (IMAGES, 30)], ids=["one", "all"])
def test_thumbnails_that_cannot_be_read_hold_nothing_up(
    stuck: int, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page goes without a thumbnail after 10 seconds, and without all that are not read after 30 seconds."""
    monkeypatch.setattr(cells, "_THUMBNAILS_AT_ONCE", 10)

    class Stuck(MemoryStore):
        """A store that never answers a read of some thumbnails."""

        left = stuck

        async def read(
            self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
        ) -> int | None:
            """Wait for ever, or read."""
            if not name.startswith("_thumbrun/") and self.left:
                self.left -= 1
                await asyncio.sleep(float("inf"))
            return await super().read(name, sink, generation=generation, start=start, end=end)

    async def scenario() -> None:
        store = MemoryStore("bucket")
        state, run_id = await worked(store)
        slow = Stuck("bucket")
        slow.objects = store.objects
        began = asyncio.get_running_loop().time()
        made = await reported(slow, state, run_id)
        assert (IMAGES, IMAGES - stuck) == (len(made.cells), sum(bool(cell.thumbnail) for cell in made.cells))
        assert seconds == round(asyncio.get_running_loop().time() - began)

    run(scenario())


def test_forged_times_count_as_not_recorded() -> None:
    """A part whose times lie far outside the run adds to no figure of time and dollars, and neither do its rows."""

    async def scenario() -> None:
        store = MemoryStore("bucket")
        state, run_id = await worked(store)
        before = await reported(store, state, run_id)
        forged = Timing(EPOCH, 10**15, 10**15, 1, 1, 1)
        await add(state, run_id, FORGED, FIRST, lambda outcome: replace(outcome, timing=forged))
        after = await reported(store, state, run_id)
        assert before.work == after.work
        assert before.attempts == after.attempts
        assert max(after.milliseconds.values()) < 10**9
        assert before.dollars is not None
        assert after.dollars is not None
        assert before.dollars.usd is not None
        assert after.dollars.usd is not None
        assert abs(before.dollars.usd - after.dollars.usd) < 0.001

    run(scenario())
