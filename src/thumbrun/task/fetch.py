"""Read an item's bytes, at its planned generation, or say why they cannot be had.

Small objects are read whole at once, and checked. Of larger ones the first bytes are read, and then what these say is
needed, in few steps, for each of them waits for the store once; but where that keeps being all, it is read at once.
What is read whole after all is checked, too.
"""

import asyncio
import contextlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from crc32c import crc32c

from thumbrun.decoding.body import Body
from thumbrun.decoding.pool import Renderer
from thumbrun.imaging.partial import dispatch
from thumbrun.imaging.partial.known_bytes import KnownBytes, MissingError
from thumbrun.imaging.request import too_many_pixels
from thumbrun.outcomes import Reason
from thumbrun.planning.plan import Item
from thumbrun.storage.base import (
    BytesSink,
    Chunk,
    DeniedError,
    NotFoundError,
    Sink,
    Store,
    StoreError,
    TransientError,
)
from thumbrun.task.peek import PeekPolicy

# A request more costs 0.1 to 0.3 ms of processor time; the smallest photographs of this size take 6 ms to decode.
READ_AT_ONCE = 256 * 1024
# Holds the headers of nearly all images, and of many a progressive JPEG or GIF all that is needed.
_FIRST = {"gif": 32 * 1024, "tiff": 16 * 1024}
_FIRST_OF_OTHERS = 64 * 1024
_MOST_STEPS = 12  # of a pyramid with many levels; photographs take one to three
# Of an object, or of the memory for it; beyond, all of it is read and checked. A part is held three times: as it came,
# as the file that is made of it, and as the body.
_LARGEST_PART = 1 / 3
_OTHERS = 10  # objects of a folder that are looked at, to tell an object that may not be read from a bucket
_DAMAGED_READS = 3  # bodies that do not match their checksum before the object counts as damaged

HeadCheck = Callable[[Chunk], None]  # raises what ends a read


@dataclass(slots=True)
class Fetched:
    """What was read of an item, to be closed by whoever asked for it.

    Attributes:
        body: What to decode: the object, decompressed; or a shorter file that holds all that a thumbnail needs.
        read: Bytes that were read for it.
        checked: Whether they are the whole object and match its checksum.
        part: Whether they are a part of it.
    """

    body: Body
    read: int
    checked: bool
    part: bool


class _CheckedSink:
    """Passes bytes on to a body, behind those that are there, counting them and their crc32c.

    Args:
        body: Which they are written to.
        head: Those that are there.
        check_head: Is given the first bytes as they come, and may raise what ends the read.
    """

    def __init__(self, body: Body, head: bytes, check_head: HeadCheck | None) -> None:
        self._body = body
        self._head = head
        self._head_check = check_head
        self.reset()

    def reset(self) -> None:
        self._body.reset()
        self.size = self.crc32c = 0
        if self._head:
            self.write(self._head)

    def write(self, chunk: Chunk) -> None:
        if self._head_check is not None and not self.size:
            self._head_check(chunk)
        self._body.write(chunk)
        self.size += len(chunk)
        self.crc32c = crc32c(chunk, self.crc32c)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What is made of items, and within which limits.

    Attributes:
        width: Of the largest box, in pixels.
        height: As width.
        max_pixels: Of one image.
        most_bytes: That a body may have once it is decompressed.
        most_held: That a body may have in memory.
    """

    width: int
    height: int
    max_pixels: int
    most_bytes: int
    most_held: int


class UnfitError(Exception):
    """The item has an outcome already: it lies with its object."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.source_bytes = 0
        self.unchecked = False


class SourceDeniedError(StoreError):
    """An object may not be read: its own fault, or its bucket's, as the other items will show."""


