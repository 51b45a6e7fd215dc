"""Fetch, render, put: one item after the other side by side, bounded; what comes out is an outcome each.

Only what lies with the image or its object becomes an outcome. A store that fails leaves the item open, so that
another attempt does it.
"""

import hashlib
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import google_crc32c

from thumbrun import formats
from thumbrun.admission import Admission, Hold
from thumbrun.concurrency import BoundedGroup
from thumbrun.imaging.body import Body
from thumbrun.imaging.recipe import Recipe
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.imaging.workers import Workers
from thumbrun.outcomes import Outcome, Reason, Status, refusal
from thumbrun.planning.plan import Item
from thumbrun.planning.select import RUN_MARK
from thumbrun.storage.base import (
    BucketNotFoundError,
    DamagedError,
    DeniedError,
    Entry,
    ExistsError,
    NameRefusedError,
    NotFoundError,
    Store,
    StoreError,
    UnauthenticatedError,
)

SOURCE_MARK = "thumbrun-source"
GENERATION_MARK = "thumbrun-source-generation"
RECIPE_MARK = "thumbrun-recipe"

_DAMAGED_READS = 3  # bodies that do not match their checksum before the object counts as damaged
_FAILURES_IN_A_ROW = 8  # items that a failing store leaves open before the task gives up
_LOOKS = 3  # creates that are refused with nothing there before it counts as a missing permission


@dataclass(frozen=True, slots=True)
class Work:
    """One item to be worked.

    Attributes:
        shard: The number of its shard.
        index: Its index in the shard.
        item: The item.
        look_first: Whether its thumbnail may well be there, so that a look saves fetching.
    """

    shard: int
    index: int
    item: Item
    look_first: bool = False


@dataclass(frozen=True, slots=True)
class Making:
    """What every item of a run has in common.

    Attributes:
        run_id: The run.
        folder: The prefix of its thumbnails in the output store, ending in `/`.
        recipe: What to make.
        max_pixels: Of one image.
        max_bytes: Of one object.
        cache_control: Header of the thumbnails, or None.
        hash_source: Whether the thumbnails carry a hash instead of the source's name.
    """

    run_id: str
    folder: str
    recipe: Recipe
    max_pixels: int
    max_bytes: int
    cache_control: str | None = None
    hash_source: bool = False


class _CheckedSink:
    """Passes bytes on to a body, counting them and their crc32c."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self.size = 0
        self.crc32c = 0

    def reset(self) -> None:
        self._body.reset()
        self.size = self.crc32c = 0

    def write(self, chunk: bytes) -> None:
        self._body.write(chunk)
        self.size += len(chunk)
        self.crc32c = google_crc32c.extend(self.crc32c, chunk)


class _UnfitError(Exception):
    """The item has an outcome already: it lies with its object."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.source_bytes = 0


class _SourceDeniedError(StoreError):
    """An object may not be read: its own fault, or its bucket's, as the other items will show."""


