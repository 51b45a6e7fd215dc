"""Tests how a process writes a shard's outcomes: announcements, retractions, seals of later rounds."""

import asyncio
from datetime import timedelta
from typing import Any

from tests.virtual import VirtualClock, run
from thumbrun.environment.machine import Machine
from thumbrun.environment.task_identity import Task
from thumbrun.ledger.reader import Ledger
from thumbrun.ledger.suspects import RECENT_SECONDS
from thumbrun.ledger.writer import LedgerWriter, ShardLog
from thumbrun.outcomes import Outcome, Reason, Status, Tally, refusal
from thumbrun.planning.plan import Item
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.rounds import MISSING, Round, reasons_of
from thumbrun.storage.memory import MemoryStore

RUN = "20260102T1530Z"
ITEMS = [Item(f"in/{n}.jpg", "7", 10, 1, None, "jpeg", True, f"{n}.jpg", "jpeg") for n in range(6)]


def state(store: MemoryStore) -> RecordStore:
    """Return the records in a store."""
    return RecordStore(store, "_thumbrun/")


def writer(store: MemoryStore, nonce: str, this_round: Round | None = None) -> LedgerWriter:
    """Return the ledger of one writing process."""
    return LedgerWriter(state(store), RUN, Task(1, 4, 2, "e"), nonce, VirtualClock(), this_round or Round())


def test_each_part_says_who_wrote_it() -> None:
    """A part names the task, its attempt and its machine, when the task started, and when it was last at work."""

    async def scenario() -> None:
        store, clock = MemoryStore(), VirtualClock()
        started = clock.now()
        machine = Machine(4, 1 << 30, name="0123456789ab")
        ledger = LedgerWriter(state(store), RUN, Task(1, 4, 2, "e"), "aa", clock, machine=machine, started=started)
        log = await opened(ledger)
        for seconds in (60, 90):
            await clock.sleep(seconds)
            await log.write()
        found = await headers(store)
        assert [(1, 4, 2, "0123456789ab", 4, started.isoformat(timespec="milliseconds"))] * 2 == [
            tuple(header[key] for key in ("task", "tasks", "attempt", "machine", "processors", "started"))
            for header in found
        ]
        assert [(started + timedelta(seconds=s)).isoformat() for s in (60, 150)] == [one["at"] for one in found]

    run(scenario())


async def opened(ledger: LedgerWriter) -> ShardLog:
    """Return the log of shard 0 for one process."""
    return await ledger.open(0, ITEMS, await ledger.parts(0))


async def headers(store: MemoryStore) -> list[dict[str, Any]]:
    """Return the headers of all parts, in the order in which they were written."""
    return [(await state(store).read_lines(name))[0] for name in store.objects]


def done(item: int) -> Outcome:
    """Return the outcome of an item that is done."""
    return Outcome(0, item, Status.DONE, source_bytes=10, output_bytes=3)


def test_every_part_says_what_may_be_opened_before_the_next() -> None:
    """Each part announces fewer items as outcomes come, and the part that seals the shard announces none."""

    async def scenario() -> None:
        store = MemoryStore()
        log = await opened(writer(store, "aa"))
        await log.announce(range(6), 68)
        for items in ((0, 2), (1, 3), (4, 5)):
            for item in items:
                log.add(done(item))
            await log.flush()
        found = await headers(store)
        assert [[[0, 5]], [[1, 1], [3, 5]], [[4, 5]], None] == [header.get("opening") for header in found]
        assert [68, 68, 68, None] == [header.get("at_once") for header in found]
        assert [False, False, False, True] == [header["sealed"] for header in found]

    run(scenario())


def test_who_ends_in_order_takes_its_announcement_back() -> None:
    """A log writes a retraction once, even if it has nothing else to write; after it, no item is suspect."""

    async def scenario() -> None:
        store = MemoryStore()
        log = await opened(writer(store, "aa"))
        await log.announce([2], 1, alone=True)
        assert [(2,)] == [a.items for a in (await opened(writer(store, "bb"))).announcements]
        log.retract()
        await log.flush()
        await log.flush()
        assert 2 == len(store.objects)
        assert [] == (await opened(writer(store, "bb"))).announcements

    run(scenario())


