"""Tests of images whose decoding process dies: of the image itself, or of a signal that the test sends."""

import asyncio
import os
import signal

import pytest

from tests.faults.images import bench
from tests.faults.images.bench import busy_for
from tests.faults.images.bombs import jpeg
from tests.faults.images.deadly import crashing

MEMORY = 320 << 20


async def test_a_real_crash() -> None:
    """An image that kills its decoder is the only one to fail, each time it is tried."""
    async with bench.bench(memory=MEMORY) as watched:
        seen = [await watched.try_(f"number {n}", crashing(), beside=True) for n in range(5)]
        assert ["crashed"] * 5 == [one.outcome for one in seen]
        assert {"the decoding process was killed by SIGSEGV"} == {getattr(one.verdict, "detail", "") for one in seen}
        assert (5, []) == (watched.replaced, watched.wrong)


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("signal_", [signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGKILL])
async def test_death_in_the_middle_of_decoding(signal_: signal.Signals) -> None:
    """If any signal kills a process that decodes, its image is `crashed`, and its neighbours come out as before."""
    endless = jpeg.progressive(1_600, 3_000_000, refined=True)  # it takes a quarter of an hour or more
    async with bench.bench(limit=3600.0, memory=MEMORY) as watched:
        doomed = asyncio.ensure_future(watched.try_(signal_.name, endless))
        pid = await busy_for(0.1, doomed)
        neighbours = [asyncio.ensure_future(watched.check_neighbour(signal_.name)) for _ in range(5)]
        os.kill(pid, signal_)
        seen = await doomed
        await asyncio.gather(*neighbours)
        assert f"the decoding process was killed by {signal_.name}" == getattr(seen.verdict, "detail", "")
        assert ("crashed", 1, []) == (seen.outcome, watched.replaced, watched.wrong)
