"""The one layer that retries requests: exponential backoff with full jitter and a cap, and it honours Retry-After."""

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
    LostError,
    NobodyListensError,
    ObjectRefusedError,
    Page,
    Sink,
    Store,
    StoreError,
    ThrottledError,
    TransientError,
)
from thumbrun.storage.bucket_facts import BucketFacts
from thumbrun.storage.ramp import Ramp
from thumbrun.storage.throttle import Throttle

T = TypeVar("T")

_FEW = (DeniedError, LostError, NobodyListensError)


@dataclass(frozen=True, slots=True)
class Policy:
    """The number of attempts of a request, and the waits between them.

    Attributes:
        attempts: The number of attempts, the first included.
        first: The longest first wait, in seconds; the longest wait doubles with each attempt. The wait itself is
            random between 0 and that (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
        cap: The limit of every such wait, in seconds.
        few_attempts: The number of attempts if the store answers 403, because it sees a new role only after a while, if
            a disk fails, or if no server listens on this machine.
        longest_retry_after: The longest wait that a store can ask for, in seconds; a longer one is cut to this.
    """

    attempts: int = 8
    first: float = 0.5
    cap: float = 32.0
    few_attempts: int = 4
    longest_retry_after: float = 120.0


@dataclass(frozen=True, slots=True)
class Retry:
    """A request that failed and is retried.

    Attributes:
        operation: `page`, `stat`, `read`, `create` or `bucket_facts`.
        attempt: The number of the attempt that failed, from 1.
        wait: The seconds until the next attempt.
        error: The error of the attempt that failed.
    """

    operation: str
    attempt: int
    wait: float
    error: StoreError


class RetryingStore:
    """A store that retries requests if that can help, and keeps the requests at once within its throttle's limit."""

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
            throttle: The limit on requests under way, which counts those of other stores that share it.
            sleep: A function that waits for a number of seconds.
            policy: The number of attempts and the waits.
            uniform: A function that returns a random number between two numbers, for the jitter.
            on_retry: A function that is called for every attempt that failed and is retried.
        """
        self._inner = inner
        self._throttle = throttle
        self._sleep = sleep
        self._policy = policy or Policy()
        self._uniform = uniform
        self._on_retry = on_retry
        self._ramp: Ramp | None = None

    def keep_to(self, ramp: Ramp) -> None:
        """Send no more requests a second than a ramp allows from now on, retried ones included."""
        self._ramp = ramp

    def uri(self, name: str) -> str:
        """Return the raw URI of a name."""
        return self._inner.uri(name)

    def name_problem(self, name: str) -> str | None:
        """Return why the store cannot hold an object of that name, or None if it can."""
        return self._inner.name_problem(name)

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List a page of objects, with retries."""
        return await self._try("page", lambda: self._inner.page(prefix, start=start, end=end, limit=limit))

    async def stat(self, name: str) -> Entry | None:
        """Return an object's entry, with retries."""
        return await self._try("stat", lambda: self._inner.stat(name))

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> int | None:
        """Read an object, with retries; each retry starts from the first byte of the range."""
        return await self._try(
            "read", lambda: self._inner.read(name, sink, generation=generation, start=start, end=end)
        )

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create an object, with retries.

        If an attempt created the object but its answer was lost, the next attempt finds the name taken. Some accounts
        get 403 for a name that is taken, so this checks that the name is free before it counts a 403 as a refusal.
        """

        async def attempt() -> Entry:
            try:
                return await self._inner.create(
                    name, body, content_type=content_type, metadata=metadata, cache_control=cache_control
                )
            except DeniedError as error:
                with suppress(DeniedError):  # an account that can neither create nor stat gets the error of the create
                    if await self._inner.stat(name) is not None:
                        raise ExistsError(f"{self.uri(name)} exists already") from error
                raise

        return await self._try("create", attempt)

    async def bucket_facts(self) -> BucketFacts:
        """Return the settings of the bucket, with retries."""
        return await self._try("bucket_facts", self._inner.bucket_facts)

    async def close(self) -> None:
        """Close the wrapped store."""
        await self._inner.close()

    async def _try(self, operation: str, request: Callable[[], Awaitable[T]]) -> T:
        policy, attempt = self._policy, 1
        while True:
            try:
                return await self._once(operation, request)
            except ObjectRefusedError:
                raise
            except (TransientError, DeniedError) as error:
                attempts = policy.few_attempts if isinstance(error, _FEW) else policy.attempts
                if attempt >= attempts:
                    raise
                wait = self._wait(error, attempt)
                self._on_retry(Retry(operation, attempt, wait, error))
            await self._sleep(wait)
            attempt += 1

    def _wait(self, error: StoreError, attempt: int) -> float:
        """Return the seconds to wait after a failed attempt, numbered from 1.

        The full jitter is added to the wait that the store asked for, so that the requests that it refused do not all
        return at the same moment.
        """
        policy = self._policy
        asked = error.retry_after or 0.0 if isinstance(error, TransientError) else 0.0
        longest = min(policy.cap, policy.first * 2.0 ** (attempt - 1))
        return min(asked, policy.longest_retry_after) + self._uniform(0.0, longest)

    async def _once(self, operation: str, request: Callable[[], Awaitable[T]]) -> T:
        if self._ramp is not None:
            await self._ramp.turn(operation)
        async with self._throttle as begun:
            try:
                answer = await request()
            except ThrottledError:
                self._throttle.refused(begun)
                raise
            self._throttle.succeeded()
            return answer
