"""A place in a real bucket: a prefix of its own, a store, and what another user of the bucket does."""

import os
from collections.abc import Mapping
from typing import Any

from tests.e2e.tasks import clean_environment
from thumbrun.clock import SystemClock
from thumbrun.storage.base import BytesSink, Entry
from thumbrun.storage.gcs.connection import Limits
from thumbrun.storage.gcs.responses import entry_of
from thumbrun.storage.gcs.store import GcsStore
from thumbrun.storage.retry import RetryingStore
from thumbrun.storage.throttle import Throttle

VARIABLE = "THUMBRUN_TEST_BUCKET"
# How thumbrun finds Cloud Storage and its credentials. An emulator's address tries the tests themselves.
_PASSED_ON = (
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE",
    "CLOUDSDK_CONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "STORAGE_EMULATOR_HOST",
)
_LIMITS = Limits(30.0, 1)


class Place:
    """A prefix of a real bucket.

    Attributes:
        bucket: The name of the bucket.
        prefix: The prefix, which ends in a slash.
        store: The bucket, as a task uses it.
    """

    def __init__(self, bucket: str, prefix: str) -> None:
        """Set up the place; no request is sent yet."""
        self.bucket = bucket
        self.prefix = prefix
        endpoint = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", "").removesuffix("/storage/v1/")
        self._inner = GcsStore(bucket, emulator=os.environ.get("STORAGE_EMULATOR_HOST"), endpoint=endpoint or None)
        clock = SystemClock()
        self.store = RetryingStore(self._inner, Throttle(32, clock.monotonic), clock.sleep)

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the environment of a task on the bucket."""
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return clean_environment(**passed, **variables)

    async def create(self, name: str, body: bytes = b"body", metadata: Mapping[str, str] | None = None) -> Entry:
        """Create an object below the prefix, as thumbrun does."""
        return await self.store.create(
            self.prefix + name, body, content_type="image/jpeg", metadata=metadata or {}, cache_control="max-age=60"
        )

    async def put_as_user(self, name: str, body: bytes, **resource: Any) -> Entry:
        """Create or replace an object below the prefix, as any user of the bucket can."""
        store = self._inner
        target = store._uploads.replace("&ifGenerationMatch=0", "")
        content = store._parts({"name": self.prefix + name, **resource}, "application/octet-stream", body)
        headers = {"Content-Type": f"multipart/related; boundary={store._boundary}"}
        record = await store._record("create", self.prefix + name, "POST", target, headers=headers, body=content)
        return entry_of(record)

    async def delete_as_user(self, name: str) -> int:
        """Delete an object, by its full name, and return the status of the answer."""
        store = self._inner
        headers = await store._who()
        answer = await store._client.request("DELETE", store._object(name, ""), _LIMITS, headers=headers)
        return answer.status

    async def read(self, name: str, **which: Any) -> bytes:
        """Return the bytes of an object below the prefix."""
        sink = BytesSink()
        await self.store.read(self.prefix + name, sink, **which)
        return sink.getvalue()

    async def names(self, prefix: str = "", *, start: str = "", end: str = "", limit: int = 1000) -> list[str]:
        """Return the names below the prefix, page by page; start and end are below it too."""
        found: list[str] = []
        at, more = self.prefix + start if start else "", True
        while more:
            until = self.prefix + end if end else ""
            page = await self.store.page(self.prefix + prefix, start=at, end=until, limit=limit)
            assert len(page.entries) <= min(limit, 1000)
            found += [entry.name.removeprefix(self.prefix) for entry in page.entries]
            at, more = page.resume_at, page.more
        return found
