"""Tests the ledger: its parts, the choice among them, seals and tallies."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.virtual import VirtualClock, run
from thumbrun.environment.task_identity import Task
from thumbrun.ledger.reader import Ledger
from thumbrun.ledger.rows import choose, from_row, to_row
from thumbrun.ledger.seals import COVERS, ROUND, SEAL, SHARD, seal_of
from thumbrun.ledger.writer import LedgerWriter, ShardLog
from thumbrun.outcomes import Outcome, Reason, Status, Tally, Timing, refusal
from thumbrun.planning.plan import Item
from thumbrun.runs.object_metadata import RUN_MARK
from thumbrun.runs.record_forms import TIMES
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import from_lines, to_lines
from thumbrun.storage.base import Entry, Page, TransientError
from thumbrun.storage.memory import MemoryStore

RUN = "20260102T1530Z"
ITEMS = [Item(f"in/{n}.jpg", "7", 10, 1, None, "jpeg", True, f"{n}.jpg", "jpeg") for n in range(4)]

OUTCOMES = st.builds(
    Outcome,
    shard=st.just(0),
    item=st.integers(0, 3),
    status=st.sampled_from(Status),
    reason=st.sampled_from([None, *Reason]),
    detail=st.sampled_from(["", "why"]),
    retry_round=st.integers(0, 2),
    each=st.sampled_from([(), (30, 4)]),
    source_width=st.sampled_from([0, 4000]),
    source_height=st.sampled_from([0, 3000]),
    colour=st.sampled_from(["", "#3a6ea5"]),
    placeholder=st.sampled_from(["", "blurhash:L%HV9m2S$6Shhkavjwf5gZfNfTfO"]),
    timing=st.none()
    | st.builds(
        Timing,
        st.datetimes(timezones=st.just(UTC)).map(lambda began: began.replace(microsecond=1000 * (began.second % 9))),
        *[st.integers(0, 10**9)] * 5,
    ),
)


def done(item: int) -> Outcome:
    """Return the outcome of an item of shard 0 that is done."""
    return Outcome(0, item, Status.DONE, source_bytes=10, output_bytes=3)


def writer(store: MemoryStore, nonce: str) -> LedgerWriter:
    """Return the ledger of one writing process."""
    return LedgerWriter(RecordStore(store, "_thumbrun/"), RUN, Task(), nonce, VirtualClock())


def ledger(store: MemoryStore) -> Ledger:
    """Return the ledger of a reader."""
    return Ledger(RecordStore(store, "_thumbrun/"), RUN)


async def opened(store: MemoryStore, nonce: str) -> ShardLog:
    """Return the log of shard 0 for one process."""
    ledger = writer(store, nonce)
    return await ledger.open(0, ITEMS, await ledger.parts(0))


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=2), st.lists(OUTCOMES, max_size=6), max_size=5), st.randoms()
)
def test_every_reader_chooses_the_same(parts: dict[str, list[Outcome]], chance: object) -> None:
    """Every reader chooses the same one of the outcomes, whatever the order of the parts."""
    shuffled = list(parts.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    chosen = choose(parts)
    assert chosen == choose(dict(shuffled))
    assert {outcome.item for outcomes in parts.values() for outcome in outcomes} == set(chosen)
    for outcome in chosen.values():
        others = [o for outcomes in parts.values() for o in outcomes if o.item == outcome.item]
        assert outcome in others
        latest = [o for o in others if o.retry_round == max(o.retry_round for o in others)]
        assert outcome in latest
        assert (Status.DONE in {o.status for o in latest}) == (outcome.status is Status.DONE)


def test_a_damaged_thumbnail_is_not_hidden_by_another_failure() -> None:
    """Of two failures of one item, the one that tells of a damaged thumbnail counts, because that is still there."""
    damaged, gone = (refusal(0, 1, reason, "") for reason in (Reason.OUTPUT_DAMAGED, Reason.SOURCE_GONE))
    assert {1: damaged} == choose({"b": [damaged], "a": [gone]}) == choose({"a": [damaged], "b": [gone]})


@given(OUTCOMES)
def test_an_outcome_reads_back_from_its_row(outcome: Outcome) -> None:
    """An outcome reads back from its row as it was written, with its times, or without if it has none."""
    found = from_row(0, to_row(outcome, ITEMS[outcome.item]))
    assert (outcome, outcome.timing) == (found, found.timing)


def test_older_parts_stay_readable_beside_new_ones() -> None:
    """A part without times and machine, as thumbrun wrote it before, counts as one with them; its times are unknown."""

    async def scenario() -> None:
        store = MemoryStore()
        older, newer = await opened(store, "aa"), await opened(store, "bb")
        older.add(done(0))
        await older.write()
        (name,) = store.objects
        header, rows = from_lines(store.objects[name][1], name)
        assert not {"machine", "processors", "started"} & header.keys()
        assert not {"began", *TIMES} & rows[0].keys()
        timing = Timing(datetime(2026, 1, 2, tzinfo=UTC), fetch_ms=7, waiting_ms=1)
        newer.add(replace(done(1), timing=timing))
        await newer.write()
        found = await ledger(store).outcomes(0)
        assert {0: None, 1: timing} == {item: outcome.timing for item, outcome in found.items()}

    run(scenario())


def test_a_shard_is_sealed_with_its_last_outcome() -> None:
    """The last outcome of a shard seals it: its part carries the tally, and no earlier part does."""

    async def scenario() -> None:
        store = MemoryStore()
        log = await opened(store, "aa")
        for index in range(3):
            log.add(done(index))
        await log.flush()
        assert 0 == await ledger(store).unfinished(1)
        log.add(refusal(0, 3, Reason.TIMEOUT, "slow", source_bytes=10))
        await log.flush()
        assert await ledger(store).unfinished(1) is None
        assert 2 == len(store.objects)
        tally = await ledger(store).tally()
        assert (3, {"timeout": 1}, 40, 9) == (tally.done, dict(tally.failed), tally.source_bytes, tally.output_bytes)

    run(scenario())


def test_two_copies_of_a_task_finish_a_shard_together() -> None:
    """A process reads the outcomes of others and does not repeat them; it seals a complete shard that nobody sealed."""

    async def scenario() -> None:
        store = MemoryStore()
        one = await opened(store, "aa")
        two = await opened(store, "bb")
        for log, items in ((one, (0, 1)), (two, (2, 3))):
            for item in items:
                log.add(done(item))
            await log.flush()
        assert 0 == await ledger(store).unfinished(1)
        three = await opened(store, "cc")
        assert three.complete
        assert [] == three.open_items()
        await three.flush()
        assert await ledger(store).unfinished(1) is None
        assert Tally.of(three.known.values()) == await ledger(store).tally()

    run(scenario())


def test_copies_that_disagree_are_counted_once() -> None:
    """The tally counts the chosen outcomes if two copies sealed a shard with different ones."""

    async def scenario() -> None:
        store = MemoryStore()
        one, two = await opened(store, "aa"), await opened(store, "bb")
        for index in range(4):
            one.add(done(index))
            two.add(refusal(0, index, Reason.TIMEOUT, ""))
        await one.flush()
        await two.flush()
        tally = await ledger(store).tally()
        assert (4, 0) == (tally.done, tally.failed.total())

    run(scenario())


def test_a_part_that_a_seal_does_not_cover_is_counted() -> None:
    """The tally counts a part that a copy writes after the seal, although the copy never seals the shard."""

    async def scenario() -> None:
        store = MemoryStore()
        one, two = await opened(store, "aa"), await opened(store, "bb")
        for index in range(4):
            one.add(refusal(0, index, Reason.SOURCE_GONE, ""))
        two.add(done(0))
        await one.flush()
        assert ({"source-gone": 4}, 1) == (dict((await ledger(store).tally()).failed), (await ledger(store).count())[1])
        await two.flush()
        tally, parts = await ledger(store).count()
        assert (1, 3, 2) == (tally.done, tally.failed.total(), parts)

    run(scenario())


class Stalling(MemoryStore):
    """Delays the first create, and lets it fail if told to."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self.fails = fails
        self.held = asyncio.Event()
        self.first = True

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create an object, the first one later or not at all."""
        if self.first:
            self.first = False
            await self.held.wait()
            if self.fails:
                raise TransientError("gone")
        return await super().create(name, body, content_type=content_type, metadata=metadata)


@pytest.mark.parametrize("fails", [True, False])
def test_no_seal_before_the_outcomes_that_it_counts(fails: bool) -> None:
    """A log writes no seal before the outcomes that it counts, and loses none if a part is late or fails."""

    async def scenario() -> None:
        store = Stalling(fails=fails)
        log = await opened(store, "aa")
        log.add(done(0))
        early = asyncio.ensure_future(log.flush())
        await asyncio.sleep(1)
        for index in range(1, 4):
            log.add(done(index))
        late = asyncio.ensure_future(log.flush())
        await asyncio.sleep(1)
        assert not any(SEAL in entry.metadata for entry, _ in store.objects.values())
        store.held.set()
        results = await asyncio.gather(early, late, return_exceptions=True)
        assert fails == isinstance(results[0], TransientError)
        again = await opened(store, "bb")
        assert again.sealed
        assert {0, 1, 2, 3} == set(again.known)

    run(scenario())


def test_the_first_gap_is_found_among_many_shards() -> None:
    """The ledger returns the first shard without a seal as unfinished, whatever follows it."""

    async def scenario() -> None:
        store = MemoryStore()
        process = writer(store, "aa")
        for shard in [*range(1500), *range(1501, 1510)]:
            await process.append(shard, [], Tally())
        assert 1500 == await ledger(store).unfinished(1510)
        assert 1600 == await ledger(store).unfinished(1900)
        assert 1511 == await ledger(store).unfinished(1811)
        await process.append(1500, [], None)
        assert 1500 == await ledger(store).unfinished(1510)
        await process.append(1500, [], Tally())
        assert await ledger(store).unfinished(1510) is None
        assert 1510 == await ledger(store).unfinished(1511)

    run(scenario())


@pytest.mark.parametrize(
    "metadata",
    [
        {SEAL: "{"},
        {SEAL: "[]"},
        {SEAL: '{"done": 4}'},
        {COVERS: "x"},
        {COVERS: ""},
        {COVERS: "2"},
        {ROUND: "first"},
        {SHARD: "0000001"},
        {SHARD: "000000"},
        {RUN_MARK: "other"},
    ],
)
def test_a_seal_that_does_not_hold(metadata: dict[str, str]) -> None:
    """A seal that nobody wrote, that counts parts that are gone, or that belongs elsewhere seals nothing."""

    async def scenario() -> None:
        store = MemoryStore()
        log = await opened(store, "aa")
        for index in range(4):
            log.add(done(index))
        await log.flush()
        ((name, (entry, body)),) = store.objects.items()
        store.put_as_user(name, body, metadata={**entry.metadata, **metadata})
        assert await ledger(store).finished(1) is None
        again = await opened(store, "bb")
        assert again.complete
        assert not again.sealed
        await again.flush()
        assert (Tally.of(map(done, range(4))), 2) == await ledger(store).finished(1)

    run(scenario())


def test_an_outcome_of_a_later_round_than_its_part_counts_for_nothing() -> None:
    """A row that claims to be of a later round would hide every retry, so its part is set aside."""

    async def scenario() -> None:
        store, told = MemoryStore(), list[str]()
        state = RecordStore(store, "_thumbrun/", lambda _, error: told.append(str(error)))
        log = await opened(store, "aa")
        log.add(done(0))
        await log.write()
        (name,) = store.objects
        header, rows = from_lines(store.objects[name][1], name)
        assert {0} == set(await Ledger(state, RUN).outcomes(0))
        store.put_as_user(name, to_lines(header, [rows[0] | {"retry_round": 2**63 - 1}]))
        assert {} == await Ledger(state, RUN).outcomes(0)
        assert [True] == [said.endswith("holds the outcome of a later round than its own") for said in told]

    run(scenario())


def test_a_damaged_part_is_set_aside() -> None:
    """The outcomes of a damaged part, or of one that belongs to another plan, are open again, and the part is told."""

    async def scenario() -> None:
        store, told = MemoryStore(), list[str]()
        log = await opened(store, "aa")
        for index in range(2):
            log.add(done(index))
            await log.flush()
        first, second = sorted(store.objects)
        store.put_as_user(first, store.objects[first][1][:-1])
        reader = Ledger(RecordStore(store, "_thumbrun/"), RUN, lambda name, _: told.append(name))
        found, _ = await reader.read(0, await reader.parts(0), ITEMS)
        assert ([1], [first]) == (list(found), told)
        found, _ = await reader.read(0, await reader.parts(0), [item._replace(generation="8") for item in ITEMS])
        assert ([], [first, first, second]) == (list(found), told)
        store.put_as_user(f"_thumbrun/runs/{RUN}/ledger/.DS_Store", b"")
        assert 1 == (await reader.count())[1]

    run(scenario())


class Counting(MemoryStore):
    """A store that counts the pages that it lists."""

    listed = 0

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = 1000) -> Page:
        """List a page and count it."""
        self.listed += 1
        return await super().page(prefix, start=start, end=end, limit=limit)


@pytest.mark.parametrize(("shards", "pages"), [(1, 1), (300, 1), (400, 3)])
def test_a_finished_run_is_counted_as_it_is_looked_at(shards: int, pages: int) -> None:
    """One listing of a small plan's ledger shows whether the run is finished, and counts its outcomes."""

    async def scenario() -> None:
        store = Counting()
        process = writer(store, "aa")
        for shard in range(shards - 1):
            await process.append(shard, [], Tally(done=3))
        await process.append(shards - 1, [], None)
        assert await ledger(store).finished(shards) is None
        await process.append(shards - 1, [], Tally(done=3), counted=2)
        store.listed = 0
        assert (Tally(done=3 * shards), shards + 1) == await ledger(store).finished(shards)
        assert pages == store.listed
        assert await ledger(store).finished(shards, 1) is None

    run(scenario())


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize(("missing", "pages"), [(4_990, 1), (4_800, 1), (2_000, 4)])
def test_a_task_that_is_done_early_asks_for_one_page(missing: int, pages: int) -> None:
    """A task that is done early lists one page, because the open shards are at the end of the plan."""

    async def scenario() -> None:
        store = Counting()
        process = writer(store, "aa")
        for shard in range(5_000):
            if shard != missing:
                await process.append(shard, [], Tally())
        assert missing == await ledger(store).unfinished(5_000)
        assert pages >= store.listed
        await process.append(missing, [], Tally())
        assert await ledger(store).unfinished(5_000) is None

    run(scenario())


