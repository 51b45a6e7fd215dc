"""The Store protocol: the requests that thumbrun makes of a store of objects, and what each request promises.

A store is one bucket or one folder. Names are the full names of its objects, never URIs. Every method raises only the
errors of this module. `retry` decides which of them are worth another attempt.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol

from thumbrun.errors import ThumbrunError
from thumbrun.storage.bucket_facts import BucketFacts

PAGE_LIMIT = 1000  # the most that Cloud Storage returns in one page of a listing


NO_METADATA: Mapping[str, str] = MappingProxyType({})


class Entry(NamedTuple):
    """One object as a listing shows it.

    It is a tuple because a listing creates one for each of millions of objects.

    Attributes:
        name: The full name of the object in its store.
        size: The size of the stored object, in bytes.
        generation: An opaque text that changes whenever the object's content is replaced.
        content_type: The content type that the object's owner set, or None.
        crc32c: The checksum of the stored bytes, or None if the store keeps none (a local folder).
        content_encoding: `gzip` if the stored bytes are a compressed form of the content, or None.
        storage_class: `STANDARD`, `NEARLINE` …, or None.
        metadata: The metadata that the object's writer attached.
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
class Unlisted:
    """A part of a folder that its store cannot list: this user may not, or the path is too long for the system.

    Attributes:
        name: The name of a folder, which ends in `/`, or of one file.
        error: The error that says why.
    """

    name: str
    error: "StoreError"


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing, in the order of the names' UTF-8 bytes.

    Attributes:
        entries: The objects; together with `unlisted` at most as many as the caller asked for.
        resume_at: The name (inclusive) to pass as `start` for the next page; empty when nothing remains. An object
            of that name need not exist, and objects can be deleted meanwhile, so the next page can be empty.
        unlisted: The parts of a local folder that cannot be listed. Two pages can show the same part.
        links: The names of the symbolic links that a local folder holds there, which are no objects.
    """

    entries: tuple[Entry, ...]
    resume_at: str = ""
    unlisted: tuple[Unlisted, ...] = ()
    links: tuple[str, ...] = ()

    @property
    def more(self) -> bool:
        """Whether another page follows."""
        return bool(self.resume_at)


_LARGEST_RECORD = 1 << 28  # bytes; the largest, a shard of a plan, has some hundred kilobytes

# Bytes that are valid only during the call that passes them: the store then reuses their buffer for the next bytes.
Chunk = bytes | memoryview


class Sink(Protocol):
    """Takes an object's bytes as they arrive.

    The store calls it in the thread of the event loop. An exception from a sink ends the read and reaches the caller
    unchanged, because it is not an error of the store.
    """

    def reset(self) -> None:
        """Forget all bytes written so far, because the read starts again from the first byte."""

    def write(self, chunk: Chunk) -> None:
        """Process or copy the next bytes, which are valid only until this method returns."""


class OpenFile(Protocol):
    """A local file that a store has opened for reading, in the generation that the read asked for.

    Attributes:
        size: The size of the file, in bytes.
    """

    size: int

    def fileno(self) -> int:
        """Return the descriptor, which is valid until the file is closed."""

    def has_changed(self) -> bool:
        """Return whether the file has been written to since it was opened."""

    def close(self) -> None:
        """Close the file. Calling it twice is harmless."""


class FileSink(Sink, Protocol):
    """A sink that can take a local file itself, so that nobody copies its bytes."""

    @property
    def takes_file(self) -> bool:
        """Whether it would rather have the file than the bytes."""

    def take_file(self, file: OpenFile) -> None:
        """Take over a file in place of all bytes, and close it in the end."""


class BytesSink:
    """A sink that keeps all bytes in memory; it is for records, which are small."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._left = _LARGEST_RECORD

    def reset(self) -> None:
        """Forget all bytes written so far."""
        self._chunks.clear()
        self._left = _LARGEST_RECORD

    def write(self, chunk: Chunk) -> None:
        """Copy the next bytes.

        Raises:
            StoreError: The bytes are more than those of any record.
        """
        self._left -= len(chunk)
        if self._left < 0:
            raise StoreError(
                f"a store sends more than {_LARGEST_RECORD:,} bytes for a record",
                hint="check that no proxy or other server answers in place of the store",
            )
        self._chunks.append(bytes(chunk))

    def getvalue(self) -> bytes:
        """Return all bytes written since the last reset."""
        return b"".join(self._chunks)


