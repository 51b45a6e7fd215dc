"""Tests of the ramp: all tasks together keep to a bucket's rate, and a small run never waits."""

import asyncio
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.virtual import VirtualClock, run
from thumbrun.storage.memory import MemoryStore
from thumbrun.storage.ramp import DOUBLING_SECONDS, WRITES, Ramp
from thumbrun.storage.retry import RetryingStore
from thumbrun.storage.throttle import Throttle

CREDIT = 0.25


def allowed(begin: float, end: float, at_first: float = WRITES) -> float:
    """Return how many requests the documented ramp allows between two ages, in seconds."""
    steep = math.log(2) / DOUBLING_SECONDS
    return at_first * (math.exp(steep * end) - math.exp(steep * begin)) / steep


async def sent(tasks: int, seconds: float, *, age: float, in_flight: int, latency: float) -> list[float]:
    """Return the times at which a number of tasks, each as busy as it can be, send their writes."""
    moments: list[float] = []
    clock = VirtualClock(5)

    async def one(ramp: Ramp) -> None:
        while clock.monotonic() < seconds:
            await ramp.turn("create")
            moments.append(clock.monotonic())
            await clock.sleep(latency)

    ramps = [Ramp(WRITES, 1 / tasks, lambda: age + clock.monotonic(), clock.sleep, clock.uniform) for _ in range(tasks)]
    async with asyncio.TaskGroup() as group:
        for ramp in ramps:
            for _ in range(in_flight):
                group.create_task(one(ramp))
    return sorted(moment for moment in moments if moment < seconds)


@pytest.mark.quick(one_in=6)
@pytest.mark.parametrize(("tasks", "age"), [(1000, 0.0), (1000, 3600.0), (100, 600.0), (10_000, 0.0)])
def test_all_tasks_together_keep_to_what_the_bucket_takes(tasks: int, age: float) -> None:
    """Busy tasks that never talk to each other send nearly all that the ramp allows, and not more."""
    seconds = 10.0 if age else 30.0
    moments = run(sent(tasks, seconds, age=age, in_flight=max(1, 2000 * (8 if age else 1) // tasks), latency=0.08))
    granted = allowed(age, age + seconds)
    assert 0.9 * granted <= len(moments) <= 1.03 * granted
    for second in range(int(seconds)):
        within = sum(second <= moment < second + 1 for moment in moments)
        # Some tasks have one more turn in this second by chance, and the margin allows for that.
        assert within <= allowed(age + second - CREDIT, age + second + 1) + 4 * math.sqrt(granted)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40),
    st.floats(0, 4 * DOUBLING_SECONDS),
    st.lists(st.floats(0, 3), max_size=60),
    st.integers(0, 2**32),
)
def test_no_window_holds_more_than_its_share(tasks: int, age: float, pauses: list[float], seed: int) -> None:
    """Between any two of its writes, a task sends no more than the ramp allows, with a quarter of a second's credit."""

    async def scenario() -> list[float]:
        clock = VirtualClock(seed)
        ramp = Ramp(50, 1 / tasks, lambda: age + clock.monotonic(), clock.sleep, clock.uniform)
        moments = []
        for pause in pauses:
            await clock.sleep(pause)
            await ramp.turn("create")
            moments.append(age + clock.monotonic())
        return moments

    moments = run(scenario())
    for first, begin in enumerate(moments):
        for last in range(first, len(moments)):
            granted = allowed(max(0.0, begin - CREDIT), moments[last], 50 / tasks)
            assert last - first <= granted + 1 + 1e-6 * last


@pytest.mark.parametrize("tasks", [1, 2, 3])
def test_a_small_run_never_waits(tasks: int) -> None:
    """One task with 64 requests under way, which makes some 300 thumbnails a second, never reaches the limit."""
    slept: list[float] = []

    async def scenario() -> None:
        clock = VirtualClock(1)

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            await clock.sleep(seconds)

        ramp = Ramp(WRITES, 1 / tasks, clock.monotonic, sleep, clock.uniform)
        await clock.sleep(1.0)
        for _ in range(20):
            await asyncio.gather(*(ramp.turn("create") for _ in range(64)))
            await clock.sleep(64 / 300)

    run(scenario())
    assert [] == slept


def test_reads_have_a_ceiling_of_their_own() -> None:
    """Reads go five times as fast as writes, and writes do not slow them down."""

    async def scenario() -> tuple[float, float]:
        clock = VirtualClock(1)
        ramp = Ramp(10, 1.0, clock.monotonic, clock.sleep, clock.uniform)
        for _ in range(100):
            await ramp.turn("read")
        reads = clock.monotonic()
        for _ in range(100):
            await ramp.turn("create")
        return reads, clock.monotonic() - reads

    reads, writes = run(scenario())
    assert reads == pytest.approx(100 / 50, abs=0.2)
    assert writes == pytest.approx(100 / 10, abs=0.5)


def test_who_is_held_back_is_told_once() -> None:
    """The first request that waits for more than a second reports the rate; a run that never waits reports none."""
    told: list[float] = []

    async def scenario(tasks: int) -> None:
        clock = VirtualClock(1)
        ramp = Ramp(1000, 1 / tasks, clock.monotonic, clock.sleep, clock.uniform, told.append)
        await asyncio.gather(*(ramp.turn("create") for _ in range(20)))

    run(scenario(1))
    assert [] == told
    run(scenario(500))
    assert [2.0] == pytest.approx(told, rel=0.01)


def test_an_old_run_is_beyond_any_ceiling() -> None:
    """An age of years, as from a wrong clock, causes no overflow and no wait."""

    async def scenario() -> float:
        clock = VirtualClock(1)
        ramp = Ramp(1000, 1e-4, lambda: 1e10 + clock.monotonic(), clock.sleep, clock.uniform)
        for _ in range(1000):
            await ramp.turn("create")
        return clock.monotonic()

    assert run(scenario()) < 1.0


def test_a_store_keeps_to_its_ramp() -> None:
    """A store with a ramp waits before each request, and a store without one does not."""

    async def scenario() -> tuple[float, float]:
        clock = VirtualClock(1)
        store = RetryingStore(MemoryStore(), Throttle(64, clock.monotonic), clock.sleep, uniform=clock.uniform)
        await asyncio.gather(*(store.create(f"a{n}", b"x", content_type="a/b", metadata={}) for n in range(50)))
        free = clock.monotonic()
        store.keep_to(Ramp(10, 1.0, clock.monotonic, clock.sleep, clock.uniform))
        await asyncio.gather(*(store.create(f"b{n}", b"x", content_type="a/b", metadata={}) for n in range(50)))
        return free, clock.monotonic() - free

    free, ramped = run(scenario())
    assert free == pytest.approx(0.0, abs=0.1)
    assert ramped == pytest.approx(5.0, abs=0.5)
