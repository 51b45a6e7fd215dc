"""Print what a part measured: each of its rows as one line of JSON."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def show(rows: "Iterable[DataclassInstance]") -> None:
    """Print rows."""
    for row in rows:
        sys.stdout.write(json.dumps({"row": type(row).__name__, **asdict(row)}) + "\n")
        sys.stdout.flush()
