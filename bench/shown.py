"""Prints the figures of a part: each is a data class and becomes one line of JSON."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any


def show(rows: Iterable[Any]) -> None:
    """Print each row as soon as it is measured."""
    for row in rows:
        sys.stdout.write(json.dumps({"row": type(row).__name__, **asdict(row)}) + "\n")
        sys.stdout.flush()
