"""Tests that real tasks finish over slow lines, and send no byte twice because the line is slow.

Sizes and the time in which a request must make progress are smaller than in a real run, by the same factor, so each
request takes longer than two such times, as there.
"""

import io
import os

import pytest
from PIL import Image

from tests.e2e.line import Line, slow_line
from tests.e2e.tasks import Tasks, clean_environment
from thumbrun.demo.emulator import Emulator

BUCKET = "slow"
PICTURES = 48  # all of them are under way at once
_OVERHEAD = 150_000  # bytes of listings, records and headers


def noise(side: int, kilobytes: int) -> bytes:
    """Return a JPEG picture of a size in bytes, which shows noise, so that its thumbnail is large too."""
    held = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(held, "JPEG", quality=10)
    rest = kilobytes * 1000 - len(held.getvalue())
    comments = b"".join(
        b"\xff\xfe" + (size + 2).to_bytes(2, "big") + b"x" * size
        for size in (min(60_000, rest - at) for at in range(0, max(0, rest), 60_000))
    )
    return held.getvalue()[:2] + comments + held.getvalue()[2:]


def run(tasks: Tasks, line: Line, window: float, *options: str) -> None:
    """Run one task over a line, to its end."""
    environment = clean_environment(STORAGE_EMULATOR_HOST=line.url)
    command = ("run", f"gs://{BUCKET}/in", "--output", f"gs://{BUCKET}/out", *options)
    task = tasks.module("tests.e2e.short_window", f"{window}", *command, environment=environment)
    assert 0 == task.wait(), task.output()


def total(emulator: Emulator, prefix: str) -> tuple[int, int]:
    """Return the number of objects below a prefix, and their bytes."""
    sizes = [int(found["size"]) for found in emulator.objects(BUCKET, prefix).values()]
    return len(sizes), sum(sizes)


def fill(emulator: Emulator, side: int, kilobytes: int) -> None:
    """Put the pictures into the bucket."""
    emulator.create_bucket(BUCKET)
    body = noise(side, kilobytes)
    for number in range(PICTURES):
        emulator.put(BUCKET, f"in/{number:02}.jpg", body)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("megabits", "window", "kilobytes"),
    [
        pytest.param(1, 10, 60, marks=pytest.mark.slow),
        pytest.param(5, 3, 150, marks=pytest.mark.slow),
        (8, 3, 150),
        pytest.param(20, 3, 600, marks=pytest.mark.slow),
    ],
)
def test_reads_over_a_slow_line(emulator: Emulator, tasks: Tasks, megabits: int, window: float, kilobytes: int) -> None:
    """A task reads 48 pictures at once over a slow line, and no more than a tenth of their bytes again."""
    fill(emulator, 160, kilobytes)
    with slow_line(emulator.url, megabits) as line:
        run(tasks, line, window, "--size", "50", "--no-report")  # a report reads the thumbnails
    size = PICTURES * kilobytes * 1000
    assert size * 8 / (megabits * 1e6) > 2 * window
    assert PICTURES == total(emulator, "out/")[0] - total(emulator, "out/_thumbrun/")[0]
    assert size <= line.received < 1.1 * size + _OVERHEAD


@pytest.mark.slow
@pytest.mark.parametrize(
    ("megabits", "window", "side"),
    [
        pytest.param(1, 10, 160, marks=pytest.mark.slow),
        pytest.param(5, 3, 256, marks=pytest.mark.slow),
        (8, 3, 256),
        pytest.param(20, 3, 448, marks=pytest.mark.slow),
    ],
)
def test_uploads_over_a_slow_line(emulator: Emulator, tasks: Tasks, megabits: int, window: float, side: int) -> None:
    """A task uploads 48 large thumbnails at once over a slow line, and no more than a tenth of their bytes again."""
    fill(emulator, side, 1)
    with slow_line(emulator.url, megabits) as line:
        run(tasks, line, window, "--size", str(side), "--format", "png")
    count, size = total(emulator, "out/")
    assert PICTURES == count - total(emulator, "out/_thumbrun/")[0]
    assert size * 8 / (megabits * 1e6) > 2 * window
    assert size <= line.sent < 1.1 * size + _OVERHEAD