class Fetcher:
    """Reads the bodies of items."""

    def __init__(self, source: Store, renderer: Renderer, limits: FetchLimits) -> None:
        """Prepare.

        Args:
            source: Where items are read.
            renderer: Keeps the bodies.
            limits: What is made of them, within which limits.
        """
        self._source = source
        self._renderer = renderer
        self._limits = limits
        self._last_read: str | None = None
        self._peeks = PeekPolicy()

    async def may_read(self, denied: Item) -> bool:
        """Whether another object may be looked at, which takes the same permission (`objects.get`) as to read it.

        It is the one that was read last; where none was, one of the first in the denied item's folder or in the
        bucket, for on a retry the denied ones may be all that is left.

        Args:
            denied: An item that may not be read.

        Raises:
            StoreError: The source fails otherwise.
        """
        if self._last_read is not None:
            return await self._may_stat(self._last_read)
        others: list[str] = []
        for prefix in dict.fromkeys((denied.source[: denied.source.rfind("/") + 1], "")):
            page = await self._source.page(prefix, limit=_OTHERS)
            others += [entry.name for entry in page.entries if entry.name != denied.source]
        answers = await asyncio.gather(*(self._may_stat(name) for name in others))
        self._last_read = next((name for name, may in zip(others, answers, strict=True) if may), None)
        return self._last_read is not None

    async def _may_stat(self, name: str) -> bool:
        try:
            await self._source.stat(name)
        except DeniedError:
            return False
        return True

    async def fetch(self, item: Item) -> Fetched:
        """Read what a thumbnail needs of the planned generation; what is read whole is checked.

        Raises:
            UnfitError: It cannot be had: replaced, deleted, damaged in the store; or it declares more than is allowed.
            TransientError: It comes damaged, and otherwise each time.
        """
        if item.size <= READ_AT_ONCE or item.encoding == "gzip":
            return await self.fetch_whole(item)
        try:
            if item.size <= self._limits.most_held and not self._peeks.should_peek(item.format, item.size):
                return await self.fetch_whole(item, check_head=self._head_check(item))
            known = KnownBytes(item.size)
            fetched = await self._fetch_part(item, known)
        except UnfitError:
            self._peeks.record(item.format, saved=True)  # the rest need not be read
            raise
        self._peeks.record(item.format, saved=fetched is not None)
        return fetched or await self.fetch_whole(item, known.head)

    def _head_check(self, item: Item) -> HeadCheck:
        """Return what ends a read as soon as the first bytes declare too many pixels."""

        def check_head(chunk: Chunk) -> None:
            with contextlib.suppress(MissingError):  # the decoding process will tell
                self._check_pixels(KnownBytes(item.size, bytes(chunk[:_FIRST_OF_OTHERS])))

        return check_head

    async def _fetch_part(self, item: Item, known: KnownBytes) -> Fetched | None:
        """Read what a thumbnail needs, None where that is too much to be read in parts; `known` tells what was read."""
        most = min(item.size, self._limits.most_held) * _LARGEST_PART
        missing = (0, _FIRST.get(item.format or "", _FIRST_OF_OTHERS))
        for _ in range(_MOST_STEPS):
            if known.count + missing[1] - missing[0] > most:
                break
            sink = BytesSink()
            await self._read(item, sink, *missing)
            known.add(missing[0], sink.getvalue())
            try:
                self._check_pixels(known)
                if (part := dispatch.partial_file(known, self._limits.width, self._limits.height)) is None:
                    break
            except MissingError as error:
                missing = error.start, error.end
            else:
                body = self._renderer.body(len(part))
                body.write(part)
                return Fetched(body, known.count, checked=False, part=True)
        return None

    def _check_pixels(self, known: KnownBytes) -> None:
        """Refuse a picture by its header, before all of it is read."""
        if (size := dispatch.declared_size(known)) and (refused := too_many_pixels(*size, self._limits.max_pixels)):
            unfit = UnfitError(refused.reason, refused.detail)
            unfit.source_bytes, unfit.unchecked = known.count, True
            raise unfit

    async def fetch_whole(self, item: Item, head: bytes = b"", check_head: HeadCheck | None = None) -> Fetched:
        """Read the planned generation whole and check it.

        Args:
            item: Whose.
            head: What was read of it before, from its first byte on.
            check_head: Is given its first bytes as they come, and may raise what ends the read.

        Raises:
            UnfitError, TransientError: As for `fetch`.
        """
        if item.size > self._limits.most_held:
            unfit = UnfitError(
                Reason.OUT_OF_MEMORY,
                f"{item.size:,} bytes, of which the memory setting can hold {self._limits.most_held:,}",
            )
            unfit.source_bytes, unfit.unchecked = len(head), bool(head)
            raise unfit
        body = self._renderer.body(item.size)
        try:
            read = await self._checked(item, body, head, check_head)
            whole = self._decompressed(item, body) if item.encoding == "gzip" else body
        except BaseException:
            body.close()
            raise
        return Fetched(whole, read, checked=item.crc32c is not None, part=False)

    async def _checked(self, item: Item, body: Body, head: bytes, check_head: HeadCheck | None) -> int:
        """Read an object into a body until it matches its checksum; return how many bytes that took."""
        came: set[int] = set()
        read = 0
        for _ in range(_DAMAGED_READS):
            sink = _CheckedSink(body, head, check_head)
            await self._read(item, sink, len(head), None)
            read += sink.size
            if item.crc32c is None or item.crc32c == sink.crc32c:
                return read
            came.add(sink.crc32c)
            head = b""
        if len(came) > 1:  # other bytes each time: the way here is to blame, and another attempt may do better
            raise TransientError(f"{self._source.uri(item.source)} comes with other bytes each time it is read")
        unfit = UnfitError(Reason.SOURCE_DAMAGED, f"crc32c {sink.crc32c:08x}, the listing says {item.crc32c:08x}")
        unfit.source_bytes = read
        raise unfit

    async def _read(self, item: Item, sink: Sink, start: int, end: int | None) -> None:
        """Read a range of the planned generation, as all others are, so that two never mix.

        Raises:
            UnfitError: It cannot be had: replaced or deleted.
        """
        try:
            await self._source.read(item.source, sink, generation=item.generation, start=start, end=end)
        except NotFoundError as error:
            raise await self._vanished(item) from error
        except DeniedError as error:
            raise SourceDeniedError(str(error), hint=error.hint) from error
        self._last_read = item.source

    async def _vanished(self, item: Item) -> Exception:
        """Say why the planned generation cannot be read."""
        live = await self._source.stat(item.source)
        if live is None:
            return UnfitError(Reason.SOURCE_GONE, "it was deleted after the plan was made")
        if live.generation != item.generation:
            return UnfitError(
                Reason.SOURCE_CHANGED, f"generation {item.generation} was planned, {live.generation} is live"
            )
        return StoreError(f"{self._source.uri(item.source)} is there, yet reading it says that it is not")

    def _decompressed(self, item: Item, body: Body) -> Body:
        """Undo the compression that the object is stored under, within the bytes that one image may have."""
        most = self._limits.most_bytes
        decompressor = zlib.decompressobj(wbits=31)
        try:
            content = decompressor.decompress(body.read(), most)
        except zlib.error as error:
            raise UnfitError(Reason.UNREADABLE, f"stored with contentEncoding gzip, but is none: {error}") from error
        if decompressor.unconsumed_tail:
            raise UnfitError(Reason.TOO_LARGE, f"more than {most:,} bytes when decompressed")
        if not decompressor.eof:
            raise UnfitError(Reason.TRUNCATED, "its gzip stream ends early")
        plain = self._renderer.body(len(content))
        plain.write(content)
        body.close()
        return plain
