"""Yields the items of a task's shards: opens shards ahead of time, sets suspects apart, announces the rest.

Two processes can work the same shards: the same command in two terminals, or two live copies of a task. Whoever comes
later then begins at the other end, and both leave the shards where the other is at work to the end. So hardly any
image is worked twice.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from thumbrun.clock import Clock
from thumbrun.concurrency import both
from thumbrun.environment.task_identity import Task
from thumbrun.ledger.suspects import Suspicion, suspects
from thumbrun.ledger.writer import LedgerWriter, ShardLog
from thumbrun.outcomes import Outcome, Tally
from thumbrun.planning.plan import Item, Plan, read_shard
from thumbrun.runs.record_store import RecordStore
from thumbrun.task.pipeline import Pipeline
from thumbrun.task.work_item import WorkItem

_OPENED_AHEAD = 8  # shards whose items and parts are read before they are needed
# After this time another process might have begun a shard that was opened ahead. In a folder, where it costs nothing to
# look again, nobody needs to guess.
_FRESH_SECONDS = 1.0
_AHEAD = 64  # items that can begin while the next shard's record is read; in a folder, as many as can begin at once
_REFUSALS = 32  # of one shard that are not written yet; at this number, they are written before its next item begins


@dataclass(frozen=True, slots=True)
class OpenShard:
    """A shard that might have items to work.

    Attributes:
        log: The log of the shard.
        recovered: Outcomes that the ledger lacks, found by checking the store.
        suspects: The indices of items that might have killed a task, each with what is known of it.
        at: When it was opened, on the clock that never goes back.
    """

    log: ShardLog
    recovered: list[Outcome]
    suspects: dict[int, Suspicion]
    at: float

    @property
    def shared(self) -> bool:
        """Whether another process might be at work on the shard."""
        return any(suspicion.recent for suspicion in self.suspects.values())


class WorkQueue:
    """Yields the items to work in a task's shards, except suspects."""

    def __init__(
        self,
        state: RecordStore,
        plan: Plan,
        shards: Sequence[int],
        ledger: LedgerWriter,
        pipeline: Pipeline,
        task: Task,
        clock: Clock,
        *,
        resumed: bool,
        joined: bool,
    ) -> None:
        """Set up the queue; nothing is read yet.

        Args:
            state: The store of the records.
            plan: The plan of the run.
            shards: The numbers of the task's shards, in the order in which to work them.
            ledger: The ledger that outcomes go to.
            pipeline: Checks whether thumbnails exist.
            task: The task that works.
            clock: Provides the time.
            resumed: Whether the run is resumed, so that most shards might be complete.
            joined: Whether another process might be at work on these shards.
        """
        self._state = state
        self._run = state.names.run(plan.run_id)
        self._plan = plan
        self._ledger = ledger
        self._pipeline = pipeline
        self._task = task
        self._clock = clock
        self._resumed = resumed
        self._joined = joined
        self._numbers = deque(shards)
        self._shared: deque[int] = deque()  # shards that another process works, to be done last
        self._last = False  # whether only the shared shards are left
        self._opening: deque[asyncio.Task[OpenShard | Tally]] = deque()
        self._ahead: deque[tuple[ShardLog, list[WorkItem]]] = deque()  # items that are announced, or about to be
        self._items_ahead = 0
        self._ahead_at_most = pipeline.items_at_once if pipeline.is_near else _AHEAD
        self._announcing: dict[int, asyncio.Task[None]] = {}  # announcements that are not written yet, by shard
        self.stopped = False

    async def works(self, begin: Callable[[OpenShard | Tally], None]) -> AsyncGenerator[WorkItem, None]:
        """Yield items to work, in order; each can be begun once `announced` has returned for it.

        Args:
            begin: Called with each shard before its first item is yielded.

        Raises:
            StoreError: A record cannot be read or written.
        """
        try:
            if self._joined and len(self._numbers) > 1 and await self._others_began_in_front():
                self._numbers.reverse()
            while not self.stopped:
                await self._announce_more(begin)
                if not self._ahead:
                    break
                log, works = self._ahead.popleft()
                for work in works:
                    if log.refusals >= _REFUSALS:
                        await log.flush()
                    await self._announce_more(begin)
                    if self.stopped:
                        break
                    self._items_ahead -= 1
                    yield work
            await asyncio.gather(*self._announcing.values())
        finally:
            under_way: list[asyncio.Task[OpenShard | Tally] | asyncio.Task[None]] = [*self._opening]
            under_way += self._announcing.values()
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def announced(self, work: WorkItem) -> None:
        """Wait until an item is announced.

        Raises:
            StoreError: The announcement cannot be written.
        """
        if announcing := self._announcing.get(work.shard):
            await asyncio.shield(announcing)

    async def _others_began_in_front(self) -> bool:
        """Return whether somebody has begun the first shard and not the last one."""
        first, last = await both(self._ledger.parts(self._numbers[0]), self._ledger.parts(self._numbers[-1]))
        return bool(first) and not last

    async def _announce_more(self, begin: Callable[[OpenShard | Tally], None]) -> None:
        """Begin shards until enough items are announced; wait for a shard only if there is nothing else to do."""
        self._open_more()
        while (
            self._opening
            and self._items_ahead < self._ahead_at_most
            and (self._opening[0].done() or not (self._items_ahead or self._ahead))
        ):
            found = await self._opening[0]
            self._opening.popleft()
            self._open_more()
            if isinstance(found, OpenShard):
                found = await self._as_it_is_now(found)
            if isinstance(found, OpenShard) and found.shared and not self._last:
                self._shared.append(found.log.shard)
                self._open_more()
                continue
            begin(found)
            if isinstance(found, OpenShard):
                self._announce(found)

    async def _as_it_is_now(self, opened: OpenShard) -> OpenShard | Tally:
        """Open a shard again that was opened some time ago, if another process has begun it since."""
        if not self._pipeline.is_near and self._clock.monotonic() - opened.at < _FRESH_SECONDS:
            return opened
        parts = await self._ledger.parts(opened.log.shard)
        return opened if len(parts) == opened.log.parts else await self._open(opened.log.shard)

    def _open_more(self) -> None:
        if not self._numbers and not self._opening and self._shared:
            self._last = True
            self._numbers, self._shared = self._shared, self._numbers
        while len(self._opening) < _OPENED_AHEAD and self._numbers:
            self._opening.append(asyncio.ensure_future(self._open(self._numbers.popleft())))

    def _announce(self, found: OpenShard) -> None:
        log = found.log
        ordinary = [index for index in log.open_items() if index not in found.suspects]
        if not ordinary:
            return
        works = [WorkItem(log.shard, index, log.items[index]) for index in ordinary]
        # An item that is never opened cannot kill a task.
        harmful = [index for index in ordinary if log.items[index].decodable]
        if harmful:
            announcement = log.announce(harmful, self._pipeline.items_at_once + _REFUSALS)
            task = self._announcing[log.shard] = asyncio.ensure_future(announcement)
            task.add_done_callback(partial(self._written, log.shard))
        self._ahead.append((log, works))
        self._items_ahead += len(works)

    def _written(self, shard: int, announcing: asyncio.Task[None]) -> None:
        """Forget an announcement that is written; keep one that failed, so that `announced` raises its error."""
        if not announcing.cancelled() and announcing.exception() is None:
            del self._announcing[shard]

    async def _open(self, number: int) -> OpenShard | Tally:
        at = self._clock.monotonic()
        early = None
        if self._resumed:
            parts = await self._ledger.parts(number)
        else:
            parts, early = await both(self._ledger.parts(number), self._items(number))
        tally = await self._ledger.finished_tally(number, parts)
        if tally is not None:
            return tally
        items = early or await self._items(number)
        log = await self._ledger.open(number, items, parts)
        if not log.sealed:
            await self._reopen_missing(log)
        # An item that no process announced has no thumbnail, so only announced items are checked.
        announced = {index for announcement in log.announcements for index in announcement.items}
        checked = sorted(announced.intersection(log.open_items()))
        outcomes = await asyncio.gather(*(self._existing_outcome(log, index) for index in checked))
        unseen = frozenset(i for i, outcome in zip(checked, outcomes, strict=True) if outcome is None)
        suspected = suspects(log.announcements, unseen, self._task, self._clock.now())
        return OpenShard(log, [outcome for outcome in outcomes if outcome], suspected, at)

    async def _items(self, number: int) -> list[Item]:
        return await read_shard(self._state, self._run, self._plan, number, self._pipeline.thumbnails)

    async def _reopen_missing(self, log: ShardLog) -> None:
        """Reopen the items whose thumbnails are gone, in a round that retries these."""
        done = [index for index, outcome in log.known.items() if self._ledger.round.checks_thumbnail(outcome)]
        outcomes = await asyncio.gather(*(self._existing_outcome(log, index) for index in done))
        for index, outcome in zip(done, outcomes, strict=True):
            if outcome is None or outcome.reason:
                log.reopen(index)

    def _existing_outcome(self, log: ShardLog, index: int) -> Awaitable[Outcome | None]:
        return self._pipeline.existing_outcome(WorkItem(log.shard, index, log.items[index]))
