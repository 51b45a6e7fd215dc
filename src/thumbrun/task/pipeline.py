"""Processes many items at once, within bounds: fetch, render, put. Every item gets one outcome.

Only a problem of the image or of its object becomes an outcome, and a fault of thumbrun that its bytes bring out. If a
store or the machine fails, the item stays open, and another attempt works it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from thumbrun.clock import Clock
from thumbrun.concurrency import BoundedGroup
from thumbrun.decoding.body import Body
from thumbrun.decoding.pool import DecoderPoolError, Renderer
from thumbrun.decoding.tries import Tries
from thumbrun.errors import ThumbrunError
from thumbrun.imaging.request import Encoding, Refused, Rendered, Request
from thumbrun.outcomes import Outcome, Reason, Status, refusal
from thumbrun.planning.plan import Item
from thumbrun.storage.base import (
    BucketNotFoundError,
    DeniedError,
    Store,
    UnauthenticatedError,
)
from thumbrun.task.admission import Admission, MemoryGrant
from thumbrun.task.fetch import Fetcher, FetchLimits
from thumbrun.task.item_faults import ItemFaultError
from thumbrun.task.item_rules import ItemRules
from thumbrun.task.nearness import is_folder, is_near
from thumbrun.task.put import Putter
from thumbrun.task.read_proof import may_read_others
from thumbrun.task.refusals import Again, Refusals, RefusedItemError, Side
from thumbrun.task.render_granted import render_granted
from thumbrun.task.stopwatch import Phase, Stopwatch
from thumbrun.task.unfit import UnfitError
from thumbrun.task.work_item import WorkItem

_OF_ALL_BYTES = (Reason.UNREADABLE, Reason.TRUNCATED)  # verdicts that hold only after the whole object was checked
_FAILURES_IN_A_ROW = 8  # items that a failing store leaves open in a row before the task gives up
_SAME_FAULTS = 8  # items in a row with the same fault of thumbrun before the task gives up: they are not the cause


class Pipeline:
    """Turns items into outcomes, within bounds on their number and their bytes.

    Attributes:
        failure: The last error of a store or of the machine that left an item open, or None.
        left_open: The number of items that were left open.
        faulty: The items in a row, up to the last one, on which thumbrun failed in the same way. They have no outcome
            yet. If the task ends because of them, its next attempt has to work them one by one.
        items_at_once: The most items that are begun and not finished.
        thumbnails: How many thumbnails each item gets.
        is_near: Whether source and output are folders, which answer in less time than an image takes to decode.
    """

    def __init__(
        self,
        source: Store,
        output: Store,
        renderer: Renderer,
        admission: Admission,
        rules: ItemRules,
        clock: Clock,
        *,
        items_at_once: int,
    ) -> None:
        """Set up the pipeline; no item is begun yet.

        Args:
            source: The store of the items.
            output: The store of the thumbnails.
            renderer: Decodes images and encodes thumbnails.
            admission: Bounds the bytes.
            rules: The settings that all items share.
            clock: Provides the times of the items.
            items_at_once: Bounds their number; enough to keep the store's requests and the decoding processes busy.
        """
        self._renderer = renderer
        self._admission = admission
        self._rules = rules
        self._clock = clock
        self.items_at_once = items_at_once
        self.thumbnails = rules.recipe.thumbnails
        self._refusals = Refusals(self._passes)
        self._may_create: Callable[[WorkItem], Awaitable[bool]] = _nothing_known
        self._source = source
        self._is_local = is_folder(source)
        self.is_near = is_near(source, output)
        self._putter = Putter(output, rules, source.uri)
        limits = FetchLimits(
            rules.recipe.boxes,
            rules.recipe.shape,
            rules.max_pixels,
            self._is_local,
            min(rules.max_bytes, admission.largest_body),
            admission.largest_body,
            animated=rules.recipe.keeps_animations,
            keeps_metadata=rules.keeps_metadata,
        )
        self._fetcher = Fetcher(source, renderer, limits)
        self._in_a_row = 0
        self.failure: Exception | None = None
        self.left_open = 0
        self.faulty: list[tuple[WorkItem, ItemFaultError]] = []

    async def run(
        self,
        works: AsyncIterator[WorkItem],
        take: Callable[[Outcome], None],
        announced: Callable[[WorkItem], Awaitable[None]],
        may_create: Callable[[WorkItem], Awaitable[bool]] | None = None,
    ) -> None:
        """Work all items; `take` gets each outcome.

        Args:
            works: The items; the iterator ends early if the task is told to stop.
            take: Called with each outcome; must not raise.
            announced: Awaited before the first byte of an item is read.
            may_create: Returns whether the store lets this task create another object beside an item's thumbnails.

        Raises:
            StoreError: The store fails for good, or for many items in a row.
            ThumbrunError: thumbrun fails on many items in a row in the same way; see `faulty`.
        """
        self._may_create = may_create or _nothing_known

        async def side_by_side(works: AsyncIterator[WorkItem]) -> None:
            async with BoundedGroup(self.items_at_once) as group:
                async for work in works:
                    await group.start(self._work(work, take, announced))

        await side_by_side(works)
        await self._resolve_refused(take, side_by_side)
        self._take_faulty(take)

    async def run_alone(
        self,
        works: AsyncIterator[WorkItem],
        take: Callable[[Outcome], None],
        announce: Callable[[WorkItem], Awaitable[None]],
    ) -> None:
        """Work suspects one by one: nothing of the next one begins before the outcome of one.

        A suspect is alone, so a fault of thumbrun is its outcome, however often the same one comes.

        Args:
            works: The suspects.
            take: Called with each outcome, as for `run`.
            announce: Awaited before the first byte of an item is read, as `announced` for `run`.

        Raises:
            StoreError: As for `run`.
        """

        async def one_by_one(works: AsyncIterator[WorkItem]) -> None:
            async for work in works:
                await self._renderer.renew()  # so that no other image can be the cause of a death
                await self._work(work, take, announce)
                self._take_faulty(take)

        await one_by_one(works)
        await self._resolve_refused(take, one_by_one)

    async def existing_outcome(self, work: WorkItem) -> Outcome | None:
        """Return an item's outcome if it is known without opening the image, else None.

        It is known if the item cannot have a thumbnail, or if the thumbnail's name is taken.
        """
        try:
            self._check(work.item)
        except UnfitError as unfit:
            return refusal(work.shard, work.index, unfit.reason, unfit.detail)
        found = await self._putter.existing_outcome(work)
        return found and _of_planned(found, work.item)

    async def _work(
        self,
        work: WorkItem,
        take: Callable[[Outcome], None],
        announced: Callable[[WorkItem], Awaitable[None]],
    ) -> None:
        watch = Stopwatch(self._clock)
        try:
            async with AsyncExitStack() as kept:
                outcome = await self._outcome(work, announced, watch, kept)
        except RefusedItemError as error:
            error.timing = watch.timing()
            await self._refusals.add(work, error)
        except (UnauthenticatedError, BucketNotFoundError, DeniedError):
            raise
        except ItemFaultError as fault:
            self._in_a_row = 0
            fault.timing = watch.timing()
            self._add_faulty(work, fault, take)
        except DecoderPoolError:
            raise
        except Exception as error:  # of a store, of the machine, or a fault that no item's bytes brought out
            self.failure = error
            self.left_open += 1
            self._in_a_row += 1
            if self._in_a_row >= _FAILURES_IN_A_ROW:
                raise
        else:
            self._in_a_row = 0
            self._take_faulty(take)
            take(replace(outcome, timing=watch.timing()))

    def _add_faulty(self, work: WorkItem, fault: ItemFaultError, take: Callable[[Outcome], None]) -> None:
        """Keep a fault until it is clear that the item is its cause, and not whatever all items have in common."""
        if self.faulty and self.faulty[-1][1].origin != fault.origin:
            self._take_faulty(take)
        self.faulty.append((work, fault))
        if len(self.faulty) >= _SAME_FAULTS:
            raise ThumbrunError(
                f"thumbrun failed in the same way on {_SAME_FAULTS} images in a row; the last one: {fault.detail}",
                hint="another attempt works these images one by one; please report the error",
            )

    def _take_faulty(self, take: Callable[[Outcome], None]) -> None:
        """Give the items on which thumbrun failed their outcome."""
        for work, fault in self.faulty:
            take(refusal(work.shard, work.index, Reason.INTERNAL_ERROR, fault.detail, timing=fault.timing))
        self.faulty.clear()

    async def _resolve_refused(self, take: Callable[[Outcome], None], again: Again) -> None:
        """Give the refused items an outcome if the store lets others pass; else leave them open."""
        for _, error in await self._refusals.resolve(take, again):
            self.failure = error
            self.left_open += 1

    async def _passes(self, work: WorkItem, error: RefusedItemError, of_many: bool) -> bool:
        """Return whether the store has let another object pass since an item was refused."""
        if error.side is Side.SOURCE:
            return await may_read_others(self._source, work.item.source, self._fetcher.last_read)
        return self._putter.created > error.created or (not of_many and await self._may_create(work))

    async def _outcome(
        self,
        work: WorkItem,
        announced: Callable[[WorkItem], Awaitable[None]],
        watch: Stopwatch,
        kept: AsyncExitStack,
    ) -> Outcome:
        planned = item = work.item
        try:
            self._check(item)
            if self._rules.live:
                watch.turn(Phase.FETCH)
                item = await self._fetcher.live(item)
                watch.turn(Phase.WAITING)
                self._check(item)
                work = replace(work, item=item)
            async with self._admission.body(self._held(item)) as grant:
                await announced(work)
                tries = Tries()
                watch.turn(Phase.FETCH)
                fetched = await self._fetcher.fetch(item)
                try:
                    verdict = await self._render(item, fetched.body, grant, tries, watch, kept)
                    if fetched.part and isinstance(verdict, Refused) and verdict.reason in _OF_ALL_BYTES:
                        fetched.body.close()
                        watch.turn(Phase.FETCH)
                        again = await self._fetcher.fetch_whole(item)
                        fetched = replace(again, read=fetched.read + again.read)
                        verdict = await self._render(item, fetched.body, grant, tries, watch, kept)
                    if fetched.body.has_changed():  # whatever the verdict is, it can be on a mixture
                        raise await self._fetcher.vanished(item)
                finally:
                    fetched.body.close()
        except UnfitError as unfit:
            outcome = refusal(work.shard, work.index, unfit.reason, unfit.detail, source_bytes=unfit.source_bytes)
            return replace(outcome, unchecked=unfit.unchecked)
        if isinstance(verdict, Refused):
            outcome = refusal(work.shard, work.index, verdict.reason, verdict.detail)
        else:
            watch.turn(Phase.PUT)
            outcome = await self._putter.put(work, verdict)
            if outcome.status is Status.DONE:
                remarks = (verdict.remark, self._putter.metadata_remark(item))
                outcome = replace(outcome, detail="; ".join(filter(None, remarks)))
        return _of_planned(replace(outcome, source_bytes=fetched.read, unchecked=not fetched.checked), planned)

    def _held(self, item: Item) -> int:
        """Return for how many bytes of memory an item's body must wait."""
        if self._is_local:
            # The task holds no byte of it, but what it opens ahead should stay in the system's memory.
            return min(item.size, self._admission.largest_of_several)
        # A compressed object can grow up to the limit, so it has the task to itself.
        # So has an object that is too large to hold: a part of it might be enough.
        most = self._admission.largest_body
        return most if item.encoding == "gzip" else min(item.size, most)

    def _check(self, item: Item) -> None:
        """Raise UnfitError if the item is unfit for a reason that shows before any byte is read."""
        if not item.decodable:
            raise UnfitError(Reason.UNSUPPORTED, "thumbrun does not open images of this format")
        if problem := self._putter.name_problem(item):
            raise UnfitError(Reason.NAME_INVALID, problem)
        if item.size > self._rules.max_bytes:
            limit = f"--max-bytes / THUMBRUN_MAX_BYTES is {self._rules.max_bytes:,}"
            raise UnfitError(Reason.TOO_LARGE, f"it has {item.size:,} bytes; {limit}")

    async def _render(
        self, item: Item, body: Body, grant: MemoryGrant, tries: Tries, watch: Stopwatch, kept: AsyncExitStack
    ) -> Rendered | Refused:
        return await render_granted(self._renderer, body, partial(self._request, item), grant, tries, watch, kept)

    def _request(self, item: Item, memory: int) -> Request:
        recipe = self._rules.recipe
        return Request(
            width=recipe.width,
            height=recipe.height,
            output_format=item.output_format,
            quality=recipe.quality_of(item.output_format),
            max_pixels=self._rules.max_pixels,
            memory=memory,
            claimed=item.format is not None,
            smaller=recipe.smaller,
            further=tuple(Encoding(name, recipe.quality_of(name)) for name in recipe.further),
            shape=recipe.shape,
            placeholder=self._rules.placeholder,
            animated=recipe.keeps_animations,
        )


def _of_planned(outcome: Outcome, item: Item) -> Outcome:
    """Return the outcome of an item without the generation that it was made of if that is the planned one."""
    return replace(outcome, made_of="") if outcome.made_of == item.generation else outcome


async def _nothing_known(_: WorkItem) -> bool:
    return False
