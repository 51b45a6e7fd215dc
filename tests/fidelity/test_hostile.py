"""Tests of files that were made to break decoders: each gets a verdict, and the processes survive."""

import asyncio
import os
from collections import Counter
from pathlib import Path

import psutil
import pytest

from thumbrun.decoding.pool import DecoderPool
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Reason

VARIABLE = "THUMBRUN_HOSTILE"
MEMORY = 300 << 20


@pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} names no folder")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("output", ["jpeg", "png", "webp"])
async def test_every_file_gets_a_verdict(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No file kills a process, takes too long, or causes a detail that is not one short printable line."""
    pool = DecoderPool(2, timeout=60.0, memory=MEMORY)
    await pool.start()
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    files = iter(_files())
    found: Counter[str] = Counter()

    async def lane() -> None:
        for path in files:
            verdict = await _verdict(pool, path.read_bytes(), output)
            match verdict:
                case Rendered():
                    assert 0 < max(verdict.width, verdict.height) <= 100
                    found["rendered"] += 1
                case NeedsMemory():
                    found["needs memory"] += 1
                case Refused():
                    assert verdict.reason not in (Reason.CRASHED, Reason.TIMEOUT), path
                    assert verdict.detail.isprintable(), path
                    assert len(verdict.detail) <= 200, path
                    found[verdict.reason] += 1

    await asyncio.gather(lane(), lane())
    assert before == {process.pid for process in psutil.Process().children(recursive=True)}
    await pool.close()
    with capsys.disabled():
        print("", *(f"{count} {reason}" for reason, count in found.most_common()), sep="\n  ")


def _files() -> list[Path]:
    return sorted(path for path in Path(os.environ[VARIABLE]).rglob("*") if path.is_file())


async def _verdict(pool: DecoderPool, content: bytes, output: str) -> Rendered | Refused | NeedsMemory:
    body = pool.body(len(content))
    try:
        body.write(content)
        return await pool.render(body, Request(100, 100, output, 80, 50_000_000, MEMORY))
    finally:
        body.close()
