"""A bucket in memory, for tests and for showing a plan without writing one.

It accepts nothing that Cloud Storage refuses.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Mapping

from crc32c import crc32c

from thumbrun.storage.base import (
    PAGE_LIMIT,
    BucketNotFoundError,
    Entry,
    ExistsError,
    NameRefusedError,
    NotFoundError,
    Page,
    Sink,
)
from thumbrun.storage.bucket_facts import UNKNOWN, BucketFacts


class MemoryStore:
    """One bucket in memory.

    Attributes:
        objects: The live objects by name, each with its bytes.
    """

    def __init__(self, bucket: str = "memory", *, versioning: bool = False, exists: bool = True) -> None:
        """Set up an empty bucket.

        Args:
            bucket: The name of the bucket, for URIs.
            versioning: Whether replaced and deleted generations can still be read.
            exists: Whether the bucket exists at all.
        """
        self._bucket = bucket
        self._versioning = versioning
        self._exists = exists
        self._generation = 1_700_000_000_000_000
        self._old: dict[tuple[str, str], tuple[Entry, bytes]] = {}
        self.objects: dict[str, tuple[Entry, bytes]] = {}

    def uri(self, name: str) -> str:
        """Return the raw URI of a name."""
        return f"memory://{self._bucket}/{name}"

    def name_problem(self, name: str) -> str | None:
        """Return why the bucket cannot hold a name, by the rules of Cloud Storage.

        One rule differs: names that are not valid UTF-8 are accepted, so that they can be planned.
        """
        size = len(name.encode("utf-8", "surrogatepass"))
        if not 1 <= size <= 1024:
            return f"a name must have 1 to 1,024 bytes, and this one has {size:,}"
        return "a name must not be . or .." if name in (".", "..") else None

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List objects, as `Store` promises."""
        await self._request()
        names = sorted(self.objects)
        first = bisect_left(names, max(prefix, start))
        found: list[Entry] = []
        for name in names[first:]:
            if not name.startswith(prefix) or (end and name >= end):
                break
            if len(found) == min(limit, PAGE_LIMIT):
                return Page(tuple(found), resume_at=name)
            found.append(self.objects[name][0])
        return Page(tuple(found))

    async def stat(self, name: str) -> Entry | None:
        """Return the live object's entry, or None."""
        await self._request()
        return self.objects[name][0] if name in self.objects else None

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> int | None:
        """Read an object, as `Store` promises."""
        await self._request()
        found = self.objects.get(name)
        if generation is not None and (found is None or found[0].generation != generation):
            found = self._old.get((name, generation)) if self._versioning else None
        if found is None:
            raise NotFoundError(f"{self.uri(name)} does not exist")
        sink.reset()
        body = found[1][start:end]
        for offset in range(0, len(body), 1 << 16):
            sink.write(body[offset : offset + (1 << 16)])
            await asyncio.sleep(0)
        return found[0].crc32c

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create an object, as `Store` promises."""
        await self._request()
        if problem := self.name_problem(name):
            raise NameRefusedError(f"{self.uri(name)}: {problem}")
        if name in self.objects:
            raise ExistsError(f"{self.uri(name)} exists already")
        return self._put(name, body, content_type, metadata)

    async def bucket_facts(self) -> BucketFacts:
        """Return that nothing is known."""
        await self._request()
        return UNKNOWN

    async def close(self) -> None:
        """Do nothing: this store holds no connections."""

    def put_as_user(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        content_encoding: str | None = None,
    ) -> Entry:
        """Create or replace an object, as a user other than thumbrun does."""
        self.delete_as_user(name)
        return self._put(name, body, content_type, metadata or {}, content_encoding)

    def delete_as_user(self, name: str) -> None:
        """Delete an object if it exists, as a user other than thumbrun does."""
        if name in self.objects:
            entry, body = self.objects.pop(name)
            self._old[name, entry.generation] = entry, body

    def _put(
        self,
        name: str,
        body: bytes,
        content_type: str | None,
        metadata: Mapping[str, str],
        content_encoding: str | None = None,
    ) -> Entry:
        self._generation += 1
        entry = Entry(
            name,
            len(body),
            str(self._generation),
            content_type,
            crc32c(body),
            content_encoding,
            "STANDARD",
            dict(metadata),
        )
        self.objects[name] = entry, bytes(body)
        return entry

    async def _request(self) -> None:
        await asyncio.sleep(0)  # lets other tasks run between any two requests
        if not self._exists:
            raise BucketNotFoundError(f"the bucket {self._bucket} does not exist")
