"""Mistakes that a protocol like this one invites; each is put into the real code to check that the oracle sees it."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from tests.faults.simulation.bucket import Bucket
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.request import Encoding, Rendered, Request
from thumbrun.ledger import rows
from thumbrun.ledger.reader import Ledger
from thumbrun.ledger.seals import SEAL
from thumbrun.ledger.writer import LedgerWriter, ShardLog
from thumbrun.outcomes import Outcome, Reason, Status, Tally, precedence, refusal
from thumbrun.planning import build, planner
from thumbrun.planning.listing import RangeListing
from thumbrun.planning.naming import NameBook, NamingRule
from thumbrun.planning.plan import Item, Plan
from thumbrun.planning.planner import Planner
from thumbrun.planning.select import Decision, Selection
from thumbrun.planning.thumbnail_names import Thumbnail
from thumbrun.runs import records
from thumbrun.runs.find_run import AgreedRun, RunFinder
from thumbrun.runs.object_metadata import RUN_MARK
from thumbrun.runs.record_names import RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.base import PAGE_LIMIT, DamagedError, Entry, ExistsError, Page, Sink, Store, TransientError
from thumbrun.storage.retry import RetryingStore
from thumbrun.task import put, shard_processor
from thumbrun.task.fetch import Fetched, Fetcher
from thumbrun.task.pipeline import Pipeline
from thumbrun.task.put import Putter
from thumbrun.task.work_item import WorkItem

Change = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Defect:
    """A mistake.

    Attributes:
        name: The mistake in plain words.
        promise: The number of the promise that it breaks, of the nine.
        change: Returns a context in which the code has the mistake.
    """

    name: str
    promise: int
    change: Change


def _instead(owner: Any, name: str, replacement: object) -> Change:
    return lambda: patch.object(owner, name, replacement)


async def _create_over(
    self: Bucket,
    name: str,
    body: bytes,
    *,
    content_type: str,
    metadata: Mapping[str, str],
    cache_control: str | None = None,
) -> Entry:
    await asyncio.sleep(0)
    return self.overwrite(name, body, content_type, metadata)


async def _anchor_first(self: RunFinder, name: str, owner: str) -> AgreedRun:
    run_id = self._clock.now().strftime("%Y%m%dT%H%MZ")
    anchor = await self._state.create_or_read(name, {"run": run_id, "owner": owner}, run_id)
    return self._agreed(await self._claim(anchor["run"], owner), "new")


async def _by_own_clock(self: RunFinder, execution: str) -> AgreedRun:
    return self._agreed(await self._name_run(f"execution:{execution}"), "new")


def _whatever_was_asked(self: RunFinder, claim: Mapping[str, Any], how: str, **options: bool) -> AgreedRun:
    return _agreed(self, {**claim, "fingerprint": self._request.fingerprint}, how, **options)


_agreed = RunFinder._agreed


def _without_nonce(self: RunNames, shard: int, nonce: str, sequence: int) -> str:
    return f"{self.shard_ledger(shard)}part-{sequence:07d}.jsonl.gz"


def _taken_is_failed(self: Putter, work: WorkItem, existing: Entry, source_bytes: int) -> Outcome:
    return refusal(work.shard, work.index, Reason.NAME_TAKEN, "412", source_bytes=source_bytes)


def _taken_is_done(self: Putter, work: WorkItem, existing: Entry, source_bytes: int) -> Outcome:
    return Outcome(work.shard, work.index, Status.DONE, source_bytes=source_bytes, output_bytes=existing.size)


async def _exists_is_done(
    self: RecordStore, name: str, body: bytes, run_id: str, *, metadata: Mapping[str, str] | None = None
) -> None:
    try:
        await self.create(name, body, records.LINES_TYPE, run_id, metadata=metadata)
    except ExistsError:
        return


async def _never_beating(self: Planner, number: int) -> None:
    await asyncio.Event().wait()


_append = LedgerWriter.append


async def _seal_first(
    self: LedgerWriter, shard: int, rows: list[dict[str, Any]], tally: Tally | None, *args: Any, **options: Any
) -> None:
    if tally is not None:
        await _append(self, shard, [], tally, **options)
    await _append(self, shard, rows, None, *args)


_page, _read, _create = RetryingStore.page, RetryingStore.read, RetryingStore.create


async def _page_or_nothing(
    self: RetryingStore, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT
) -> Page:
    try:
        return await self._inner.page(prefix, start=start, end=end, limit=limit)
    except TransientError:
        return Page(())


async def _create_or_not(self: RetryingStore, name: str, body: bytes, **options: Any) -> Entry:
    try:
        return await self._inner.create(name, body, **options)
    except TransientError:
        return Entry(name, len(body), "0")


async def _read_live(
    self: RetryingStore,
    name: str,
    sink: Sink,
    *,
    generation: str | None = None,
    start: int = 0,
    end: int | None = None,
) -> None:
    await _read(self, name, sink, start=start, end=end)


_fetch = Fetcher.fetch


async def _fetch_unchecked(self: Fetcher, item: Item) -> Fetched:
    return await _fetch(self, item._replace(crc32c=None))


def _shared_shards(self: RunNames, planner: int, label: str) -> str:
    return f"{self.prefix}planner/0000001/shards/{label}.jsonl.gz"


async def _own_plan(self: Planner, number: int, progress: Callable[[int], None]) -> Plan:
    builder = build.PlanBuilder(self._source, self._state, self._run_id, number, self._rule, self._task.count)
    plan = await builder.make(progress)
    self.listed = True
    await self._state.create_or_read(self._run.plan, plan.to_record(), self._run_id)
    return plan


def _worst_first(outcome: Outcome, part: str) -> tuple[int, int, str]:
    latest, rank, *_, name = precedence(outcome, part)
    return latest, -rank, name


class _Resuming:
    """A store whose listings tell a wrong place to go on from."""

    def __init__(self, store: Store, resumed: Callable[[Page], str]) -> None:
        self._store = store
        self._resumed = resumed

    async def page(self, prefix: str, **range_: Any) -> Page:
        page = await self._store.page(prefix, **range_)
        return replace(page, resume_at=self._resumed(page)) if page.more else page


def _lists(resumed: Callable[[Page], str]) -> Change:
    """Return the change that makes the planner's listing go on from another place."""
    prepare = RangeListing.__init__

    def over(self: RangeListing, store: Store, *args: Any, **kwargs: Any) -> None:
        prepare(self, _Resuming(store, resumed), *args, **kwargs)  # type: ignore[arg-type]

    return _instead(RangeListing, "__init__", over)


