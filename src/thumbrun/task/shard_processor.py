"""Work a task's shards: feed their items to the pipeline, the suspects last and alone, write down the outcomes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from thumbrun.clock import Clock
from thumbrun.concurrency import BoundedGroup
from thumbrun.ledger.suspects import POISON_DEATHS
from thumbrun.ledger.writer import ShardLog
from thumbrun.logs.events import Events, Progress
from thumbrun.outcomes import MEANINGS, Outcome, Reason, Status, Tally, refusal
from thumbrun.storage.base import StoreError
from thumbrun.task.pipeline import Pipeline
from thumbrun.task.work_item import WorkItem
from thumbrun.task.work_queue import OpenShard, WorkQueue

FLUSH_SECONDS = 10.0  # the most that a kill makes the next attempt look at again
_WRITERS = 8  # parts being written at once


class ShardProcessor:
    """The work of one task on its shards."""

    def __init__(self, items: int, queue: WorkQueue, pipeline: Pipeline, events: Events, clock: Clock) -> None:
        """Prepare.

        Args:
            items: How many the shards have.
            queue: Yields those that are to be worked.
            pipeline: Makes outcomes of items.
            events: Hears of progress and of every item that fails.
            clock: Time.
        """
        self._queue = queue
        self._pipeline = pipeline
        self._events = events
        self._clock = clock
        self._open: dict[int, ShardLog] = {}
        self._complete: asyncio.Queue[ShardLog] = asyncio.Queue()
        self._suspects: list[tuple[int, ShardLog, int]] = []  # deaths while alone, and which item
        self._alone: ShardLog | None = None
        self._tally = Tally()
        self._total = items

    @property
    def finished(self) -> bool:
        """Whether every item has its outcome."""
        return self._tally.items == self._total

    def stop(self) -> None:
        """Begin no more items."""
        self._queue.stopped = True

    async def run(self) -> Tally:
        """Work all items that have no outcome yet, and return what came of all items of the shards.

        Raises:
            StoreError: A store failed; items are left open, and what is done is written down.
        """
        self._report()
        try:
            async with BoundedGroup(_WRITERS + 1) as group:
                helpers = [await group.start(self._flush_now_and_then())]
                helpers += [await group.start(self._write_complete()) for _ in range(_WRITERS)]
                try:
                    async with aclosing(self._queue.works(self._begin)) as works:
                        await self._pipeline.run(works, self._take, self._queue.announced)
                    await self._work_suspects()
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

    def _begin(self, found: OpenShard | Tally) -> None:
        if isinstance(found, Tally):
            self._tally.merge(found)
        else:
            log = found.log
            self._tally.merge(log.closed_tally)
            if not log.sealed:
                self._open[log.shard] = log
            for outcome in found.recovered:
                self._take(outcome)
            if log.complete and not found.recovered and not log.sealed:
                self._complete.put_nowait(log)
            self._suspects += [(deaths, log, index) for index, deaths in found.suspects.items()]
        self._report()

    async def _work_suspects(self) -> None:
        """Work the suspects one by one, those that were met in more deaths last; set aside what is poison."""
        guilty = [suspect for suspect in self._suspects if suspect[0] >= POISON_DEATHS]
        for deaths, log, index in guilty:
            self._take(refusal(log.shard, index, Reason.POISON, f"{deaths} tasks died while this was all they worked"))
        rest = [suspect for suspect in self._suspects if suspect[0] < POISON_DEATHS]
        rest.sort(key=lambda suspect: suspect[0])
        if rest and not self._queue.stopped:
            self._events.warning(
                "suspects",
                f"A task died: {len(rest):,} images that it may have had open are worked one by one",
                items=len(rest),
            )

        async def works() -> AsyncGenerator[WorkItem, None]:
            for _, log, index in rest:
                if self._queue.stopped:
                    return
                yield WorkItem(log.shard, index, log.items[index])

        async with aclosing(works()) as suspects:
            await self._pipeline.run_alone(suspects, self._take, self._announce_alone)

    async def _announce_alone(self, work: WorkItem) -> None:
        """Announce a suspect, once the store knows that the one before is closed."""
        log = self._open[work.shard]
        if self._alone is not None and self._alone is not log:
            self._alone.retract()
            await self._alone.flush()
        self._alone = log
        await log.announce([work.index], 1, alone=True)

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
                log.retract()
                await group.start(log.flush())
        self._open.clear()
