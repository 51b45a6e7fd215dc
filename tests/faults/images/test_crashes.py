"""Images that kill their decoding process: one of them for real, others by a signal from outside."""

import asyncio
import io
import os
import signal
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from tests.faults.images import bench
from tests.faults.images.bench import decoding_processes
from tests.faults.images.bombs import jpeg

MEMORY = 320 << 20


def crashing() -> bytes:
    """Return a HEIC that kills pi-heif 1.4: the media type of its XMP is no UTF-8, and what it stores is then NULL."""
    target = io.BytesIO()
    heif = pillow_heif.from_pillow(Image.new("RGB", (64, 64), "teal"))
    heif.save(target, xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    whole = target.getvalue()
    assert b"application/rdf+xml" in whole
    return whole.replace(b"application/rdf+xml", b"\xffpplication/rdf+xml")


async def test_a_real_crash() -> None:
    """A decoder that dies of its image costs that image alone, again and again."""
    async with bench.bench(memory=MEMORY) as watched:
        seen = [await watched.try_(f"number {n}", crashing(), beside=True) for n in range(5)]
        assert ["crashed"] * 5 == [one.outcome for one in seen]
        assert {"the decoding process died of SIGSEGV"} == {getattr(one.verdict, "detail", "") for one in seen}
        assert (5, []) == (watched.replaced, watched.wrong)


async def busiest() -> int:
    """Wait until a decoding process is at work, and return it."""

    def worked(pid: int) -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])  # ticks, of the process and of the kernel for it

    before = {pid: worked(pid) for pid in decoding_processes()}
    while True:
        for pid, ticks in before.items():
            if worked(pid) > ticks + 10:
                return pid
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("signal_", [signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGKILL])
async def test_death_in_the_middle_of_decoding(signal_: signal.Signals) -> None:
    """Whatever a process dies of while it decodes, its image has crashed, and neighbours come out as before."""
    async with bench.bench(limit=30.0, memory=MEMORY) as watched:
        doomed = asyncio.ensure_future(watched.try_(signal_.name, jpeg.progressive(3_000, 30_000, refined=True)))
        pid = await busiest()
        neighbours = [asyncio.ensure_future(watched.check_neighbour(signal_.name)) for _ in range(5)]
        os.kill(pid, signal_)
        seen = await doomed
        await asyncio.gather(*neighbours)
        assert f"the decoding process died of {signal_.name}" == getattr(seen.verdict, "detail", "")
        assert ("crashed", 1, []) == (seen.outcome, watched.replaced, watched.wrong)
