"""Print what a part measured: each of its rows, a data class, as one line of JSON."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any


def show(rows: Iterable[Any]) -> None:
    """Print rows as they come."""
    for row in rows:
        sys.stdout.write(json.dumps({"row": type(row).__name__, **asdict(row)}) + "\n")
        sys.stdout.flush()
