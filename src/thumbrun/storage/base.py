"""The Store protocol: what thumbrun asks of a place where objects live, and what each promise means.

A store is one bucket or one folder. Names are its objects' full names, never URIs. Every method raises only the
errors of this module; which of them are worth another attempt is `retry`'s business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol

from thumbrun.errors import ThumbrunError

PAGE_LIMIT = 1000  # the most that Cloud Storage returns in one page of a listing


NO_METADATA: Mapping[str, str] = MappingProxyType({})


class Entry(NamedTuple):
    """One object as a listing shows it; a tuple, since listings of millions make one of each.

    Attributes:
        name: The full name in its store.
        size: Bytes, as stored.
        generation: Opaque; changes whenever the object's content is replaced.
        content_type: As its owner set it, or None.
        crc32c: The checksum of the stored bytes, or None where the store keeps none (a local folder).
        content_encoding: `gzip` where the stored bytes are a compressed form of the content, or None.
        storage_class: `STANDARD`, `NEARLINE` …, or None.
        metadata: What its writer attached.
    """

    name: str
    size: int
    generation: str
    content_type: str | None = None
    crc32c: int | None = None
    content_encoding: str | None = None
    storage_class: str | None = None
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing, in the order of the names' UTF-8 bytes.

    Attributes:
        entries: At most as many as were asked for.
        resume_at: The name (inclusive) to pass as `start` for the next page; empty when nothing remains. Not always
            that of an object, and something may have been deleted meanwhile: the next page may be empty.
    """

    entries: tuple[Entry, ...]
    resume_at: str = ""

    @property
    def more(self) -> bool:
        """Whether another page follows."""
        return bool(self.resume_at)


# Bytes that are there for as long as whoever takes them is being called: what they lie in is used again for the next.
Chunk = bytes | memoryview


class Sink(Protocol):
    """Takes an object's bytes as they arrive, called in the thread of the event loop.

    What it raises ends the read and is raised as it is: it is no fault of the store.
    """

    def reset(self) -> None:
        """Forget what was written: the read starts again from the first byte."""

    def write(self, chunk: Chunk) -> None:
        """Take the next bytes, or a copy of them: they are gone when this returns."""


class BytesSink:
    """A sink that keeps everything in memory; for records, which are small."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def reset(self) -> None:
        """Forget what was written."""
        self._chunks.clear()

    def write(self, chunk: Chunk) -> None:
        """Take the next bytes."""
        self._chunks.append(bytes(chunk))

    def getvalue(self) -> bytes:
        """Return all bytes written since the last reset."""
        return b"".join(self._chunks)


class Store(Protocol):
    """One bucket, or one folder that behaves like a bucket."""

    def uri(self, name: str) -> str:
        """Return the raw, unencoded URI of a name: `gs://bucket/name`, `file:///folder/name`."""

    def name_problem(self, name: str) -> str | None:
        """Say why this store cannot hold an object of that name, or None if it can. Pure: asks nobody."""

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List up to `limit` objects whose names begin with `prefix`, lie at or after `start` and before `end`.

        Page by page this is no snapshot: what is created or deleted between two pages may be listed or not.

        Raises:
            BucketNotFoundError: The bucket or folder does not exist.
            DeniedError, UnauthenticatedError, TransientError: As for every method.
        """

    async def stat(self, name: str) -> Entry | None:
        """Return the live object's entry, or None if there is none."""

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Write the stored bytes of an object into `sink`, after resetting it; raw, never decompressed.

        With `generation` exactly that version is read, or the read fails: bytes of another version never reach a
        caller that returned normally. With `start` or `end` it is the bytes from the one to before the other, fewer
        where the object ends earlier; no store checks them against a checksum.

        Raises:
            NotFoundError: There is no such object, or not in that generation.
        """

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create an object, whole or not at all, only if the name is free; its crc32c is declared and compared.

        Raises:
            ExistsError: The name is taken (a retried create that succeeded the first time ends here, too).
            DeniedError: Refused; some accounts get this instead of ExistsError for a name that is taken.
            DamagedError: The store acknowledged bytes other than those that were sent.
            NameRefusedError: The store cannot hold that name, or what is there leaves no room for it: a folder holds
                no file below a file.
        """

    async def close(self) -> None:
        """Release connections. Calling it twice is harmless."""


class StoreError(ThumbrunError):
    """A store did not do what it was asked."""


class TransientError(StoreError):
    """Worth another attempt: 408, 5xx, a reset, a timeout, a body cut short.

    Attributes:
        retry_after: Seconds that the store asked to wait, or None.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class ThrottledError(TransientError):
    """429 or 503: worth another attempt, with fewer requests at once."""


class DeniedError(StoreError):
    """403. Roles reach all of Cloud Storage only after minutes, so a few more attempts are worth it."""


class UnauthenticatedError(StoreError):
    """401, or no credentials could be had."""


class NotFoundError(StoreError):
    """There is no such object (in that generation)."""


class BucketNotFoundError(StoreError):
    """There is no such bucket or folder."""


class ExistsError(StoreError):
    """The name is taken."""


class NameRefusedError(StoreError):
    """The store cannot hold an object of that name."""


class DamagedError(StoreError):
    """The store holds bytes other than those that were sent."""


async def read_bytes(store: Store, name: str) -> bytes:
    """Return a record's bytes, whole in memory.

    Raises:
        NotFoundError: There is no such object.
    """
    sink = BytesSink()
    await store.read(name, sink)
    return sink.getvalue()