def file_taker(sink: Sink) -> Callable[[OpenFile], None] | None:
    """Return what takes a file in place of its bytes, or None if a sink would rather have the bytes."""
    take: Callable[[OpenFile], None] | None = getattr(sink, "take_file", None)
    return take if getattr(sink, "takes_file", False) else None


class Store(Protocol):
    """One bucket, or one folder that behaves like a bucket."""

    def uri(self, name: str) -> str:
        """Return the raw, unencoded URI of a name: `gs://bucket/name`, `file:///folder/name`."""

    def name_problem(self, name: str) -> str | None:
        """Return why this store cannot hold an object of that name, or None if it can.

        The method is pure: it sends no request.
        """

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List up to `limit` objects whose names begin with `prefix`, lie at or after `start` and before `end`.

        Several pages together are not a snapshot: the listing might or might not show an object that is created or
        deleted between two pages.

        Raises:
            BucketNotFoundError: The bucket or folder does not exist.
            DeniedError, UnauthenticatedError, TransientError: Every method can raise these.
        """

    async def stat(self, name: str) -> Entry | None:
        """Return the live object's entry, or None if there is none."""

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> int | None:
        """Reset `sink` and write the stored bytes of an object into it, raw, never decompressed.

        With `generation`, the store reads exactly that version, or the read fails: a call that returns normally has
        delivered no bytes of another version. With `start` or `end`, the store reads the bytes from `start` to before
        `end`, and fewer if the object ends earlier. No store checks such a part against a checksum.

        If the whole of a local file is read into a `FileSink`, that can get the open file in place of the bytes.

        Returns:
            The crc32c of the whole object, as the store states it with the bytes; None if it states none. A store
            states it even if its listing does not, as for objects under a customer-managed key.

        Raises:
            NotFoundError: The object does not exist, or not in that generation.
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
        """Create an object, whole or not at all, and only if the name is free.

        The request declares the crc32c of the bytes, and the store compares it.

        Raises:
            ExistsError: The name is taken. A retried create that succeeded the first time ends here, too.
            DeniedError: The store refused. Some accounts get this instead of ExistsError if the name is taken.
            DamagedError: The store acknowledged other bytes than thumbrun sent.
            NameRefusedError: The store cannot hold that name, or another object is in its way: in a folder, a file
                cannot hold other files.
        """

    async def bucket_facts(self) -> BucketFacts:
        """Return the settings of the bucket.

        They are `UNKNOWN` if this account may not read them, as most may not: the roles that a run needs do not include
        `storage.buckets.get`. They are also `UNKNOWN` for a folder.

        Raises:
            BucketNotFoundError: The bucket does not exist.
        """

    async def close(self) -> None:
        """Release all connections. Calling it twice is harmless."""


class StoreError(ThumbrunError):
    """A request to a store failed."""


class TransientError(StoreError):
    """A request failed and is worth another attempt: 408, 5xx, a reset, a timeout, a body cut short.

    Attributes:
        retry_after: The wait that the store asked for, in seconds, or None.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class LostError(TransientError):
    """A disk failed to read a file, and might have lost it."""


class NobodyListensError(TransientError):
    """This machine itself refused the connection: no server listens at the address that was set."""


class ThrottledError(TransientError):
    """The store answered 429 or 503, or too slowly: another attempt is worth it, with fewer requests at once."""


class DeniedError(StoreError):
    """The store refused access (403).

    A few more attempts are worth it, because a new role reaches all of Cloud Storage only after minutes.
    """


class ObjectRefusedError(DeniedError):
    """The store refuses to read or to create this object (400, 412, 451 …). Nothing is gained by another attempt.

    Attributes:
        is_own: Whether the reason is certainly the object's own: its writer encrypted it with a key of his own. Of any
            other reason nobody knows whether the store refuses all other objects, too.
    """

    def __init__(self, message: str, *, hint: str = "", is_own: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.is_own = is_own


class UnauthenticatedError(StoreError):
    """The store rejected the credentials (401), or thumbrun found none."""


class NotFoundError(StoreError):
    """The object does not exist (in that generation)."""


class BucketNotFoundError(StoreError):
    """The bucket or folder does not exist."""


class ExistsError(StoreError):
    """An object of that name exists already."""


class NameRefusedError(StoreError):
    """The store cannot hold an object of that name."""


class DamagedError(StoreError):
    """The store holds other bytes than thumbrun sent."""


async def read_bytes(store: Store, name: str) -> bytes:
    """Return all bytes of a record, in memory.

    Raises:
        NotFoundError: The object does not exist.
    """
    sink = BytesSink()
    await store.read(name, sink)
    return sink.getvalue()
