"""Tests of the retries and the throttle, on a store that fails on demand, in virtual time."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from tests.virtual import VirtualClock, run
from thumbrun.storage.base import (
    BytesSink,
    DeniedError,
    Entry,
    ExistsError,
    NobodyListensError,
    NotFoundError,
    Sink,
    StoreError,
    ThrottledError,
    TransientError,
    UnauthenticatedError,
)
from thumbrun.storage.memory import MemoryStore
from thumbrun.storage.retry import Policy, Retry, RetryingStore
from thumbrun.storage.throttle import Throttle


class FailingStore(MemoryStore):
    """A store that fails with the given errors, one for each request, and then works."""

    def __init__(self, *errors: StoreError, after: bool = False) -> None:
        super().__init__()
        self.errors = list(errors)
        self.after = after
        self.requests = 0

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Fail in the middle of the body."""
        self.requests += 1
        if self.errors:
            sink.reset()
            sink.write(b"half of")
            raise self.errors.pop(0)
        await super().read(name, sink, generation=generation, start=start, end=end)

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Fail before or after the object is created."""
        self.requests += 1
        error = self.errors.pop(0) if self.errors else None
        if error and not self.after:
            raise error
        entry = await super().create(
            name, body, content_type=content_type, metadata=metadata, cache_control=cache_control
        )
        if error:
            raise error
        return entry


def retrying(inner: MemoryStore, *, told: Callable[[Retry], None] = lambda _: None, most: int = 8) -> RetryingStore:
    """Return the store with retries in virtual time."""
    clock = VirtualClock()
    return RetryingStore(inner, Throttle(most, clock.monotonic), clock.sleep, policy=Policy(), on_retry=told)


async def read(store: RetryingStore) -> bytes:
    """Return the body of the one object."""
    sink = BytesSink()
    await store.read("a", sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    "error", [TransientError("reset"), ThrottledError("503"), DeniedError("403 for a role that was just granted")]
)
def test_what_passes_is_tried_again(error: StoreError) -> None:
    """The caller does not see a temporary failure, and its sink holds the whole body once."""

    async def scenario() -> None:
        inner = FailingStore(error, error)
        inner.put_as_user("a", b"the whole body")
        told: list[Retry] = []
        assert b"the whole body" == await read(retrying(inner, told=told.append))
        assert [("read", 1), ("read", 2)] == [(retry.operation, retry.attempt) for retry in told]

    run(scenario())


@pytest.mark.parametrize(
    ("error", "requests"),
    [
        (NotFoundError("404"), 1),
        (UnauthenticatedError("401"), 1),
        (StoreError("what nobody expects"), 1),
        (DeniedError("403"), Policy().few_attempts),
        (NobodyListensError("refused"), Policy().few_attempts),
        (TransientError("500"), Policy().attempts),
        (ThrottledError("429"), Policy().attempts),
    ],
)
def test_what_does_not_pass_is_raised(error: StoreError, requests: int) -> None:
    """A permanent failure is raised unchanged, after the number of attempts that its kind gets."""

    async def scenario() -> None:
        inner = FailingStore(*[error] * 50)
        with pytest.raises(type(error)) as caught:
            await read(retrying(inner))
        assert error is caught.value
        assert requests == inner.requests

    run(scenario())


def test_waits_grow_within_their_cap_and_honour_the_store() -> None:
    """No wait is longer than the backoff's bound, and none is shorter than the wait that the store asked for."""

    async def scenario() -> None:
        policy = Policy()
        errors = [TransientError("500")] * 4 + [ThrottledError("429", retry_after=50.0), TransientError("500")]
        told: list[Retry] = []
        inner = FailingStore(*errors)
        inner.put_as_user("a", b"x")
        await read(retrying(inner, told=told.append))
        waits = [retry.wait for retry in told]
        assert all(wait <= min(policy.cap, policy.first * 2**attempt) for attempt, wait in enumerate(waits[:4]))
        assert 50.0 <= waits[4]
        assert sum(waits) == pytest.approx(asyncio.get_running_loop().time())

    run(scenario())


def test_a_lost_acknowledgement_is_found_existing() -> None:
    """If a create succeeded but its answer was lost, it ends as 'exists', so that the caller can check the object."""

    async def scenario() -> None:
        inner = FailingStore(TransientError("reset"), after=True)
        with pytest.raises(ExistsError):
            await retrying(inner).create("a", b"x", content_type="image/jpeg", metadata={})
        assert b"x" == inner.objects["a"][1]

    run(scenario())


