"""Reads the bytes of an item at its planned generation, or says why it cannot.

thumbrun reads a small object whole, in one request. Of a larger object it reads the first bytes, and then the parts
that a thumbnail needs according to these. It does so in few requests, because each one waits for the store. If large
JPEG files keep needing all their bytes, thumbrun reads them whole at once (see `peek_policy`). It checks every object
that it has read whole, in one request or in several.

Of a local file it reads nothing: the decoding process gets the open file, and reads what it needs.
"""

import contextlib
from dataclasses import dataclass

from thumbrun.decoding.body import Body
from thumbrun.decoding.pool import Renderer
from thumbrun.imaging import sniff
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.partial import dispatch
from thumbrun.imaging.partial.known_bytes import KnownBytes, MissingError
from thumbrun.imaging.partial.part import Part
from thumbrun.imaging.request import too_many_pixels
from thumbrun.imaging.shape import Shape
from thumbrun.outcomes import Reason
from thumbrun.planning.plan import Item
from thumbrun.planning.shards import READ_AT_ONCE
from thumbrun.runs.object_metadata import own_metadata
from thumbrun.storage.base import (
    BytesSink,
    Chunk,
    DeniedError,
    LostError,
    NotFoundError,
    ObjectRefusedError,
    Sink,
    Store,
    StoreError,
    TransientError,
)
from thumbrun.task.checked_sink import CheckedSink, HeadCheck
from thumbrun.task.decompress import decompressed
from thumbrun.task.item_faults import item_faults
from thumbrun.task.peek_policy import PeekPolicy
from thumbrun.task.refusals import RefusedItemError, Side
from thumbrun.task.unfit import UnfitError

# The first bytes to read. They hold the header of nearly every image, and all that a thumbnail needs of many
# progressive JPEGs and GIFs.
_FIRST = {"gif": 32 * 1024, "tiff": 16 * 1024}
_FIRST_OF_OTHERS = 64 * 1024
_MOST_STEPS = 12  # reads of one object; pyramids with many levels need many, photographs one to three
# The largest part to read, as a fraction of the object and of the memory for it. Beyond that, thumbrun reads all of the
# object and checks it. A part is held twice: as it arrived, and as the file that is made of it, which can be twice as
# large (`part.Part`). Together they are never larger than what admission counts for the object.
_LARGEST_PART = 1 / 3
_DAMAGED_READS = 3  # reads that do not match the checksum before the object counts as damaged


@dataclass(slots=True)
class Fetched:
    """The bytes that were read of an item. The caller closes `body`.

    Attributes:
        body: The bytes to decode: the object, decompressed, or a shorter file that holds all that a thumbnail needs.
        read: The number of bytes that were read for it.
        checked: Whether they are the whole object and match its checksum.
        part: Whether they are only a part of the object.
    """

    body: Body
    read: int
    checked: bool
    part: bool


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """The size of the thumbnails, and the limits within which items are read.

    Attributes:
        boxes: The boxes of the thumbnails.
        shape: How pictures fit them.
        max_pixels: The most pixels of one image.
        local: Whether the items are local files, which decoding processes read themselves.
        most_bytes: The most bytes of a body once it is decompressed.
        most_held: The most bytes of a body in memory.
        animated: Whether thumbnails show all frames of an animation, so that a GIF is needed whole.
        keeps_metadata: Whether thumbnails keep the source's own metadata.
    """

    boxes: tuple[Box, ...]
    shape: Shape
    max_pixels: int
    local: bool
    most_bytes: int
    most_held: int
    animated: bool = False
    keeps_metadata: bool = False


