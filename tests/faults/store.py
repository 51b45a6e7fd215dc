"""A store that wraps another and fails on purpose, as a network, a busy bucket or a proxy makes requests fail.

Every kind of fault is one value of `Fault`, so that the injected faults can be counted and published. A `Chooser`
decides which fault strikes which operation: `Chances` draws it from a seed, and `Script` names one operation.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from thumbrun.storage.base import (
    PAGE_LIMIT,
    BytesSink,
    DamagedError,
    DeniedError,
    Entry,
    ExistsError,
    Page,
    Sink,
    Store,
    ThrottledError,
    TransientError,
)
from thumbrun.storage.bucket_facts import BucketFacts


class Fault(StrEnum):
    """A kind of fault that strikes one operation."""

    BEFORE = "failed before it was applied"
    AFTER = "failed after it was applied"
    DELAYED = "delayed"
    CUT = "body cut"
    FLIPPED = "body flipped"
    TAKEN = "412 for a free name"
    DENIED_TAKEN = "403 instead of 412"
    DENIED = "403"
    REFUSING = "refused for a while"
    THROTTLED = "429 with Retry-After"
    UNAVAILABLE = "503"
    BROKEN_LISTING = "listing broken off between pages"
    SHORT_PAGE = "page shorter than asked for"
    DAMAGED = "upload damaged and refused"
    DAMAGED_KEPT = "upload damaged and kept"


OPERATIONS = ("page", "stat", "read", "create")

APPLIES: Mapping[Fault, tuple[str, ...]] = {
    Fault.BEFORE: OPERATIONS,
    Fault.AFTER: OPERATIONS,
    Fault.DELAYED: OPERATIONS,
    Fault.CUT: ("read",),
    Fault.FLIPPED: ("read",),
    Fault.TAKEN: ("create",),
    Fault.DENIED_TAKEN: ("create",),
    Fault.DENIED: OPERATIONS,
    Fault.REFUSING: OPERATIONS,
    Fault.THROTTLED: OPERATIONS,
    Fault.UNAVAILABLE: OPERATIONS,
    Fault.BROKEN_LISTING: ("page",),
    Fault.SHORT_PAGE: ("page",),
    Fault.DAMAGED: ("create",),
    Fault.DAMAGED_KEPT: ("create",),
}
"""The operations that each fault can strike."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One request to the store.

    Attributes:
        kind: `page`, `stat`, `read` or `create`.
        name: The name of the object, or the prefix of a listing.
        start: The name at which a page of a listing begins.
        content_type: The content type of the object to create.
    """

    kind: str
    name: str
    start: str = ""
    content_type: str = ""

    @property
    def is_thumbnail(self) -> bool:
        """Whether it creates a thumbnail."""
        return self.kind == "create" and self.content_type.startswith("image/")


class Chooser(Protocol):
    """Decides which fault strikes an operation."""

    def choose(self, operation: Operation) -> Fault | None:
        """Return the fault that strikes an operation, or None."""


class NoFaults:
    """Never chooses a fault."""

    def choose(self, operation: Operation) -> Fault | None:
        """Return None."""
        return None


class Chances:
    """Chooses faults at random; each kind has its own probability for an operation."""

    def __init__(self, chance: random.Random, rates: Mapping[Fault, float]) -> None:
        self._chance = chance
        self._by_kind = {
            kind: [(fault, rate) for fault, rate in rates.items() if rate and kind in APPLIES[fault]]
            for kind in OPERATIONS
        }

    def choose(self, operation: Operation) -> Fault | None:
        """Draw the fault of an operation, or None."""
        left = self._chance.random()
        for fault, rate in self._by_kind[operation.kind]:
            left -= rate
            if left < 0:
                return fault if _may(fault, operation) else None
        return None


class Script:
    """Chooses one fault, at a given occurrence of the operations that a test names.

    Attributes:
        struck: How often the fault struck.
    """

    def __init__(self, matches: Callable[[Operation], bool], fault: Fault, occurrence: int = 1, times: int = 1) -> None:
        self._matches = matches
        self._fault = fault
        self._occurrences = range(occurrence, occurrence + times)
        self._seen = 0
        self.struck = 0

    def choose(self, operation: Operation) -> Fault | None:
        """Return the fault at its occurrence, and None otherwise."""
        if not self._matches(operation) or operation.kind not in APPLIES[self._fault]:
            return None
        self._seen += 1
        if self._seen not in self._occurrences:
            return None
        self.struck += 1
        return self._fault


def _may(fault: Fault, operation: Operation) -> bool:
    """Return whether a fault fits: only thumbnails are kept damaged, because Cloud Storage refuses damaged uploads."""
    if fault is Fault.BROKEN_LISTING:
        return bool(operation.start)
    return fault is not Fault.DAMAGED_KEPT or operation.is_thumbnail


class Hooks(Protocol):
    """Hears of every operation, and can end the process that asks for it."""

    async def before(self, operation: Operation) -> None:
        """Hear of an operation that begins; an exception from here ends it before it is applied."""

    async def after(self, operation: Operation, fault: Fault | None) -> None:
        """Hear of an operation that was applied; an exception from here keeps the answer from the caller."""


class Asked:
    """Records the operations of a store.

    Attributes:
        operations: The kinds of the operations, in order.
    """

    def __init__(self) -> None:
        self.operations: list[str] = []

    async def before(self, operation: Operation) -> None:
        """Record the kind of an operation."""
        self.operations.append(operation.kind)

    async def after(self, operation: Operation, fault: Fault | None) -> None:
        """Do nothing."""


class FaultStore:
    """A store that fails on purpose.

    Attributes:
        faults: How often each kind of fault struck.
        damaged: The names of objects that hold other bytes than were sent.
    """

    def __init__(
        self,
        inner: Store,
        chooser: Chooser,
        chance: random.Random,
        *,
        hooks: Hooks | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] | None = None,
        latency: Callable[[Operation], float] = lambda _: 0.0,
        page_limit: int = PAGE_LIMIT,
        denied_for_taken: bool = False,
        denied: Collection[str] = (),
    ) -> None:
        """Wrap a store.

        Args:
            inner: The store to wrap.
            chooser: Decides which fault strikes an operation.
            chance: The source of random delays and of random places in a body.
            hooks: Hears of every operation.
            sleep: Waits for some seconds.
            monotonic: Returns seconds that never go back; None uses the clock of the event loop.
            latency: Returns the seconds that an operation takes without a fault.
            page_limit: The most entries in a page.
            denied_for_taken: Whether the account gets 403 for every name that is taken.
            denied: Names of objects that the account may not read, though it may read others.
        """
        self.inner = inner
        self._chooser = chooser
        self._chance = chance
        self._hooks = hooks
        self._sleep = sleep
        self._monotonic = monotonic or (lambda: asyncio.get_running_loop().time())
        self._latency = latency
        self._page_limit = page_limit
        self._denied_for_taken = denied_for_taken
        self._denied = denied
        self._refused_until = float("-inf")
        self.faults: Counter[str] = Counter()
        self.damaged: set[str] = set()

    def uri(self, name: str) -> str:
        """Return the raw URI of a name."""
        return self.inner.uri(name)

    def name_problem(self, name: str) -> str | None:
        """Return why the store cannot hold an object of that name, or None."""
        return self.inner.name_problem(name)

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List a page, or fail."""
        operation = Operation("page", prefix, start)
        fault = await self._begin(operation)
        page = await self.inner.page(prefix, start=start, end=end, limit=min(limit, self._page_limit))
        if fault is Fault.SHORT_PAGE and page.entries:
            keep = self._chance.randrange(len(page.entries))
            page = Page(page.entries[:keep], page.entries[keep].name)
        await self._end(operation, fault)
        return page

    async def stat(self, name: str) -> Entry | None:
        """Return the record of an object, or fail."""
        operation = Operation("stat", name)
        fault = await self._begin(operation)
        entry = await self.inner.stat(name)
        await self._end(operation, fault)
        return entry

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Read an object, or fail, or deliver other bytes than the store holds."""
        operation = Operation("read", name)
        fault = await self._begin(operation)
        whole = BytesSink()
        await self.inner.read(name, whole, generation=generation, start=start, end=end)
        body = whole.getvalue()
        if fault is Fault.CUT and body:
            body = body[: self._chance.randrange(len(body))]
        elif fault is Fault.FLIPPED and body:
            body = self._flipped(body)
        sink.reset()
        middle = len(body) // 2
        sink.write(body[:middle])
        await self._end(operation, fault)
        sink.write(body[middle:])

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create an object, or fail."""
        operation = Operation("create", name, content_type=content_type)
        fault = await self._begin(operation)
        if fault is Fault.TAKEN:
            raise ExistsError(f"injected: 412 for {name}")
        if fault is Fault.DAMAGED:
            raise TransientError(f"injected: 400, crc32c of {name} does not match")
        kept = self._flipped(body) if fault is Fault.DAMAGED_KEPT else body
        try:
            entry = await self.inner.create(
                name, kept, content_type=content_type, metadata=metadata, cache_control=cache_control
            )
        except ExistsError as error:
            await self._end(operation, fault)
            if fault is Fault.DENIED_TAKEN or self._denied_for_taken:
                raise DeniedError(f"injected: 403, {name} would be deleted") from error
            raise
        if kept != body:
            self.damaged.add(name)
        await self._end(operation, fault)
        if kept != body:
            raise DamagedError(f"injected: {name} is stored with other bytes")
        return entry

    async def bucket_facts(self) -> BucketFacts:
        """Return the settings of the bucket; no task asks for them, so no fault strikes."""
        return await self.inner.bucket_facts()

    async def close(self) -> None:
        """Close the store."""
        await self.inner.close()

    async def _begin(self, operation: Operation) -> Fault | None:
        """Let time pass, and fail if the operation must not be applied."""
        if self._hooks:
            await self._hooks.before(operation)
        fault = self._chooser.choose(operation)
        if fault is not None:
            self.faults[fault] += 1
        seconds = self._latency(operation) + (self._chance.uniform(1, 30) if fault is Fault.DELAYED else 0.0)
        if seconds:
            await self._sleep(seconds)
        if fault is Fault.REFUSING:
            self._refused_until = self._monotonic() + self._chance.uniform(5, 120)
        denied = operation.kind in ("read", "stat") and operation.name in self._denied
        if denied or fault is Fault.DENIED or self._monotonic() < self._refused_until:
            raise DeniedError(f"injected: 403 for {operation.kind} {operation.name}")
        self._fail_before(operation, fault)
        return fault

    def _fail_before(self, operation: Operation, fault: Fault | None) -> None:
        where = f"{operation.kind} {operation.name}"
        if fault is Fault.BEFORE:
            raise TransientError(f"injected: reset before {where}")
        if fault is Fault.THROTTLED:
            raise ThrottledError(f"injected: 429 for {where}", retry_after=self._chance.choice((None, 1.0, 17.0)))
        if fault is Fault.UNAVAILABLE:
            raise ThrottledError(f"injected: 503 for {where}")

    async def _end(self, operation: Operation, fault: Fault | None) -> None:
        """Fail if the fault loses the answer of an operation that was applied."""
        if self._hooks:
            await self._hooks.after(operation, fault)
        if fault in (Fault.AFTER, Fault.BROKEN_LISTING):
            raise TransientError(f"injected: reset after {operation.kind} {operation.name}")

    def _flipped(self, body: bytes) -> bytes:
        if not body:
            return b"?"
        changed = bytearray(body)
        changed[self._chance.randrange(len(changed))] ^= 1 << self._chance.randrange(8)
        return bytes(changed)