def _late(page: Page) -> str:
    return page.resume_at + "\0"


def _early(page: Page) -> str:
    return page.entries[-1].name if len(page.entries) > 1 else page.resume_at


def _all_but_the_last(self: ShardLog) -> Tally:
    return Tally.of(list(self.known.values())[:-1])


async def _always_finished(self: Ledger, shards: int, round_number: int = 0) -> tuple[Tally, int]:
    return await self.count()


def _none_collide(self: NameBook) -> dict[int, list[int]]:
    return {}


_marks, _decide = Putter._marks, Selection.decide


def _only_the_run(self: Putter, item: Item) -> dict[str, str]:
    return {RUN_MARK: self._rules.run_id}


async def _unmarked(
    self: RecordStore,
    name: str,
    body: bytes,
    content_type: str,
    run_id: str,
    *,
    metadata: Mapping[str, str] | None = None,
) -> None:
    await self.store.create(name, body, content_type=content_type, metadata=dict(metadata or {}))


def _blind_to_marks(self: Selection, entry: Entry, path: str) -> Decision:
    return _decide(self, entry._replace(metadata={}), path)


_put = Putter.put


async def _done_before_put(self: Putter, work: WorkItem, rendered: Rendered) -> Outcome:
    asyncio.ensure_future(_put(self, work, rendered))  # noqa: RUF006  (that nobody waits for it is the defect)
    return Outcome(work.shard, work.index, Status.DONE, source_bytes=work.item.size, output_bytes=len(rendered.data))


async def _keep_damaged(self: RetryingStore, name: str, body: bytes, **options: Any) -> Entry:
    try:
        return await _create(self, name, body, **options)
    except DamagedError:
        return Entry(name, len(body), "0")


async def _sees_nothing(self: Pipeline, work: WorkItem) -> None:
    return None


_together = put._together


async def _first_is_there(self: Putter, work: WorkItem) -> Outcome | None:
    thumbnails = self._thumbnails(work.item)
    first, *others = [await self._output.stat(self._name(one)) for one in thumbnails]
    return first and _together(thumbnails, [self._existing(work, one or first, 0) for one in (first, *others)])


async def _first_again(self: Putter, work: WorkItem, rendered: Rendered) -> Outcome:
    thumbnails = self._thumbnails(work.item)
    existing = [await self._output.stat(self._name(one)) for one in thumbnails]
    if not any(existing):
        return await _put(self, work, rendered)
    first = await self._put(work, thumbnails[0], rendered.pictures[0])
    others = [self._existing(work, one, work.item.size) if one else first for one in existing[1:]]
    return _together(thumbnails, [first, *others])


def _first_for_all(thumbnails: Sequence[Thumbnail], outcomes: Sequence[Outcome | None]) -> Outcome | None:
    first = outcomes[0]
    return first and _together(thumbnails, [one if one and one.status is first.status else first for one in outcomes])


_shared = NameBook._shared


def _of_first_names(self: NameBook) -> Iterator[set[int]]:
    first = NameBook()
    for shard, keys in self._hashes.items():
        first.add(shard, keys[:: self._each])
    return _shared(first)


