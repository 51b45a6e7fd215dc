"""Fetch, render, put: one item after the other side by side, bounded; what comes out is an outcome each.

Only what lies with the image or its object becomes an outcome. A store that fails leaves the item open, so that
another attempt does it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace

from thumbrun.concurrency import BoundedGroup
from thumbrun.decoding.body import Body
from thumbrun.decoding.pool import Renderer
from thumbrun.imaging.geometry import around
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Outcome, Reason, refusal
from thumbrun.planning.plan import Item
from thumbrun.storage.base import (
    BucketNotFoundError,
    DeniedError,
    Store,
    StoreError,
    UnauthenticatedError,
)
from thumbrun.task.admission import Admission, MemoryGrant
from thumbrun.task.fetch import Fetcher, FetchLimits, SourceDeniedError, UnfitError
from thumbrun.task.item_rules import ItemRules
from thumbrun.task.put import Putter
from thumbrun.task.work_item import WorkItem

_OF_ALL_BYTES = (Reason.UNREADABLE, Reason.TRUNCATED)  # what is said of an image only after all of it was checked
_FAILURES_IN_A_ROW = 8  # items that a failing store leaves open before the task gives up


class _Decoding:
    """The decoding of one item: announced before it begins; `over` is set once nothing of the item is decoded."""

    def __init__(self, announce: Callable[[WorkItem], Awaitable[None]]) -> None:
        self.announce = announce
        self.over = asyncio.Event()


class Pipeline:
    """Works items, bounded in number and in bytes.

    Attributes:
        failure: The last error of a store that left an item open, or None.
        left_open: How many items were left open.
        items_at_once: How many are begun and not finished, at most.
    """

    def __init__(
        self,
        source: Store,
        output: Store,
        renderer: Renderer,
        admission: Admission,
        rules: ItemRules,
        *,
        items_at_once: int,
    ) -> None:
        """Prepare.

        Args:
            source: Where items are read.
            output: Where thumbnails go.
            renderer: Decodes and encodes.
            admission: Bounds the bytes.
            rules: What all items have in common.
            items_at_once: Bounds their number; enough to keep the store's requests and the workers busy.
        """
        self._renderer = renderer
        self._admission = admission
        self._rules = rules
        self.items_at_once = items_at_once
        self._denied: list[tuple[WorkItem, SourceDeniedError]] = []
        self._putter = Putter(output, rules, source.uri)
        limits = FetchLimits(
            *around(rules.recipe.boxes),
            rules.max_pixels,
            min(rules.max_bytes, admission.largest_body),
            admission.largest_body,
        )
        self._fetcher = Fetcher(source, renderer, limits)
        self._in_a_row = 0
        self.failure: StoreError | None = None
        self.left_open = 0

    async def run(
        self,
        works: AsyncIterator[WorkItem],
        take: Callable[[Outcome], None],
        announced: Callable[[WorkItem], Awaitable[None]],
    ) -> None:
        """Work all items; `take` gets each outcome.

        Args:
            works: The items; may end early when the task is told to stop.
            take: Must not raise.
            announced: Awaited right before an item is opened, once its bytes are there.

        Raises:
            StoreError: The store fails for good, or for many items in a row.
        """

        async def side_by_side(works: AsyncIterator[WorkItem]) -> None:
            async with BoundedGroup(self.items_at_once) as group:
                async for work in works:
                    await group.start(self._work(work, take, _Decoding(announced)))

        await side_by_side(works)
        await self._resolve_denied(take, side_by_side)

    async def run_alone(
        self,
        works: AsyncIterator[WorkItem],
        take: Callable[[Outcome], None],
        announce: Callable[[WorkItem], Awaitable[None]],
    ) -> None:
        """Work suspects one by one: while one is open, nothing else is fetched or decoded.

        Args:
            works: The items.
            take: As for `run`.
            announce: As `announced` for `run`.

        Raises:
            StoreError: As for `run`.
        """

        async def one_by_one(works: AsyncIterator[WorkItem]) -> None:
            async with BoundedGroup(2) as group:  # while one thumbnail is being written, the next item is fetched
                async for work in works:
                    decoding = _Decoding(announce)
                    await group.start(self._work(work, take, decoding))
                    await decoding.over.wait()

        await one_by_one(works)
        await self._resolve_denied(take, one_by_one)

    async def existing_outcome(self, work: WorkItem) -> Outcome | None:
        """Return the outcome of an item that needs no opening: it cannot have a thumbnail, or its name is taken."""
        try:
            self._check(work.item)
        except UnfitError as unfit:
            return refusal(work.shard, work.index, unfit.reason, unfit.detail)
        return await self._putter.existing_outcome(work)

    async def _work(self, work: WorkItem, take: Callable[[Outcome], None], decoding: _Decoding) -> None:
        try:
            outcome = await self._outcome(work, decoding)
        except SourceDeniedError as error:
            self._denied.append((work, error))
            if len(self._denied) % _FAILURES_IN_A_ROW == 0 and not await self._fetcher.may_read(work.item):
                raise
        except (UnauthenticatedError, BucketNotFoundError, DeniedError):
            raise
        except StoreError as error:
            self.failure = error
            self.left_open += 1
            self._in_a_row += 1
            if self._in_a_row >= _FAILURES_IN_A_ROW:
                raise
        else:
            self._in_a_row = 0
            take(outcome)
        finally:
            decoding.over.set()

    async def _resolve_denied(
        self, take: Callable[[Outcome], None], again: Callable[[AsyncIterator[WorkItem]], Awaitable[None]]
    ) -> None:
        """Give items that may not be read an outcome if others can be; else the bucket refuses, not the object.

        A role may have been away for a while, so the items are worked once more, between two looks at another object.
        """
        others = await self._others_may_be_read()
        if others:
            denied, self._denied = self._denied, []
            await again(_each([work for work, _ in denied]))
            others = await self._others_may_be_read()
        for work, error in self._denied:
            if others:
                take(refusal(work.shard, work.index, Reason.SOURCE_DENIED, str(error)))
            else:
                self.failure = error
                self.left_open += 1
        self._denied.clear()

    async def _others_may_be_read(self) -> bool:
        return bool(self._denied) and await self._fetcher.may_read(self._denied[0][0].item)

    async def _outcome(self, work: WorkItem, decoding: _Decoding) -> Outcome:
        item = work.item
        try:
            self._check(item)
            # What is stored compressed may grow to anything within the limit, so it has the task to itself.
            # So has what is too large to be held whole, of which a part may do.
            most = self._admission.largest_body
            held = most if item.encoding == "gzip" else min(item.size, most)
            async with self._admission.body(held) as grant:
                fetched = await self._fetcher.fetch(item)
                try:
                    await decoding.announce(work)
                    verdict = await self._render(item, fetched.body, grant)
                    if fetched.part and isinstance(verdict, Refused) and verdict.reason in _OF_ALL_BYTES:
                        fetched.body.close()
                        again = await self._fetcher.fetch_whole(item)
                        fetched = replace(again, read=fetched.read + again.read)
                        verdict = await self._render(item, fetched.body, grant)
                finally:
                    fetched.body.close()
            decoding.over.set()
        except UnfitError as unfit:
            outcome = refusal(work.shard, work.index, unfit.reason, unfit.detail, source_bytes=unfit.source_bytes)
            return replace(outcome, unchecked=unfit.unchecked)
        if isinstance(verdict, Refused):
            outcome = refusal(work.shard, work.index, verdict.reason, verdict.detail)
        else:
            outcome = await self._putter.put(work, verdict)
        return replace(outcome, source_bytes=fetched.read, unchecked=not fetched.checked)

    def _check(self, item: Item) -> None:
        """Raise UnfitError for what needs no byte to be read."""
        if not item.decodable:
            raise UnfitError(Reason.UNSUPPORTED, "thumbrun opens no images of this format")
        if problem := self._putter.name_problem(item):
            raise UnfitError(Reason.NAME_INVALID, problem)
        if item.size > self._rules.max_bytes:
            raise UnfitError(Reason.TOO_LARGE, f"{item.size:,} bytes, max-bytes is {self._rules.max_bytes:,}")

    async def _render(self, item: Item, body: Body, grant: MemoryGrant) -> Rendered | Refused:
        """Decode with what is enough for nearly all; wait for more where the header, or the decoder, takes more."""
        needed = grant.first
        while needed <= grant.most:
            async with grant.decoding(needed):
                verdict = await self._renderer.render(body, self._request(item, needed))
            if isinstance(verdict, NeedsMemory):
                if verdict.bytes <= needed:
                    raise AssertionError(f"{verdict.bytes} bytes wanted, {needed} given")
                needed = verdict.bytes
            elif isinstance(verdict, Refused) and verdict.reason is Reason.OUT_OF_MEMORY and needed < grant.share:
                needed = grant.share
            else:
                return verdict
        return Refused(
            Reason.OUT_OF_MEMORY, f"decoding takes {needed:,} bytes, the memory setting leaves {grant.most:,}"
        )

    def _request(self, item: Item, memory: int) -> Request:
        recipe = self._rules.recipe
        return Request(
            width=recipe.width,
            height=recipe.height,
            output_format=item.output_format,
            quality=recipe.quality,
            max_pixels=self._rules.max_pixels,
            memory=memory,
            claimed=item.format is not None,
            smaller=recipe.smaller,
        )


async def _each(works: Iterable[WorkItem]) -> AsyncIterator[WorkItem]:
    for work in works:
        yield work
