"""Tests of partial reads over a store that fails: thumbnails are right, and outcomes say if they are unchecked."""

import asyncio
import io
import random
from collections.abc import AsyncIterator

import pytest

from tests.faults.store import Chances, Fault, FaultStore
from tests.photographs import draw
from tests.unit.imaging.partial.pictures import animated, progressive
from tests.unit.task.test_pipeline import MEMORY, RUN, item, work
from thumbrun.decoding.pool import DecoderPool
from thumbrun.outcomes import Status
from thumbrun.storage.memory import MemoryStore
from thumbrun.storage.retry import Policy, RetryingStore
from thumbrun.storage.throttle import Throttle

SEEDS = 6
_HARMLESS = (Fault.BEFORE, Fault.AFTER, Fault.CUT, Fault.THROTTLED, Fault.UNAVAILABLE)


@pytest.fixture
async def pool() -> AsyncIterator[DecoderPool]:
    """Run one decoding process."""
    running = DecoderPool(1, timeout=60, memory=MEMORY)
    await running.start()
    yield running
    await running.close()


def sources() -> MemoryStore:
    """Return a store with an image of each kind that is read in part, and one that is read whole in two ranges."""
    store, pages, png = MemoryStore("in"), io.BytesIO(), io.BytesIO()
    drawn = [draw(500, number) for number in range(8)]
    drawn[0].save(pages, "TIFF", save_all=True, append_images=drawn[1:])
    draw(1600, 1).save(png, "PNG")
    store.put_as_user("a.jpg", progressive(4000), content_type="image/jpeg")
    store.put_as_user("b.gif", animated(20))
    store.put_as_user("c.tif", pages.getvalue())
    store.put_as_user("d.png", png.getvalue())
    return store


async def _made(
    source: MemoryStore, pool: DecoderPool, seed: int, rates: dict[Fault, float]
) -> tuple[dict[str, bytes], dict[str, bool], int]:
    """Process all images; return thumbnails and whether they are unchecked, by name, and the number of faults."""
    chance = random.Random(seed)  # noqa: S311
    faulty = FaultStore(source, Chances(chance, rates), chance, sleep=lambda _: asyncio.sleep(0))
    retrying = RetryingStore(
        faulty,
        Throttle(8, asyncio.get_running_loop().time),
        lambda _: asyncio.sleep(0),
        policy=Policy(attempts=50),
    )
    output = MemoryStore("out")
    items = [item(entry) for entry, _ in source.objects.values()]
    outcomes, _ = await work(retrying, output, pool, items, max_bytes=1 << 28)  # type: ignore[arg-type]
    # An image that arrives damaged each time is left open for another attempt.
    assert {Status.DONE} == {outcome.status for outcome in outcomes}, seed
    thumbnails = {name.removeprefix(f"{RUN}/"): body for name, (_, body) in output.objects.items()}
    unchecked = {items[outcome.item].source: outcome.unchecked for outcome in outcomes}
    return thumbnails, unchecked, sum(faulty.faults.values())


async def test_what_a_network_does_to_ranges(pool: DecoderPool) -> None:
    """Resets, refusals and cut bodies never change a thumbnail."""
    source = sources()
    expected, unchecked, _ = await _made(source, pool, 0, {})
    assert {"a.jpg": True, "b.gif": True, "c.tif": True, "d.png": False} == unchecked
    struck = 0
    for seed in range(SEEDS):
        made, _, faults = await _made(source, pool, seed, dict.fromkeys(_HARMLESS, 0.12))
        assert made.items() <= expected.items(), seed
        struck += faults
    assert struck > SEEDS


@pytest.mark.slow
async def test_bits_that_flip_on_their_way(pool: DecoderPool) -> None:
    """A thumbnail is right though bits flip on the way, or its outcome says that it is unchecked."""
    source = sources()
    expected, _, _ = await _made(source, pool, 0, {})
    for seed in range(SEEDS):
        made, unchecked, _ = await _made(source, pool, seed, {Fault.FLIPPED: 0.3})
        for name, body in made.items():
            assert unchecked[name] or body == expected[name], (seed, name)
