"""Images that take minutes by construction: each is given up at the time limit, and its process replaced."""

from collections.abc import Callable

import pytest

from tests.faults.images.bench import bench
from tests.faults.images.bombs import boxes, jpeg, png
from tests.faults.images.handmade import chunk

LIMIT = 1.0  # seconds; each of them takes at least ten times as long
MEMORY = 320 << 20

SLOW: dict[str, Callable[[], bytes]] = {
    "a progressive jpeg of 30,000 scans": lambda: jpeg.progressive(3_000, 30_000, refined=True),
    "a progressive jpeg of 100,000 scans": lambda: jpeg.progressive(1_600, 100_000),
    "a jpeg with 60 MB of EXIF to put together": lambda: jpeg.with_exif(950),
    "an avif grid of 65,025 tiles": lambda: boxes.grid("avif", 255),
    "a png with 2,000 profiles of 15 MB": lambda: png.beside(*[png.profile(15 << 20)] * 2_000),
    "a png of 3,000,000 empty chunks": lambda: png.beside(*[chunk(b"teSt", b"")] * 3_000_000),
}


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
