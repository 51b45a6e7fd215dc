"""Reads the ledger of a run without thumbrun's own code."""

import gzip
import json
from typing import Any

from thumbrun.demo.emulator import Emulator


def outcomes(emulator: Emulator, bucket: str, state: str = "_thumbrun/") -> list[dict[str, Any]]:
    """Return the rows of all ledger parts in a bucket."""
    rows: list[dict[str, Any]] = []
    for name in emulator.objects(bucket, state):
        if "/ledger/" in name:
            rows += map(json.loads, gzip.decompress(emulator.read(bucket, name)).splitlines()[1:])
    return rows
