"""What the emulator was asked for, from its log."""

from pathlib import Path
from uuid import uuid4

from tests.faults.wire.stage import wait_until
from thumbrun.demo.emulator import Emulator


def requests(emulator: Emulator, log: Path, bucket: str) -> list[str]:
    """Return the log's lines so far. They come a little later than the answers: one more request shows how far."""
    mark = f"mark-{uuid4().hex}"
    emulator.objects(bucket, mark)
    wait_until(lambda: mark in log.read_text())
    return [line for line in log.read_text().splitlines() if "prefix=mark-" not in line]