def test_the_bytes_of_each_size_come_back() -> None:
    """An outcome of several sizes reads back with the bytes of each."""
    outcome = Outcome(0, 1, Status.DONE, output_bytes=34, width=400, height=300, each=(30, 4))
    assert outcome == from_row(0, to_row(outcome, ITEMS[1]))


def test_a_long_detail_is_cut_so_that_its_row_is_read() -> None:
    """However long the text of an exception is, and whatever it holds, the part that tells it can be read."""
    failed = refusal(0, 0, Reason.INTERNAL_ERROR, "\udcff" * 1_000_000)
    item = ITEMS[0]._replace(source="\udcff" * 4096, output="\udcff" * 4096)
    _, rows = from_lines(to_lines({}, [to_row(failed, item)]), "a")
    assert 10_000 == len(from_row(0, rows[0]).detail)


@pytest.mark.parametrize("key", [ROUND, COVERS])
@pytest.mark.parametrize("text", ["9" * 5000, "9" * 20, "\u0661", "-1"])
def test_a_seal_with_a_forged_number_seals_nothing(key: str, text: str) -> None:
    """A number in a seal's metadata that no seal has is no number."""
    tally = json.dumps(Tally(done=4).to_record())
    marks = {RUN_MARK: RUN, SHARD: "0000000", SEAL: tally, COVERS: "1", ROUND: "1"}
    name = f"_thumbrun/runs/{RUN}/ledger/0000000/a-0000000.jsonl.gz"
    assert seal_of(Entry(name, 1, "1", metadata=marks)) is not None
    assert seal_of(Entry(name, 1, "1", metadata=marks | {key: text})) is None


def test_a_count_says_how_many_parts_it_is_of() -> None:
    """A part that cannot be read is not among the parts that a tally covers, so the tally can be told as old."""

    async def scenario() -> None:
        store = MemoryStore()
        for nonce in ("aa", "bb"):
            log = await opened(store, nonce)
            for index in range(len(ITEMS)):
                log.add(done(index))
            log.sealed = False
            await log.write()
        _, parts = await ledger(store).count()
        assert len(store.objects) == parts
        damaged = max(store.objects)
        store.put_as_user(damaged, store.objects[damaged][1][:-1])
        _, parts = await ledger(store).count()
        assert len(store.objects) - 1 == parts

    run(scenario())
