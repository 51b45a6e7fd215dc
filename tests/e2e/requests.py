"""Reads the requests to the emulator from its log."""

from pathlib import Path
from uuid import uuid4

from tests.faults.wire.stage import wait_until
from thumbrun.demo.emulator import Emulator


def requests(emulator: Emulator, log: Path, bucket: str) -> list[str]:
    """Return the log's lines so far. A line can come later than its answer, so one more request marks the end."""
    mark = f"mark-{uuid4().hex}"
    emulator.objects(bucket, mark)
    wait_until(lambda: mark in log.read_text())
    return [line for line in log.read_text().splitlines() if "prefix=mark-" not in line]
