"""Works a task's shards: feeds their items to the pipeline, works suspects last and alone, records the outcomes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from thumbrun.clock import Clock
from thumbrun.concurrency import BoundedGroup
from thumbrun.console import counted
from thumbrun.errors import ThumbrunError, told
from thumbrun.ledger.suspects import POISON_DEATHS, Suspicion
from thumbrun.ledger.writer import ShardLog
from thumbrun.logs.events import Events, Progress
from thumbrun.outcomes import MEANINGS, Outcome, Reason, Status, Tally, refusal
from thumbrun.storage.base import DeniedError, StoreError
from thumbrun.task.pipeline import Pipeline
from thumbrun.task.work_item import WorkItem
from thumbrun.task.work_queue import OpenShard, WorkQueue

FLUSH_SECONDS = 10.0  # of work, at most, that the next attempt has to check again after a kill
_WRITERS = 8  # parts that are written at once
_PATIENCE = 5.0  # seconds without a new thumbnail, after which another process counts as gone

_Suspect = tuple[Suspicion, ShardLog, int]  # with the shard's log and the item's index


class ShardProcessor:
    """Works the shards of one task."""

    def __init__(
        self,
        items: int,
        queue: WorkQueue,
        pipeline: Pipeline,
        events: Events,
        clock: Clock,
        *,
        ledger_beside_output: bool,
        run_items: int,
    ) -> None:
        """Set up the work; nothing is begun yet.

        Args:
            items: The number of items in the shards.
            queue: Yields the items to work.
            pipeline: Turns items into outcomes.
            events: Receives the progress, and an event for every item that is skipped or fails.
            clock: Provides the time.
            ledger_beside_output: Whether the ledger lies where the thumbnails lie, so that who may create the one may
                create the other.
            run_items: The number of items in the whole run.
        """
        self._ledger_beside_output = ledger_beside_output
        self._queue = queue
        self._pipeline = pipeline
        self._events = events
        self._clock = clock
        self._open: dict[int, ShardLog] = {}
        self._complete: asyncio.Queue[ShardLog] = asyncio.Queue()
        self._suspects: list[_Suspect] = []
        self._alone: ShardLog | None = None
        self._tally = Tally()
        self.worked = Tally()  # of the items that this process has worked itself
        self._total = items
        self._run_total = run_items

    @property
    def finished(self) -> bool:
        """Whether every item has its outcome."""
        return self._tally.items == self._total

    def stop(self) -> None:
        """Begin no more items."""
        self._queue.stopped = True

    async def run(self) -> Tally:
        """Work all items that have no outcome yet, and return the tally of all items of the shards.

        Raises:
            StoreError: A store failed; some items are left open, and the outcomes so far are recorded.
        """
        self._report()
        try:
            async with BoundedGroup(_WRITERS + 1) as group:
                helpers = [await group.start(self._flush_now_and_then())]
                helpers += [await group.start(self._write_complete()) for _ in range(_WRITERS)]
                try:
                    async with aclosing(self._queue.works(self._begin)) as works:
                        await self._pipeline.run(works, self._take_worked, self._queue.announced, self._may_create)
                    await self._work_suspects()
                    await self._complete.join()
                finally:
                    for helper in helpers:
                        helper.cancel()
        finally:
            await self._flush_all()
        left_open = self._pipeline.left_open
        if (failure := self._pipeline.failure) is not None:
            have = "has" if left_open == 1 else "have"
            without = f"{counted(left_open, 'image')} {have} no outcome yet"
            if isinstance(failure, StoreError):
                raise StoreError(f"{without} because a store failed; the last error: {failure}", hint=failure.hint)
            raise ThumbrunError(
                f"{without} because of an error of thumbrun or of this machine; the last one: {told(failure)}",
                hint="check the memory, the disk, and the processes and open files that the machine allows",
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
            self._suspects += [(suspicion, log, index) for index, suspicion in found.suspects.items()]
        self._report()

    async def _work_suspects(self) -> None:
        """Fail the items that are poison, then work the other suspects one by one.

        Those that were tried most often come last. Otherwise the first one could kill each attempt before the others
        have their turn.
        """
        guilty = [suspect for suspect in self._suspects if suspect[0].deaths >= POISON_DEATHS]
        for suspicion, log, index in guilty:
            said = f"{suspicion.deaths} tasks died while they worked it alone"
            self._take(refusal(log.shard, index, Reason.POISON, said))
        rest = [suspect for suspect in self._suspects if suspect[0].deaths < POISON_DEATHS]
        rest.sort(key=lambda suspect: suspect[0].tried_alone)
        rest = await self._without_what_others_make(rest)
        if rest and not self._queue.stopped:
            images, them = ("1 image", "it") if len(rest) == 1 else (f"{len(rest):,} images", "one of them")
            self._events.warning(
                "suspects",
                f"Another process began {images} and has recorded no outcome yet. thumbrun now works "
                f"{'it alone' if len(rest) == 1 else 'them one by one'}, in case that process died of {them}",
                items=len(rest),
            )

        async def works() -> AsyncGenerator[WorkItem, None]:
            left = rest
            while left and not self._queue.stopped:
                (suspicion, log, index), *left = left
                work = WorkItem(log.shard, index, log.items[index])
                if suspicion.recent and (outcome := await self._pipeline.existing_outcome(work)):
                    self._take(outcome)  # the other process is alive
                    left = await self._without_what_others_make(left)
                else:
                    yield work

        async with aclosing(works()) as suspects:
            await self._pipeline.run_alone(suspects, self._take_worked, self._announce_alone)

    async def _without_what_others_make(self, suspects: list[_Suspect]) -> list[_Suspect]:
        """Return the suspects that no other process makes, if one was at work lately; wait as long as it makes any."""
        if not any(suspicion.recent for suspicion, _, _ in suspects):
            return suspects
        told = False
        last = self._clock.monotonic()
        while not self._queue.stopped:
            works = [WorkItem(log.shard, index, log.items[index]) for _, log, index in suspects]
            outcomes = await asyncio.gather(*map(self._pipeline.existing_outcome, works))
            for outcome in filter(None, outcomes):
                self._take(outcome)
                last = self._clock.monotonic()
            suspects = [suspect for suspect, outcome in zip(suspects, outcomes, strict=True) if outcome is None]
            if not suspects or self._clock.monotonic() - last >= _PATIENCE:
                break
            if not told:
                self._events.info(
                    "others-awaited",
                    f"Another process works {counted(len(suspects), 'image')} of this task. thumbrun waits as long as "
                    f"it makes thumbnails, and {_PATIENCE:.0f} s longer",
                    items=len(suspects),
                )
                told = True
            await self._clock.sleep(1.0)
        return suspects

    async def _may_create(self, work: WorkItem) -> bool:
        """Return whether the store takes a part of the ledger, which lies beside the thumbnails."""
        if not self._ledger_beside_output:
            return False
        try:
            await self._open[work.shard].write()
        except DeniedError:
            return False
        return True

    async def _announce_alone(self, work: WorkItem) -> None:
        """Announce a suspect, once the store knows that the one before is closed."""
        log = self._open[work.shard]
        if self._alone is not None and self._alone is not log:
            self._alone.retract()
            await self._alone.flush()
        self._alone = log
        await log.announce([work.index], 1, alone=True)

    def _take_worked(self, outcome: Outcome) -> None:
        self.worked.add(outcome)
        self._take(outcome)

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
                reasons=dict(tally.failed),
                run_total=self._run_total,
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
                await log.stay_recent()

    async def _flush_all(self) -> None:
        """Write the outcomes that are not in the ledger yet; after an error, this is the task's last attempt.

        The announcements are taken back, except for items that ended the task: its next attempt works these alone.
        """
        async with BoundedGroup(_WRITERS) as group:
            for log in list(self._open.values()):
                faulty = sorted(work.index for work, _ in self._pipeline.faulty if work.shard == log.shard)
                log.retract()
                await group.start(log.announce(faulty, len(faulty)) if faulty else log.flush())
        self._open.clear()
