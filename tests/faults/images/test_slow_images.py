"""Tests of images that are built to take minutes: thumbrun gives up at the time limit, and replaces the process."""

import asyncio

import pytest

from tests.faults.images.bench import Bench, Seen, bench, busy_for
from tests.faults.images.deadly import LIMIT, SLOW
from tests.unit.imaging.gate import StandingTime

MEMORY = 320 << 20


async def tried(watched: Bench, time: StandingTime, name: str, content: bytes) -> Seen:
    """Try an image; let its time pass after its process has worked for that long, and never its neighbour's time."""
    trying = asyncio.ensure_future(watched.try_(name, content, beside=True))
    await busy_for(watched.timeout, trying)
    time.go_on(watched.timeout)
    return await trying


@pytest.mark.quick(one_in=6)
@pytest.mark.parametrize("name", SLOW)
async def test_slow_images(name: str) -> None:
    """Thumbrun gives up an image that takes far longer than its limit; another process takes the next image."""
    async with bench(limit=LIMIT, memory=MEMORY) as watched:
        seen = await tried(watched, StandingTime(), name, SLOW[name]())
        assert ("timeout", 1, []) == (seen.outcome, watched.replaced, watched.wrong), seen.verdict


@pytest.mark.slow
async def test_many_slow_images_one_after_the_other() -> None:
    """Ten slow images in a row cost ten processes, and harm no neighbour."""
    content = SLOW["a progressive jpeg of 30,000 scans"]()
    async with bench(limit=0.3, memory=MEMORY) as watched:
        time = StandingTime()
        outcomes = [(await tried(watched, time, f"number {n}", content)).outcome for n in range(10)]
        assert (["timeout"] * 10, 10, []) == (outcomes, watched.replaced, watched.wrong)
