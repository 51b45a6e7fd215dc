"""Tests of bombs in real decoding processes: each bomb gets its expected outcome and does no harm."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.images.bench import Bench, bench
from tests.faults.images.bombs import BOMBS
from tests.faults.images.campaign import BOMBS_LIMIT, BOMBS_MEMORY

SMALL = 64 << 20  # bytes; most bombs have a few hundred


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched() -> AsyncIterator[Bench]:
    """Return decoding processes that all bombs share."""
    async with bench(limit=BOMBS_LIMIT, memory=BOMBS_MEMORY) as running:
        yield running


@pytest.mark.quick(one_in=12)
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", BOMBS)
async def test_bombs(name: str, watched: Bench) -> None:
    """A bomb gets exactly its expected outcome, in bounded time and memory, and does not harm the image beside it."""
    bomb = BOMBS[name]
    content = bomb.make()
    assert len(content) < SMALL
    watched.wrong.clear()
    seen = await watched.try_(name, content, beside=True)
    assert (bomb.expected, []) == (seen.outcome, watched.wrong), seen.verdict
