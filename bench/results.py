"""What parts find: rows of the table of goals, plots, and the figures behind both; kept in one file.

The file is JSON: `version`, and by part `ran` (when, where, with what), `rows`, `plots` and `figures`. A part that is
run anew replaces its own and nothing else.
"""

import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

VERSION = 1
FILE = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of goals.

    Attributes:
        what: Was measured.
        goal: In words; empty where none was set.
        ours: Our figure, with its unit.
        others: What the contenders have, by their names.
        met: Whether the goal is reached; None where there is none.
        note: What must be known to read it, and why a goal is missed.
    """

    what: str
    goal: str
    ours: str
    others: Mapping[str, str] = field(default_factory=dict)
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over one axis, or bars where `x` has names.

    Attributes:
        name: Of the picture's file.
        title: Above it.
        x: What the horizontal axis shows.
        y: What the vertical axis shows.
        lines: Points by the line's name.
        logarithmic: Whether the horizontal axis is.
    """

    name: str
    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[tuple[float | str, float]]]
    logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What one part found.

    Attributes:
        rows: Of the table.
        plots: To be drawn.
        figures: What was measured, each a data class.
    """

    rows: Sequence[Row]
    plots: Sequence[Plot] = ()
    figures: Sequence[Any] = ()


def read(file: Path = FILE) -> dict[str, Any]:
    """Return what the file holds, by part."""
    if not file.exists():
        return {}
    kept = json.loads(file.read_text("utf-8"))
    if kept["version"] != VERSION:
        raise ValueError(f"{file.name} is of version {kept['version']}, this reads {VERSION}")
    parts: dict[str, Any] = kept["parts"]
    return parts


def keep(part: str, result: Result, file: Path = FILE) -> None:
    """Put a part's result into the file, in the place of what it had there."""
    parts = read(file)
    parts[part] = {
        "ran": {
            "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%MZ"),
            "processors": os.cpu_count(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "pillow": importlib.metadata.version("pillow"),
        },
        "rows": [asdict(row) for row in result.rows],
        "plots": [asdict(plot) for plot in result.plots],
        "figures": [{"kind": type(figure).__name__, **asdict(figure)} for figure in result.figures],
    }
    text = json.dumps({"version": VERSION, "parts": parts}, indent=1, ensure_ascii=False)
    file.write_text(text + "\n", "utf-8")