def test_an_announcement_tells_who_made_it_and_is_nobody_elses_round() -> None:
    """An announcement reads back with its task, attempt and time; a later round ignores those of an earlier one."""

    async def scenario() -> None:
        store = MemoryStore()
        log = await opened(writer(store, "aa"))
        await log.announce([1, 2, 4], 68)
        (found,) = (await opened(writer(store, "bb"))).announcements
        assert ((1, 2, 4), 68, False, Task(1, 4, 2, "e"), VirtualClock().now()) == (
            found.items,
            found.at_once,
            found.alone,
            found.task,
            found.at,
        )
        assert [] == (await opened(writer(store, "bb", Round(1, reasons_of(()))))).announcements

    run(scenario())


def test_a_later_round_works_what_it_is_asked_for() -> None:
    """A later round opens the items with the named reasons, replaces their outcomes, and seals the shard again."""

    async def scenario() -> None:
        store = MemoryStore()
        log = await opened(writer(store, "aa"))
        for item in range(4):
            log.add(done(item))
        log.add(refusal(0, 4, Reason.TIMEOUT, ""))
        log.add(refusal(0, 5, Reason.TRUNCATED, ""))
        await log.flush()
        again = await opened(writer(store, "bb", Round(1, frozenset({"timeout"}))))
        assert [4] == again.open_items()
        assert 0 == await Ledger(state(store), RUN).unfinished(1, 1)
        again.add(done(4))
        await again.flush()
        assert await Ledger(state(store), RUN).unfinished(1, 1) is None
        outcomes = await Ledger(state(store), RUN).outcomes(0)
        assert (Status.DONE, 1) == (outcomes[4].status, outcomes[4].retry_round)
        assert Tally.of(outcomes.values()) == await Ledger(state(store), RUN).tally()

    run(scenario())


def test_a_later_round_passes_by_what_needs_nothing() -> None:
    """A later round seals a shard again without reading it if it has nothing to do; a round for `missing` reads it."""

    async def scenario() -> None:
        store = MemoryStore()
        log = await opened(writer(store, "aa"))
        for item in range(6):
            log.add(done(item))
        await log.flush()
        tally = Tally(done=6, source_bytes=60, output_bytes=18)
        missing = writer(store, "bb", Round(1, frozenset({MISSING})))
        assert await missing.finished_tally(0, await missing.parts(0)) is None
        timeouts = writer(store, "cc", Round(1, frozenset({"timeout"})))
        assert tally == await timeouts.finished_tally(0, await timeouts.parts(0))
        assert tally == await missing.finished_tally(0, await missing.parts(0))
        assert tally == await Ledger(state(store), RUN).tally()

    run(scenario())


def test_a_process_on_a_slow_line_is_heard_of() -> None:
    """A process that announces items and has no outcome for half a minute writes a part; one that is heard of does not.

    So no other process takes it for gone while it is at work.
    """

    async def scenario() -> None:
        store = MemoryStore()
        log = await opened(writer(store, "aa"))
        await log.stay_recent()
        assert not store.objects
        await log.announce(range(6), 68)
        for waited, parts in ((RECENT_SECONDS / 3, 1), (RECENT_SECONDS / 3, 2), (RECENT_SECONDS / 3, 2)):
            await asyncio.sleep(waited)
            await log.stay_recent()
            assert parts == len(store.objects)
        (announcement,) = (await opened(writer(store, "bb"))).announcements
        assert (0, 1, 2, 3, 4, 5) == announcement.items
        log.retract()
        await log.flush()
        await asyncio.sleep(RECENT_SECONDS)
        await log.stay_recent()
        assert 3 == len(store.objects)

    run(scenario())
