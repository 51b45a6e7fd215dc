"""The results of the parts, in one file: rows of the table of goals, plots, and the figures behind both.

The file is JSON. It holds `version`, and for each part `ran` (when, where, with what), `rows`, `plots` and `figures`. A
part that runs again replaces its own results and nothing else.
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
        what: The name of the measurement.
        goal: The goal in words, or empty if there is none.
        ours: The figure of thumbrun, with its unit.
        others: The figures of the contenders, by their names.
        met: Whether the goal is reached; None if there is none.
        note: A note that the reader needs to understand the figures, or the reason why a goal is missed.
    """

    what: str
    goal: str
    ours: str
    others: Mapping[str, str] = field(default_factory=dict)
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot of lines, or of bars if the values of `x` are names.

    Attributes:
        name: The name of the picture's file.
        title: The title above the picture.
        x: The label of the horizontal axis.
        y: The label of the vertical axis.
        lines: The points of each line by its name.
        logarithmic: Whether the horizontal axis is logarithmic.
    """

    name: str
    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[tuple[float | str, float]]]
    logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one part.

    Attributes:
        rows: The rows for the table.
        plots: The plots to draw.
        figures: The measured figures, each a data class.
    """

    rows: Sequence[Row]
    plots: Sequence[Plot] = ()
    figures: Sequence[Any] = ()


def read(file: Path = FILE) -> dict[str, Any]:
    """Return the content of the file by part."""
    if not file.exists():
        return {}
    kept = json.loads(file.read_text("utf-8"))
    if kept["version"] != VERSION:
        raise ValueError(f"{file.name} has version {kept['version']}, but this program reads version {VERSION}")
    parts: dict[str, Any] = kept["parts"]
    return parts


def keep(part: str, result: Result, file: Path = FILE) -> None:
    """Write the result of a part into the file, in place of its earlier result."""
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