_names = NamingRule.names


def _first_is_marked(self: NamingRule, path: str, source_format: str | None, level: int) -> tuple[str, ...]:
    return _names(self, path, source_format, level)[:1] + _names(self, path, source_format, 0)[1:]


def _by_format(self: Request) -> list[tuple[Box, Encoding]]:
    return [(box, encoding) for encoding in self.encodings for box in self.boxes]


async def _seal_is_all(self: Ledger, shard: int, parts: list[Entry]) -> tuple[Tally, int]:
    for part in parts:
        if SEAL in part.metadata:
            return Tally.from_record(json.loads(part.metadata[SEAL])), len(parts)
    return Tally(), len(parts)


DEFECTS = (
    Defect("a record or thumbnail is replaced instead of created", 9, _instead(Bucket, "create", _create_over)),
    Defect("the anchor is written before the run is claimed", 1, _instead(RunFinder, "_anchor", _anchor_first)),
    Defect("the run id comes from the clock of each retry", 1, _instead(RunFinder, "_of_execution", _by_own_clock)),
    Defect("the fingerprint is ignored", 1, _instead(RunFinder, "_agreed", _whatever_was_asked)),
    Defect("a part's name holds no nonce", 3, _instead(RunNames, "part", _without_nonce)),
    Defect("a 412 is taken for a failure", 3, _instead(Putter, "_existing", _taken_is_failed)),
    Defect("a 412 of a thumbnail is taken for done unseen", 4, _instead(Putter, "_existing", _taken_is_done)),
    Defect("a 412 of a record is taken for done unseen", 3, _instead(RecordStore, "create_once", _exists_is_done)),
    Defect("the planner's beat is not seen", 2, _instead(Planner, "_beat", _never_beating)),
    Defect("a dead planner is waited for", 2, _instead(planner, "DEAD_SECONDS", 1e9)),
    Defect("a shard is sealed before its part is written", 3, _instead(LedgerWriter, "append", _seal_first)),
    Defect("a 503 ends a listing", 2, _instead(RetryingStore, "page", _page_or_nothing)),
    Defect("a 503 is taken for an acknowledgement", 3, _instead(RetryingStore, "create", _create_or_not)),
    Defect("the live generation is read", 2, _instead(RetryingStore, "read", _read_live)),
    Defect("a body's checksum is not compared", 4, _instead(Fetcher, "fetch", _fetch_unchecked)),
    Defect("a record's checksum is not compared", 4, _instead(records, "_checksum", lambda record: "0")),
    Defect("two planners write their shards to one place", 2, _instead(RunNames, "shard", _shared_shards)),
    Defect("a planner works by its own plan though another's stands", 2, _instead(Planner, "_make", _own_plan)),
    Defect("the worst outcome is chosen", 3, _instead(rows, "precedence", _worst_first)),
    Defect("a listing goes on one name too late", 2, _lists(_late)),
    Defect("a listing goes on one name too early", 2, _lists(_early)),
    Defect("a seal does not count the last outcome", 3, _instead(ShardLog, "tally", property(_all_but_the_last))),
    Defect("a seal is believed whatever was written after it", 3, _instead(Ledger, "sealed", _seal_is_all)),
    Defect("the summary is written while shards are open", 3, _instead(Ledger, "finished", _always_finished)),
    Defect("names that collide are left alone", 5, _instead(NameBook, "raise_colliding", _none_collide)),
    Defect("a thumbnail does not say where it comes from", 4, _instead(Putter, "_marks", _only_the_run)),
    Defect("a record carries no mark", 6, _instead(RecordStore, "create", _unmarked)),
    Defect("thumbnails are listed as sources", 6, _instead(Selection, "decide", _blind_to_marks)),
    Defect("done is said before the thumbnail is there", 3, _instead(Putter, "put", _done_before_put)),
    Defect("a damaged upload is taken for whole", 4, _instead(RetryingStore, "create", _keep_damaged)),
    Defect("one death while alone makes poison", 7, _instead(shard_processor, "POISON_DEATHS", 1)),
    Defect("after a death nobody looks for thumbnails", 3, _instead(Pipeline, "existing_outcome", _sees_nothing)),
    Defect("an item is done if its first thumbnail is there", 3, _instead(Putter, "existing_outcome", _first_is_there)),
    Defect("an item that was begun gets only its first thumbnail", 3, _instead(Putter, "put", _first_again)),
    Defect("the outcome of the first thumbnail is that of all", 3, _instead(put, "_together", _first_for_all)),
    Defect("only the first names are compared", 5, _instead(NameBook, "_shared", _of_first_names)),
    Defect("only the first name is marked", 5, _instead(NamingRule, "names", _first_is_marked)),
    Defect("thumbnails are made by format and named by size", 4, _instead(Request, "thumbnails", property(_by_format))),
)
