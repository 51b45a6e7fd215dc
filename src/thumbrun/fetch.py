"""Read an item's bytes, at its planned generation and as its checksum says, or say why they cannot be had."""

import asyncio
import zlib

import google_crc32c

from thumbrun.imaging.body import Body
from thumbrun.imaging.workers import Renderer
from thumbrun.outcomes import Reason
from thumbrun.planning.plan import Item
from thumbrun.storage.base import DeniedError, NotFoundError, Store, StoreError, TransientError

_OTHERS = 10  # objects of a folder that are looked at, to tell an object that may not be read from a bucket
_DAMAGED_READS = 3  # bodies that do not match their checksum before the object counts as damaged


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


class UnfitError(Exception):
    """The item has an outcome already: it lies with its object."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.source_bytes = 0


class SourceDeniedError(StoreError):
    """An object may not be read: its own fault, or its bucket's, as the other items will show."""


class Fetcher:
    """Reads the bodies of items."""

    def __init__(self, source: Store, workers: Renderer, most_bytes: int) -> None:
        """Prepare.

        Args:
            source: Where items are read.
            workers: Keep the bodies.
            most_bytes: That a body may have once it is decompressed.
        """
        self._source = source
        self._workers = workers
        self._most_bytes = most_bytes
        self._last_read: str | None = None

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
            return await self._may_look(self._last_read)
        others: list[str] = []
        for prefix in dict.fromkeys((denied.source[: denied.source.rfind("/") + 1], "")):
            page = await self._source.page(prefix, limit=_OTHERS)
            others += [entry.name for entry in page.entries if entry.name != denied.source]
        answers = await asyncio.gather(*(self._may_look(name) for name in others))
        self._last_read = next((name for name, may in zip(others, answers, strict=True) if may), None)
        return self._last_read is not None

    async def _may_look(self, name: str) -> bool:
        try:
            await self._source.stat(name)
        except DeniedError:
            return False
        return True

    async def fetch(self, item: Item, body: Body) -> Body:
        """Read the planned generation whole and check it; return the body to decode.

        Raises:
            UnfitError: It cannot be had: replaced, deleted, or damaged in the store.
            TransientError: It comes damaged, and otherwise each time.
        """
        came: set[int] = set()
        for _ in range(_DAMAGED_READS):
            sink = _CheckedSink(body)
            try:
                await self._source.read(item.source, sink, generation=item.generation)
            except NotFoundError as error:
                raise await self._vanished(item) from error
            except DeniedError as error:
                raise SourceDeniedError(str(error), hint=error.hint) from error
            self._last_read = item.source
            if item.crc32c is None or item.crc32c == sink.crc32c:
                return self._decompressed(item, body) if item.encoding == "gzip" else body
            came.add(sink.crc32c)
        if len(came) > 1:  # other bytes each time: the way here is to blame, and another attempt may do better
            raise TransientError(f"{self._source.uri(item.source)} comes with other bytes each time it is read")
        unfit = UnfitError(Reason.SOURCE_DAMAGED, f"crc32c {sink.crc32c:08x}, the listing says {item.crc32c:08x}")
        unfit.source_bytes = sink.size * _DAMAGED_READS
        raise unfit

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
        most = self._most_bytes
        decompressor = zlib.decompressobj(wbits=31)
        try:
            content = decompressor.decompress(body.read(), most)
        except zlib.error as error:
            raise UnfitError(Reason.UNREADABLE, f"stored with contentEncoding gzip, but is none: {error}") from error
        if decompressor.unconsumed_tail:
            raise UnfitError(Reason.TOO_LARGE, f"more than {most:,} bytes when decompressed")
        if not decompressor.eof:
            raise UnfitError(Reason.TRUNCATED, "its gzip stream ends early")
        plain = self._workers.body(len(content))
        plain.write(content)
        body.close()
        return plain
