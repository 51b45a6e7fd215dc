"""Work a task's shards: open them ahead of time, feed their items to the pipeline, write down the outcomes."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from thumbrun.clock import Clock
from thumbrun.concurrency import BoundedGroup
from thumbrun.ledger import Ledger, ShardLog
from thumbrun.logs.events import Events, Progress
from thumbrun.outcomes import MEANINGS, Outcome, Status, Tally
from thumbrun.pipeline import Pipeline, Work
from thumbrun.planning.plan import Plan, read_shard
from thumbrun.state import State
from thumbrun.storage.base import StoreError

FLUSH_SECONDS = 10.0  # the most that a kill makes the next attempt look at again
_OPENED_AHEAD = 8  # shards whose items and parts are read before they are needed
_WRITERS = 8  # parts being written at once


class ShardWork:
    """The work of one task on its shards."""

    def __init__(
        self,
        state: State,
        plan: Plan,
        shards: Sequence[int],
        ledger: Ledger,
        pipeline: Pipeline,
        events: Events,
        clock: Clock,
    ) -> None:
        """Prepare.

        Args:
            state: Where the records lie.
            plan: The run's plan.
            shards: The numbers of this task's shards, in the order in which to work them.
            ledger: Where outcomes go.
            pipeline: Makes outcomes of items.
            events: Hears of progress and of every item that fails.
            clock: Time.
        """
        self._state = state
        self._run = state.names.run(plan.run_id)
        self._plan = plan
        self._shards = shards
        self._ledger = ledger
        self._pipeline = pipeline
        self._events = events
        self._clock = clock
        self._stopping = False
        self._look_first = False
        self._open: dict[int, ShardLog] = {}
        self._complete: asyncio.Queue[ShardLog] = asyncio.Queue()
        self._tally = Tally()
        self._total = sum(plan.shards[number].items for number in shards)

    def stop(self) -> None:
        """Begin no more items."""
        self._stopping = True

    async def run(self, *, look_first: bool) -> Tally:
        """Work all items that have no outcome yet, and return what came of all items of the shards.

        Args:
            look_first: Whether thumbnails may well be there already.

        Raises:
            StoreError: A store failed; items are left open, and what is done is written down.
        """
        self._look_first = look_first
        self._report()
        try:
            async with BoundedGroup(_WRITERS + 1) as group:
                helpers = [await group.start(self._flush_now_and_then())]
                helpers += [await group.start(self._write_complete()) for _ in range(_WRITERS)]
                try:
                    async with aclosing(self._feed()) as works:
                        await self._pipeline.run(works, self._take)
                    await self._complete.join()
                finally:
                    for helper in helpers:
                        helper.cancel()
        finally:
            await self._flush_all()
        if self._pipeline.left_open:
            raise StoreError(
                f"{self._pipeline.left_open:,} images were left open, the last because: {self._pipeline.failure}",
                hint=getattr(self._pipeline.failure, "hint", ""),
            )
        return self._tally

    async def _feed(self) -> AsyncGenerator[Work, None]:
        """Yield the open items of all shards, in order; shards ahead are opened meanwhile."""
        ahead: deque[asyncio.Task[ShardLog]] = deque()
        numbers = iter(self._shards)
        try:
            while not self._stopping:
                while len(ahead) < _OPENED_AHEAD and (number := next(numbers, None)) is not None:
                    ahead.append(asyncio.ensure_future(self._open_shard(number)))
                if not ahead:
                    return
                log = await ahead[0]
                ahead.popleft()
                for index in self._begin(log):
                    if self._stopping:
                        return
                    yield Work(log.shard, index, log.items[index], self._look_first or log.begun)
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _open_shard(self, number: int) -> ShardLog:
        items = await read_shard(self._state, self._run, self._plan, number)
        return await self._ledger.open(number, items)

    def _begin(self, log: ShardLog) -> list[int]:
        self._tally.merge(log.tally)
        if not log.sealed:
            self._open[log.shard] = log
            if log.complete:
                self._complete.put_nowait(log)
        self._report()
        return log.open_items()

    def _take(self, outcome: Outcome) -> None:
        log = self._open[outcome.shard]
        log.add(outcome)
        self._tally.add(outcome)
        if outcome.status is not Status.DONE and outcome.reason:
            item = log.items[outcome.item]
            self._events.outcome(outcome, item.source, MEANINGS[outcome.reason])
        self._report()
        if log.complete:
            self._complete.put_nowait(log)

    def _report(self) -> None:
        tally = self._tally
        self._events.progress(
            Progress(
                total=self._total,
                done=tally.done,
                skipped=tally.skipped.total(),
                failed=tally.failed.total(),
                source_bytes=tally.source_bytes,
                output_bytes=tally.output_bytes,
            )
        )

    async def _write_complete(self) -> None:
        while True:
            log = await self._complete.get()
            try:
                await log.flush()
                self._open.pop(log.shard, None)
            finally:
                self._complete.task_done()

    async def _flush_now_and_then(self) -> None:
        while True:
            await self._clock.sleep(FLUSH_SECONDS)
            for log in list(self._open.values()):
                await log.flush()

    async def _flush_all(self) -> None:
        """Write down what is left; after an error this is the last thing that is tried."""
        async with BoundedGroup(_WRITERS) as group:
            for log in list(self._open.values()):
                await group.start(log.flush())
        self._open.clear()
