"""The one layer where requests are tried again: exponential backoff with full jitter, a cap, Retry-After honoured."""

import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from thumbrun.storage.base import (
    PAGE_LIMIT,
    DeniedError,
    Entry,
    ExistsError,
    Page,
    Sink,
    Store,
    StoreError,
    ThrottledError,
    TransientError,
)
from thumbrun.storage.ramp import Ramp
from thumbrun.storage.throttle import Throttle

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and how long a request is tried.

    Attributes:
        attempts: In all, the first included.
        first: Seconds that the first wait is at most; each later one is at most twice as long. The wait itself is
            random between 0 and that (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
        cap: Seconds that no wait exceeds.
        denied_attempts: In all, where the store says 403: a role that was just granted is seen after a while.
        longest_retry_after: Seconds; a store that asks for more waits in vain.
    """

    attempts: int = 8
    first: float = 0.5
    cap: float = 32.0
    denied_attempts: int = 4
    longest_retry_after: float = 120.0


@dataclass(frozen=True, slots=True)
class Retry:
    """A request that is tried again.

    Attributes:
        operation: `page`, `stat`, `read` or `create`.
        attempt: The number of the attempt that failed, from 1.
        wait: Seconds until the next.
        error: Why.
    """

    operation: str
    attempt: int
    wait: float
    error: StoreError


class RetryingStore:
    """A store that tries again what is worth it, with no more requests under way than its throttle allows."""

    def __init__(
        self,
        inner: Store,
        throttle: Throttle,
        sleep: Callable[[float], Awaitable[None]],
        *,
        policy: Policy | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
        on_retry: Callable[[Retry], None] = lambda _: None,
    ) -> None:
        """Wrap a store.

        Args:
            inner: The store.
            throttle: Bounds the requests under way, those of other stores that share it included.
            sleep: Waits so many seconds.
            policy: How often and how long.
            uniform: Returns a random number between two, for the jitter.
            on_retry: Told of every attempt that failed and is repeated.
        """
        self._inner = inner
        self._throttle = throttle
        self._sleep = sleep
        self._policy = policy or Policy()
        self._uniform = uniform
        self._on_retry = on_retry
        self._ramp: Ramp | None = None

    def keep_to(self, ramp: Ramp) -> None:
        """From now on, send no more requests a second than a ramp allows, repeated ones included."""
        self._ramp = ramp

    def uri(self, name: str) -> str:
        """Return the raw URI of a name."""
        return self._inner.uri(name)

    def name_problem(self, name: str) -> str | None:
        """Say why the store cannot hold an object of that name."""
        return self._inner.name_problem(name)

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List, trying again."""
        return await self._try("page", lambda: self._inner.page(prefix, start=start, end=end, limit=limit))

    async def stat(self, name: str) -> Entry | None:
        """Look at one object, trying again."""
        return await self._try("stat", lambda: self._inner.stat(name))

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Read, trying again from the first byte asked for."""
        await self._try("read", lambda: self._inner.read(name, sink, generation=generation, start=start, end=end))

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create, trying again: what an attempt created whose answer was lost, the next finds existing.

        Some accounts get 403 for a name that is taken, so a refusal is looked into before it counts as one.
        """

        async def attempt() -> Entry:
            try:
                return await self._inner.create(
                    name, body, content_type=content_type, metadata=metadata, cache_control=cache_control
                )
            except DeniedError as error:
                with suppress(DeniedError):  # who may neither create nor look is told of the former
                    if await self._inner.stat(name) is not None:
                        raise ExistsError(f"{self.uri(name)} exists") from error
                raise

        return await self._try("create", attempt)

    async def close(self) -> None:
        """Close the store."""
        await self._inner.close()

    async def _try(self, operation: str, request: Callable[[], Awaitable[T]]) -> T:
        policy, attempt = self._policy, 1
        while True:
            try:
                return await self._once(operation, request)
            except (TransientError, DeniedError) as error:
                if attempt >= (policy.denied_attempts if isinstance(error, DeniedError) else policy.attempts):
                    raise
                wait = self._wait(error, attempt)
                self._on_retry(Retry(operation, attempt, wait, error))
            await self._sleep(wait)
            attempt += 1

    def _wait(self, error: StoreError, attempt: int) -> float:
        """Return the seconds to wait after a failed attempt, numbered from 1.

        Full jitter comes on top of what the store asked for, so that the requests it sent away do not return at once.
        """
        policy = self._policy
        asked = error.retry_after or 0.0 if isinstance(error, TransientError) else 0.0
        longest = min(policy.cap, policy.first * 2.0 ** (attempt - 1))
        return min(asked, policy.longest_retry_after) + self._uniform(0.0, longest)

    async def _once(self, operation: str, request: Callable[[], Awaitable[T]]) -> T:
        if self._ramp is not None:
            await self._ramp.turn(operation)
        async with self._throttle:
            try:
                answer = await request()
            except ThrottledError:
                self._throttle.refused()
                raise
            self._throttle.succeeded()
            return answer
