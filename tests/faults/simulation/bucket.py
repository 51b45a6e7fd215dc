"""A bucket that records every change: the change itself, its author and its time."""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from thumbrun.storage.base import Entry
from thumbrun.storage.memory import MemoryStore

USER = "a user"
ACTOR: ContextVar[str] = ContextVar("actor", default=USER)
"""The author of changes: the name of a life, or a user."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the bucket.

    Attributes:
        at: The time, in virtual seconds.
        actor: The author of the change.
        action: `create`, `overwrite` or `delete`.
        name: The name of the object.
        entry: The entry of the object after the change, or None.
        body: The bytes of the object.
    """

    at: float
    actor: str
    action: str
    name: str
    entry: Entry | None
    body: bytes


class Bucket(MemoryStore):
    """A bucket in memory with a journal.

    Attributes:
        journal: Every change, in order.
    """

    def __init__(self, bucket: str, *, versioning: bool) -> None:
        super().__init__(bucket, versioning=versioning)
        self.name = bucket
        self.versioning = versioning
        self.journal: list[Change] = []

    def overwrite(self, name: str, body: bytes, content_type: str, metadata: Mapping[str, str]) -> Entry:
        """Replace an object unconditionally; no part of thumbrun does this, but some defects do."""
        return self._put(name, body, content_type, metadata)

    def delete_as_user(self, name: str) -> None:
        """Delete an object, if it is there."""
        if name in self.objects:
            self._note("delete", name, None, b"")
        super().delete_as_user(name)

    def _put(
        self,
        name: str,
        body: bytes,
        content_type: str | None,
        metadata: Mapping[str, str],
        content_encoding: str | None = None,
    ) -> Entry:
        action = "overwrite" if name in self.objects else "create"
        entry = super()._put(name, body, content_type, metadata, content_encoding)
        self._note(action, name, entry, body)
        return entry

    def _note(self, action: str, name: str, entry: Entry | None, body: bytes) -> None:
        at = asyncio.get_running_loop().time()
        self.journal.append(Change(at, ACTOR.get(), action, name, entry, body))
