"""Writes docs/performance.md from the results of `make bench`; with `--plots`, it draws the pictures in it instead."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE / "performance.md"
IMAGES = HERE / "images"
RESULTS = HERE.parent / "bench/results.json"

_TITLES = {  # in their order
    "decode": "Decoding and encoding alone",
    "task": "One task on a distant store",
    "latency": "Latency",
    "sizes": "Several sizes",
    "bytes": "Bytes read",
    "fidelity": "Fidelity of thumbnails from a part of the file",
    "start": "Start",
    "container": "Start of a container",
    "memory": "Memory",
    "planning": "Planning",
    "balance": "Balance",
    "scaling": "Scaling",
    "cost": "Cost",
}

_INTRODUCTION = """# How fast it is, and how that is known

`make bench` writes this page from its measurements; nobody typed a number here. `make bench PARTS="decode start"`
measures only some parts again. It uses the folder of pictures that `THUMBRUN_PHOTOS` names. [Choices that were
measured](choices.md) has the figures behind single choices.

- The contenders take turns on the same files within one run, so that other work on the machine slows all of them alike.
  The median of several rounds counts. Compare the figures in a row, not those of different machines.
- The bench counts the processor time of the task, of its decoding processes and of the server separately. The server
  takes the place of Cloud Storage. It is a small one of the bench (`bench/server.py`), which answers from memory after
  a delay. An emulator behind a proxy would use milliseconds of the same processors for each request, and the bench
  would measure those too.
- The sequential design is `bench/contenders/sequential.py`. It uses google-cloud-storage and Pillow, one image at a
  time.
"""


def performance(parts: Mapping[str, Any]) -> str:
    """Return the document.

    Args:
        parts: The results of the bench, by part.
    """
    known = [name for name in _TITLES if name in parts]
    return "\n".join([_INTRODUCTION, _goals(parts, known), *(_section(name, parts[name]) for name in known)])


def _goals(parts: Mapping[str, Any], known: list[str]) -> str:
    rows = [row for name in known for row in parts[name]["rows"] if row["met"] is not None]
    missed = [row for row in rows if not row["met"]]
    lines = [f"thumbrun meets {len(rows) - len(missed)} of {len(rows)} goals."]
    if missed:
        lines.append(" It misses these:\n")
        lines += [
            f"- {row['what']}: {row['ours']}; the goal is {row['goal']}. {_sentence(row['note'])}" for row in missed
        ]
    return "\n".join(["".join(lines[:2]), *lines[2:], ""])


def _section(name: str, part: Mapping[str, Any]) -> str:
    ran = part["ran"]
    lines = [f"## {_TITLES[name]}", ""]
    lines += [f"![{plot['title']}](images/{plot['name']}.svg)\n" for plot in part["plots"]]
    lines += ["| what | goal | thumbrun | others | |", "| --- | --- | --- | --- | --- |"]
    for row in part["rows"]:
        others = "<br>".join(f"{who}: {figure}" for who, figure in row["others"].items())
        met = {True: "met", False: "**missed**", None: ""}[row["met"]]
        lines.append(f"| {row['what']} | {row['goal']} | {row['ours']} | {others} | {met} |")
    notes = dict.fromkeys(row["note"] for row in part["rows"] if row["note"])
    lines += ["", *(f"- {_sentence(note)}" for note in notes)]
    lines += ["", "```sh", f"python -m bench {name}", "```", ""]
    where = f"{ran['processors']} processors ({ran['machine']}), Python {ran['python']}, Pillow {ran['pillow']}"
    lines.append(f"Measured {ran['at']} on {where}.\n")
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def draw(plot: Mapping[str, Any]) -> None:
    """Draw one plot as a picture beside the document."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "thumbrun"  # the same picture for the same figures
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    named = any(isinstance(x, str) for points in plot["lines"].values() for x, _ in points)
    if named:
        names = list(dict.fromkeys(x for points in plot["lines"].values() for x, _ in points))
        width = 0.8 / len(plot["lines"])
        for number, (label, points) in enumerate(plot["lines"].items()):
            at = [names.index(x) + (number - (len(plot["lines"]) - 1) / 2) * width for x, _ in points]
            axes.bar(at, [y for _, y in points], width, label=label)
        axes.set_xticks(range(len(names)), names, rotation=20 if max(map(len, names)) > 12 else 0)
    else:
        for label, points in plot["lines"].items():
            axes.plot([x for x, _ in points], [y for _, y in points], marker="o", label=label)
        if plot["logarithmic"]:
            axes.set_xscale("log")
        else:
            axes.set_xlabel(plot["x"])
        axes.set_ylim(bottom=0)
    axes.set_xlabel("" if named else plot["x"])
    axes.set_ylabel(plot["y"])
    axes.set_title(plot["title"])
    if len(plot["lines"]) > 1:
        axes.legend(fontsize="small")
    figure.savefig(IMAGES / f"{plot['name']}.svg", metadata={"Date": None})
    pyplot.close(figure)


def main() -> None:
    """Write the document, or draw its plots."""
    parts = json.loads(RESULTS.read_text("utf-8"))["parts"]
    if sys.argv[1:] == ["--plots"]:
        for part in parts.values():
            for plot in part["plots"]:
                draw(plot)
    else:
        TARGET.write_text(performance(parts), "utf-8")
        sys.stdout.write(f"{TARGET} is written\n")


if __name__ == "__main__":
    main()