class Fetcher:
    """Reads the bodies of items.

    Attributes:
        last_read: The name of the object that was read last, or None.
    """

    def __init__(self, source: Store, renderer: Renderer, limits: FetchLimits) -> None:
        """Set up the fetcher; nothing is read yet.

        Args:
            source: The store of the items.
            renderer: Provides the bodies to write to.
            limits: The size of the thumbnails, and the limits within which items are read.
        """
        self._source = source
        self._renderer = renderer
        self._limits = limits
        self.last_read: str | None = None
        self._peeks = PeekPolicy()

    async def live(self, item: Item) -> Item:
        """Return an item with its live generation in place of the planned one.

        Raises:
            UnfitError: The object was deleted.
        """
        entry = await self._source.stat(item.source)
        if entry is None:
            raise UnfitError(Reason.SOURCE_GONE, f"generation {item.generation} was planned, none is live now")
        if entry.generation == item.generation:
            return item
        return item._replace(
            generation=entry.generation,
            size=entry.size,
            crc32c=entry.crc32c,
            encoding=entry.content_encoding,
            metadata=own_metadata(entry.metadata) if self._limits.keeps_metadata else (),
        )

    async def fetch(self, item: Item) -> Fetched:
        """Read the bytes that a thumbnail needs of the planned generation; check them if they are the whole object.

        Raises:
            UnfitError: The object was replaced or deleted, is damaged in the store, or declares more than is allowed.
            TransientError: The object arrives damaged, and differently each time.
        """
        if item.size <= READ_AT_ONCE or item.encoding == "gzip" or self._limits.local:
            return await self.fetch_whole(item)
        try:
            if item.size <= self._limits.most_held and not self._should_peek(item):
                return await self.fetch_whole(item, check_head=self._head_check(item))
            known = KnownBytes(item.size)
            fetched = await self._fetch_part(item, known)
        except UnfitError:
            self._peeks.record(item.format, saved=True)  # the rest did not have to be read
            raise
        self._peeks.record(item.format, saved=fetched is not None)
        return fetched or await self.fetch_whole(item, known.head)

    def _head_check(self, item: Item) -> HeadCheck:
        """Return a check that ends a read as soon as the first bytes declare too many pixels."""

        def check_head(chunk: Chunk) -> None:
            # The decoding process checks what is not known yet.
            with contextlib.suppress(MissingError), item_faults(MissingError, UnfitError):
                self._check_pixels(KnownBytes(item.size, bytes(chunk[:_FIRST_OF_OTHERS])))

        return check_head

    async def _fetch_part(self, item: Item, known: KnownBytes) -> Fetched | None:
        """Read the parts that a thumbnail needs, into `known`; return None if it is better to read the whole object."""
        counted = min(item.size, self._limits.most_held)
        missing = (0, _FIRST.get(item.format or "", _FIRST_OF_OTHERS))
        for _ in range(_MOST_STEPS):
            if known.count + missing[1] - missing[0] > counted * _LARGEST_PART:
                break
            known.add(missing[0], await self._range(item, *missing))
            try:
                with item_faults(MissingError, UnfitError):
                    self._check_pixels(known)
                    part = self._part(known)
                if part is None:
                    break
            except MissingError as error:
                missing = error.start, error.end
            else:
                if known.count + part.size > counted:
                    break
                return Fetched(self._made(part), known.count, checked=False, part=True)
        return None

    def _should_peek(self, item: Item) -> bool:
        is_needed = self._limits.animated and item.format == "gif"
        return not is_needed and self._peeks.should_peek(item.format, item.size)

    def _part(self, known: KnownBytes) -> Part | None:
        """Return the part of an object that its thumbnails need, None if they need all of it.

        Raises:
            MissingError: More bytes are needed.
        """
        if self._limits.animated and sniff.format_of(known.head[: sniff.HEAD]) == "gif":
            return None
        return dispatch.partial_file(known, self._limits.boxes, self._limits.shape)

    def _made(self, part: Part) -> Body:
        body = self._renderer.body(part.size)
        try:
            with item_faults():
                for chunk in part.chunks():
                    body.write(chunk)
        except BaseException:
            body.close()
            raise
        return body

    async def _range(self, item: Item, start: int, end: int) -> bytes:
        sink = BytesSink()
        await self._read(item, sink, start, end)
        return sink.getvalue()

    def _check_pixels(self, known: KnownBytes) -> None:
        """Raise UnfitError if the header declares too many pixels, before the rest is read."""
        if (size := dispatch.declared_size(known)) and (refused := too_many_pixels(*size, self._limits.max_pixels)):
            unfit = UnfitError(refused.reason, refused.detail)
            unfit.source_bytes, unfit.unchecked = known.count, True
            raise unfit

    async def fetch_whole(self, item: Item, head: bytes = b"", check_head: HeadCheck | None = None) -> Fetched:
        """Read the whole planned generation and check it.

        Args:
            item: The item to read.
            head: The bytes that were read of it before, from the first one on.
            check_head: Called with the first bytes when they arrive; can raise an error to end the read.

        Raises:
            UnfitError, TransientError: As for `fetch`.
        """
        if item.size > self._limits.most_held and not self._limits.local:
            unfit = UnfitError(
                Reason.OUT_OF_MEMORY,
                f"the object has {item.size:,} bytes, --memory / THUMBRUN_MEMORY can hold {self._limits.most_held:,}",
            )
            unfit.source_bytes, unfit.unchecked = len(head), bool(head)
            raise unfit
        body = self._renderer.body(item.size)
        try:
            read, checked = await self._checked(item, body, head, check_head)
            whole = await self._plain(body) if item.encoding == "gzip" else body
        except BaseException:
            body.close()
            raise
        return Fetched(whole, read, checked=checked, part=False)

    async def _checked(self, item: Item, body: Body, head: bytes, check_head: HeadCheck | None) -> tuple[int, bool]:
        """Read an object into a body until it matches its checksum: the listing's, or else that of the answer.

        Returns:
            How many bytes were read, and whether there was a checksum.
        """
        checksums: set[int] = set()
        read = 0
        for _ in range(_DAMAGED_READS):
            sink = CheckedSink(body, item.size, head, check_head)
            stated = await self._read(item, sink, len(head), None)
            read += sink.size
            expected = stated if item.crc32c is None else item.crc32c
            if expected in (None, sink.crc32c):
                return read, expected is not None
            checksums.add(sink.crc32c)
            head = b""
        if len(checksums) > 1:  # the bytes differ, so the network damages them, and another attempt might succeed
            raise TransientError(f"{self._source.uri(item.source)} arrives with different bytes each time it is read")
        unfit = UnfitError(
            Reason.SOURCE_DAMAGED, f"its bytes have crc32c {sink.crc32c:08x}, Cloud Storage states {expected:08x}"
        )
        unfit.source_bytes = read
        raise unfit

    async def _read(self, item: Item, sink: Sink, start: int, end: int | None) -> int | None:
        """Read a range of the planned generation. Every range is of that generation, so two generations never mix.

        Returns:
            The crc32c of the whole object, if the store states it.

        Raises:
            UnfitError: The object was replaced or deleted.
            RefusedItemError: The object cannot be read, for good.
        """
        try:
            stated = await self._source.read(item.source, sink, generation=item.generation, start=start, end=end)
        except NotFoundError as error:
            raise await self.vanished(item) from error
        except ObjectRefusedError as error:
            if error.is_own:
                raise UnfitError(Reason.SOURCE_DENIED, str(error)) from error
            raise RefusedItemError(Side.SOURCE, Reason.SOURCE_DENIED, error) from error
        except DeniedError as error:
            raise RefusedItemError(Side.SOURCE, Reason.SOURCE_DENIED, error) from error
        except LostError as error:
            raise RefusedItemError(Side.SOURCE, Reason.SOURCE_DAMAGED, error) from error
        self.last_read = item.source
        return stated

    async def vanished(self, item: Item) -> Exception:
        """Return the error that says why the planned generation cannot be read."""
        live = await self._source.stat(item.source)
        if live is None:
            return UnfitError(Reason.SOURCE_GONE, f"generation {item.generation} was planned, none is live now")
        if live.generation != item.generation:
            return UnfitError(
                Reason.SOURCE_CHANGED, f"generation {item.generation} was planned, {live.generation} is live now"
            )
        return StoreError(f"{self._source.uri(item.source)} exists, but reading it fails as if it did not")

    async def _plain(self, body: Body) -> Body:
        """Decompress a body that is stored with gzip, and close it."""
        limits = self._limits
        plain = await decompressed(body, self._renderer.body, limits.most_bytes, limits.most_held - body.size)
        body.close()
        return plain
