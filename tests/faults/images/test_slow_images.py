"""Images that take minutes by construction: each is given up at the time limit, and its process replaced."""

import pytest

from tests.faults.images.bench import bench
from tests.faults.images.deadly import LIMIT, SLOW

MEMORY = 320 << 20


@pytest.mark.parametrize("name", SLOW)
async def test_slow_images(name: str) -> None:
    """An image that takes far longer than its limit is given up; another process takes up the next."""
    async with bench(limit=LIMIT, memory=MEMORY) as watched:
        seen = await watched.try_(name, SLOW[name](), beside=True)
        assert ("timeout", 1, []) == (seen.outcome, watched.replaced, watched.wrong), seen.verdict


async def test_many_slow_images_one_after_the_other() -> None:
    """Ten in a row cost ten processes and no neighbour."""
    content = SLOW["a progressive jpeg of 30,000 scans"]()
    async with bench(limit=0.3, memory=MEMORY) as watched:
        outcomes = [(await watched.try_(f"number {n}", content, beside=True)).outcome for n in range(10)]
        assert (["timeout"] * 10, 10, []) == (outcomes, watched.replaced, watched.wrong)
