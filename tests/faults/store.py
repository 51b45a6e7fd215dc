"""A store that wraps another and breaks on purpose: what a network, a busy bucket and a proxy do to requests.

Every kind of fault is one value of `Fault`, so that what was injected can be counted and published. Which fault
strikes which operation is the business of a `Chooser`: `Chances` draws it from a seed, `Script` names one operation.
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


class Fault(StrEnum):
    """What goes wrong with one operation."""

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
"""Which operations a fault can strike."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One request to the store.

    Attributes:
        kind: `page`, `stat`, `read` or `create`.
        name: The object's, or the prefix of a listing.
        start: Where a page of a listing begins.
        content_type: Of what is created.
    """

    kind: str
    name: str
    start: str = ""
    content_type: str = ""


class Chooser(Protocol):
    """Decides what goes wrong."""

    def choose(self, operation: Operation) -> Fault | None:
        """Return the fault of an operation, or None if all goes well."""


class NoFaults:
    """All goes well."""

    def choose(self, operation: Operation) -> Fault | None:
        """Return None."""
        return None


class Chances:
    """Faults by chance, each kind with its own probability an operation."""

    def __init__(self, chance: random.Random, rates: Mapping[Fault, float]) -> None:
        self._chance = chance
        self._by_kind = {
            kind: [(fault, rate) for fault, rate in rates.items() if rate and kind in APPLIES[fault]]
            for kind in OPERATIONS
        }

    def choose(self, operation: Operation) -> Fault | None:
        """Draw."""
        left = self._chance.random()
        for fault, rate in self._by_kind[operation.kind]:
            left -= rate
            if left < 0:
                return fault if _may(fault, operation) else None
        return None


class Script:
    """One fault, at one occurrence of the operations that a test names.

    Attributes:
        struck: How often it struck.
    """

    def __init__(self, matches: Callable[[Operation], bool], fault: Fault, occurrence: int = 1, times: int = 1) -> None:
        self._matches = matches
        self._fault = fault
        self._occurrences = range(occurrence, occurrence + times)
        self._seen = 0
        self.struck = 0

    def choose(self, operation: Operation) -> Fault | None:
        """Return the fault at its occurrence."""
        if not self._matches(operation) or operation.kind not in APPLIES[self._fault]:
            return None
        self._seen += 1
        if self._seen not in self._occurrences:
            return None
        self.struck += 1
        return self._fault


def _may(fault: Fault, operation: Operation) -> bool:
    """Whether a fault makes sense: Cloud Storage refuses a damaged upload, so only thumbnails are tried as kept."""
    if fault is Fault.BROKEN_LISTING:
        return bool(operation.start)
    return fault is not Fault.DAMAGED_KEPT or operation.content_type.startswith("image/")


class Hooks(Protocol):
    """What is told of every operation, and may end the process that asks for it."""

    async def before(self, operation: Operation) -> None:
        """Hear of an operation that begins; what it raises ends it before it is applied."""

    async def after(self, operation: Operation, fault: Fault | None) -> None:
        """Hear of an operation that was applied; what it raises keeps the answer from whoever asked."""


class Asked:
    """Remembers which operations were asked for, one after the other.

    Attributes:
        operations: Their kinds.
    """

    def __init__(self) -> None:
        self.operations: list[str] = []

    async def before(self, operation: Operation) -> None:
        """Remember an operation."""
        self.operations.append(operation.kind)

    async def after(self, operation: Operation, fault: Fault | None) -> None:
        """Do nothing."""


class FaultStore:
    """A store that breaks on purpose.

    Attributes:
        faults: How often each kind struck.
        damaged: Names that hold other bytes than were sent.
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
            inner: The store.
            chooser: Decides what goes wrong.
            chance: For how long, and where.
            hooks: Told of every operation.
            sleep: Waits so many seconds.
            monotonic: Seconds that only ever grow; None: the event loop's.
            latency: Seconds that an operation takes at its best.
            page_limit: Entries that a page has at most.
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
        """Say why the store cannot hold an object of that name."""
        return self.inner.name_problem(name)

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List, perhaps."""
        operation = Operation("page", prefix, start)
        fault = await self._begin(operation)
        page = await self.inner.page(prefix, start=start, end=end, limit=min(limit, self._page_limit))
        if fault is Fault.SHORT_PAGE and page.entries:
            keep = self._chance.randrange(len(page.entries))
            page = Page(page.entries[:keep], page.entries[keep].name)
        await self._end(operation, fault)
        return page

    async def stat(self, name: str) -> Entry | None:
        """Look at one object, perhaps."""
        operation = Operation("stat", name)
        fault = await self._begin(operation)
        entry = await self.inner.stat(name)
        await self._end(operation, fault)
        return entry

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Read, perhaps, and perhaps other bytes than the store holds."""
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
        """Create, perhaps."""
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

    async def close(self) -> None:
        """Close the store."""
        await self.inner.close()

    async def _begin(self, operation: Operation) -> Fault | None:
        """Let time pass, and fail where the operation is not to be applied."""
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
        """Fail where the operation was applied and its answer is lost."""
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