def test_a_refused_create_is_looked_into() -> None:
    """A 403 for a taken name ends as 'exists'; a 403 for a free name is retried, and then ends as a refusal."""

    async def scenario() -> None:
        taken = FailingStore(DeniedError("403"))
        taken.put_as_user("a", b"x")
        with pytest.raises(ExistsError):
            await retrying(taken).create("a", b"y", content_type="image/jpeg", metadata={})
        assert 1 == taken.requests
        spreading = FailingStore(DeniedError("403"), DeniedError("403"))
        await retrying(spreading).create("a", b"y", content_type="image/jpeg", metadata={})
        refused = FailingStore(*[DeniedError("403")] * 9)
        with pytest.raises(DeniedError):
            await retrying(refused).create("a", b"y", content_type="image/jpeg", metadata={})

    run(scenario())


def test_who_may_neither_create_nor_look_is_told_of_the_former() -> None:
    """If the store also refuses the stat, the caller still gets the error of the create."""

    class Blind(FailingStore):
        async def stat(self, name: str) -> Entry | None:
            raise DeniedError("no get")

    async def scenario() -> None:
        with pytest.raises(DeniedError, match="no create"):
            await retrying(Blind(*[DeniedError("no create")] * 9)).create("a", b"y", content_type="a/b", metadata={})

    run(scenario())


def test_the_jitter_is_the_clocks_own() -> None:
    """Two runs from one seed wait the same times, and requests that must wait equally long do not return together."""

    def waits(seed: int) -> list[float]:
        async def scenario() -> list[float]:
            clock, told = VirtualClock(seed), list[Retry]()
            inner = FailingStore(TransientError("500"), ThrottledError("429", retry_after=5.0))
            inner.put_as_user("a", b"x")
            throttle = Throttle(8, clock.monotonic)
            await read(RetryingStore(inner, throttle, clock.sleep, uniform=clock.uniform, on_retry=told.append))
            return [retry.wait for retry in told]

        return run(scenario())

    assert waits(1) == waits(1)
    assert waits(1)[1] != waits(2)[1]
    assert 5.0 <= min(waits(1)[1], waits(2)[1])


def test_the_throttle_halves_once_a_burst_and_grows_back() -> None:
    """A burst of refusals halves the limit once, and successes raise it again, one at a time."""

    async def scenario() -> None:
        throttle = Throttle(64, VirtualClock().monotonic)
        for _ in range(10):
            throttle.refused(asyncio.get_running_loop().time())
        assert 32 == throttle.limit
        await asyncio.sleep(2)
        throttle.refused(asyncio.get_running_loop().time())
        assert 16 == throttle.limit
        for _ in range(17):
            throttle.succeeded()
        assert 17 == int(throttle.limit)
        for _ in range(10_000):
            throttle.succeeded()
        assert 64 == throttle.limit
        for _ in range(20):
            throttle.refused(asyncio.get_running_loop().time())
            await asyncio.sleep(2)
        assert 1 == throttle.limit

    run(scenario())


def test_requests_of_one_generation_halve_the_limit_once() -> None:
    """However long they take to fail, requests that began before the limit was halved do not halve it again."""

    async def scenario() -> None:
        clock = VirtualClock()
        throttle = Throttle(64, clock.monotonic)
        begun = clock.monotonic()
        for _ in range(10):
            await asyncio.sleep(30)
            throttle.refused(begun)
        assert 32 == throttle.limit
        async with throttle as later:
            throttle.refused(later)
        assert 16 == throttle.limit

    run(scenario())


def test_the_throttle_bounds_what_is_under_way_and_is_fair() -> None:
    """The throttle keeps requests within the limit, serves them in order and loses none."""

    async def scenario() -> None:
        throttle = Throttle(3, VirtualClock().monotonic)
        under_way, most, order = 0, 0, []

        async def request(number: int) -> None:
            nonlocal under_way, most
            async with throttle:
                under_way += 1
                most = max(most, under_way)
                order.append(number)
                await asyncio.sleep(1)
                under_way -= 1

        requests = [asyncio.ensure_future(request(number)) for number in range(20)]
        await asyncio.sleep(0.5)
        for number in (5, 6):
            requests[number].cancel()
        await asyncio.sleep(0.5)  # the first ones end at this moment
        requests[7].cancel()
        await asyncio.gather(*requests, return_exceptions=True)
        assert 3 == most
        assert [number for number in range(20) if number not in (5, 6, 7)] == order
        async with throttle, throttle, throttle:
            pass  # all places are free again

    run(scenario())