class Pipeline:
    """Works items, bounded in number and in bytes.

    Attributes:
        failure: The last error of a store that left an item open, or None.
        left_open: How many items were left open.
    """

    def __init__(
        self,
        source: Store,
        output: Store,
        workers: Workers,
        admission: Admission,
        making: Making,
        *,
        items_at_once: int,
    ) -> None:
        """Prepare.

        Args:
            source: Where items are read.
            output: Where thumbnails go.
            workers: Decode and encode.
            admission: Bounds the bytes.
            making: What all items have in common.
            items_at_once: Bounds their number; enough to keep the store's requests and the workers busy.
        """
        self._source = source
        self._output = output
        self._workers = workers
        self._admission = admission
        self._making = making
        self._recipe_digest = making.recipe.digest()
        self._items_at_once = items_at_once
        self._denied: list[tuple[Work, _SourceDeniedError]] = []
        self._reads = 0
        self._in_a_row = 0
        self.failure: StoreError | None = None
        self.left_open = 0

    async def run(self, works: AsyncIterator[Work], take: Callable[[Outcome], None]) -> None:
        """Work all items; `take` gets each outcome.

        Args:
            works: The items; may end early when the task is told to stop.
            take: Must not raise.

        Raises:
            StoreError: The store fails for good, or for many items in a row.
        """
        async with BoundedGroup(self._items_at_once) as group:
            async for work in works:
                await group.start(self._work(work, take))
        self._settle_denied(take)

    async def _work(self, work: Work, take: Callable[[Outcome], None]) -> None:
        try:
            outcome = await self._outcome(work)
        except _SourceDeniedError as error:
            self._denied.append((work, error))
            if not self._reads and len(self._denied) >= _FAILURES_IN_A_ROW:
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

    def _settle_denied(self, take: Callable[[Outcome], None]) -> None:
        """Give items that may not be read an outcome if others could be; else the bucket refuses, not the object."""
        for work, error in self._denied:
            if self._reads:
                take(refusal(work.shard, work.index, Reason.SOURCE_DENIED, str(error)))
            else:
                self.failure = error
                self.left_open += 1
        self._denied.clear()

    async def _outcome(self, work: Work) -> Outcome:
        item = work.item
        try:
            self._check(item)
            if work.look_first and (existing := await self._output.stat(self._name(item))):
                return self._existing(work, existing, 0)
            async with self._admission.body(item.size) as hold:
                body = self._workers.body(item.size)
                try:
                    body = await self._fetch(item, body)
                    verdict = await self._render(item, body, hold)
                finally:
                    body.close()
        except _UnfitError as unfit:
            return refusal(work.shard, work.index, unfit.reason, unfit.detail, source_bytes=unfit.source_bytes)
        if isinstance(verdict, Refused):
            return refusal(work.shard, work.index, verdict.reason, verdict.detail, source_bytes=item.size)
        return await self._put(work, verdict)

    def _check(self, item: Item) -> None:
        """Raise _UnfitError for what needs no byte to be read."""
        if not item.opened:
            raise _UnfitError(Reason.UNSUPPORTED, "thumbrun opens no images of this format")
        if problem := self._output.name_problem(self._name(item)):
            raise _UnfitError(Reason.NAME_INVALID, problem)
        if item.size > self._making.max_bytes:
            raise _UnfitError(Reason.TOO_LARGE, f"{item.size:,} bytes, max-bytes is {self._making.max_bytes:,}")
        if item.size > self._admission.largest_body:
            raise _UnfitError(
                Reason.OUT_OF_MEMORY,
                f"{item.size:,} bytes, of which the memory setting can hold {self._admission.largest_body:,}",
            )

    def _name(self, item: Item) -> str:
        return self._making.folder + item.output

    async def _fetch(self, item: Item, body: Body) -> Body:
        """Read the planned generation whole and check it; return the body to decode.

        Raises:
            _UnfitError: It cannot be had: replaced, deleted, or damaged in the store.
        """
        for _ in range(_DAMAGED_READS):
            sink = _CheckedSink(body)
            try:
                await self._source.read(item.source, sink, generation=item.generation)
            except NotFoundError as error:
                raise await self._vanished(item) from error
            except DeniedError as error:
                raise _SourceDeniedError(str(error), hint=error.hint) from error
            self._reads += 1
            if item.crc32c is None or item.crc32c == sink.crc32c:
                return self._decompressed(item, body) if item.encoding == "gzip" else body
        unfit = _UnfitError(Reason.SOURCE_DAMAGED, f"crc32c {sink.crc32c:08x}, the listing says {item.crc32c:08x}")
        unfit.source_bytes = sink.size * _DAMAGED_READS
        raise unfit

    async def _vanished(self, item: Item) -> Exception:
        """Say why the planned generation cannot be read."""
        live = await self._source.stat(item.source)
        if live is None:
            return _UnfitError(Reason.SOURCE_GONE, "it was deleted after the plan was made")
        if live.generation != item.generation:
            return _UnfitError(
                Reason.SOURCE_CHANGED, f"generation {item.generation} was planned, {live.generation} is live"
            )
        return StoreError(f"{self._source.uri(item.source)} is there, yet reading it says that it is not")

    def _decompressed(self, item: Item, body: Body) -> Body:
        """Undo the compression that the object is stored under, within the bytes that one image may have."""
        most = min(self._making.max_bytes, self._admission.largest_body)
        decompressor = zlib.decompressobj(wbits=31)
        try:
            content = decompressor.decompress(body.read(), most)
        except zlib.error as error:
            raise _UnfitError(Reason.UNREADABLE, f"stored with contentEncoding gzip, but is none: {error}") from error
        if decompressor.unconsumed_tail:
            raise _UnfitError(Reason.TOO_LARGE, f"more than {most:,} bytes when decompressed")
        if not decompressor.eof:
            raise _UnfitError(Reason.TRUNCATED, "its gzip stream ends early")
        plain = self._workers.body(len(content))
        plain.write(content)
        body.close()
        return plain

    async def _render(self, item: Item, body: Body, hold: Hold) -> Rendered | Refused:
        """Decode with what is usually enough; wait for more where the header says that it takes more."""
        needed = hold.share
        while needed <= hold.most:
            async with hold.decoding(needed):
                verdict = await self._workers.render(body, self._request(item, needed))
            if not isinstance(verdict, NeedsMemory):
                return verdict
            if verdict.bytes <= needed:
                raise AssertionError(f"{verdict.bytes} bytes wanted, {needed} given")
            needed = verdict.bytes
        return Refused(
            Reason.OUT_OF_MEMORY, f"decoding takes {needed:,} bytes, the memory setting leaves {hold.most:,}"
        )

    def _request(self, item: Item, memory: int) -> Request:
        recipe = self._making.recipe
        return Request(
            width=recipe.width,
            height=recipe.height,
            output_format=item.output_format,
            quality=recipe.quality,
            max_pixels=self._making.max_pixels,
            memory=memory,
            claimed=item.format is not None,
        )

    async def _put(self, work: Work, rendered: Rendered) -> Outcome:
        """Create the thumbnail; where the name is taken, or creating is refused, see what is there."""
        item = work.item
        refused: StoreError | None = None
        for _ in range(_LOOKS):
            try:
                await self._output.create(
                    self._name(item),
                    rendered.data,
                    content_type=formats.media_type_of(item.output_format),
                    metadata=self._marks(item),
                    cache_control=self._making.cache_control,
                )
            except DamagedError as error:
                return refusal(work.shard, work.index, Reason.OUTPUT_DAMAGED, str(error), source_bytes=item.size)
            except NameRefusedError as error:
                return refusal(work.shard, work.index, Reason.NAME_INVALID, str(error), source_bytes=item.size)
            except (ExistsError, DeniedError) as error:
                refused = error
                if existing := await self._output.stat(self._name(item)):
                    return self._existing(work, existing, item.size)
            else:
                return Outcome(
                    work.shard,
                    work.index,
                    Status.DONE,
                    source_bytes=item.size,
                    output_bytes=len(rendered.data),
                    width=rendered.width,
                    height=rendered.height,
                )
        if isinstance(refused, DeniedError):
            raise refused
        raise StoreError(f"{self._output.uri(self._name(item))} can be neither created nor seen") from refused

    def _existing(self, work: Work, existing: Entry, source_bytes: int) -> Outcome:
        """Return the outcome where the thumbnail's name is taken: done if it is this very thumbnail."""
        marks = self._marks(work.item)
        if all(existing.metadata.get(key) == value for key, value in marks.items()):
            return Outcome(work.shard, work.index, Status.DONE, source_bytes=source_bytes, output_bytes=existing.size)
        owner = existing.metadata.get(RUN_MARK)
        detail = f"it holds another thumbnail of run {owner}" if owner else "it holds an object that is not thumbrun's"
        return refusal(work.shard, work.index, Reason.NAME_TAKEN, detail, source_bytes=source_bytes)

    def _marks(self, item: Item) -> dict[str, str]:
        source = self._source.uri(item.source)
        if self._making.hash_source:
            source = hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()
        return {
            RUN_MARK: self._making.run_id,
            SOURCE_MARK: source,
            GENERATION_MARK: item.generation,
            RECIPE_MARK: self._recipe_digest,
        }
