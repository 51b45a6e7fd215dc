"""Writes docs/performance.md from the results of `make bench`; with `--plots`, it draws the pictures in it instead."""

import json
import re
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
    "paired": "Processor time of decoding and encoding, against an earlier commit",
    "task": "One task on a distant store",
    "latency": "Latency",
    "sizes": "Several sizes",
    "folder": "A local folder",
    "bytes": "Bytes read",
    "fidelity": "Fidelity of thumbnails from a part of the file",
    "start": "Start",
    "container": "Start of a container",
    "memory": "Memory",
    "planning": "Planning",
    "recipes": "Recipes",
    "ledger": "Times and looks in the ledger",
    "report": "The report, status and list of a million images",
    "balance": "Balance",
    "scaling": "Scaling",
    "bill": "Prediction",
    "cost": "Cost",
}

_COMMANDS = {"paired": "python -m bench.paired CHECKOUT --keep"}  # the other parts are arguments of the bench

_KINDS = {  # the kinds of the corpus in words
    "cam": "camera photo, JPEG",
    "camprog": "camera photo, progressive JPEG",
    "shot": "screenshot, PNG",
    "small": "small photo, JPEG",
    "web": "web photo, JPEG",
    "webp": "web photo, WebP",
    "webprog": "web photo, progressive JPEG",
}

# Colours on a light page, and on a dark one. The pictures bring their own background, as docs/diagrams do, so that
# they can be read even where the page is dark and the browser prefers light.
_BACKGROUND = ("#f3f5f8", "#161b22")
_TEXT = ("#16202c", "#d5dde6")
_GRID = ("#cfd8e0", "#323b46")
_COLOURS = ("#2f7fb8", "#d9822b", "#3a9a5b", "#c9504d", "#8f6bc8", "#93795a", "#c65c9f")  # legible on both
_MARKERS = "os^DvPX"
_LEGEND_WIDTH = 54  # characters of the labels in a row
_DARK = "<style>@media (prefers-color-scheme: dark) {{ {} }}</style>".format(
    " ".join(
        f'[style*="{what}: {light}"] {{ {what}: {dark} !important }}'
        for light, dark in (_BACKGROUND, _TEXT, _GRID)
        for what in ("fill", "stroke")
    )
)

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
            f"- {_plain(row['what'])}: {row['ours']}; the goal is {row['goal']}. {_sentence(row['note'])}"
            for row in missed
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
        lines.append(f"| {_plain(row['what'])} | {row['goal']} | {row['ours']} | {others} | {met} |")
    notes = dict.fromkeys(row["note"] for row in part["rows"] if row["note"])
    lines += ["", *(f"- {_sentence(note)}" for note in notes)]
    lines += ["", "```sh", _COMMANDS.get(name, f"python -m bench {name}"), "```", ""]
    where = f"{ran['processors']} processors ({ran['machine']}), Python {ran['python']}, Pillow {ran['pillow']}"
    lines.append(f"Measured {ran['at']} on {where}.\n")
    return "\n".join(lines)


def _plain(what: str) -> str:
    """Return the name of a measurement with words in place of a folder of the corpus."""
    return ", ".join(_KINDS.get(part, part) for part in what.split(", "))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def draw(plot: Mapping[str, Any]) -> None:
    """Draw one plot as a picture beside the document."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update(
        {
            "svg.hashsalt": "thumbrun",  # the same picture for the same figures
            "font.size": 12,  # points of a picture that is 8 inches wide: 16 pixels on a page
            "legend.frameon": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": matplotlib.cycler(color=_COLOURS),
            "figure.facecolor": _BACKGROUND[0],
            "axes.facecolor": _BACKGROUND[0],
            "grid.color": _GRID[0],
        }
        | dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _TEXT[0])
    )
    from matplotlib import pyplot

    lines = plot["lines"]
    names = list(dict.fromkeys(x for points in lines.values() for x, _ in points if isinstance(x, str)))
    columns = min(3, _LEGEND_WIDTH // max(map(len, lines))) or 1
    rows = -(-len(lines) // columns) if len(lines) > 1 else 0
    height = 1.6 + 0.3 * rows + (0.5 * len(names) if names else 3.2)
    figure, axes = pyplot.subplots(figsize=(8, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.15, h_pad=0.12)
    (_draw_names if names else _draw_numbers)(axes, plot, names)
    axes.set_title(plot["title"], loc="left", fontweight="bold")
    axes.set_axisbelow(True)
    if rows:
        figure.legend(loc="outside lower center", ncols=columns)
    target = IMAGES / f"{plot['name']}.svg"
    figure.savefig(target, metadata={"Date": None})
    pyplot.close(figure)
    drawn = re.sub(r"(<svg[^>]*>)", lambda found: found[1] + _DARK, target.read_text("utf-8"), count=1)
    target.write_text(drawn, "utf-8")


def _draw_names(axes: Any, plot: Mapping[str, Any], names: list[str]) -> None:
    """Draw a row for each name: a bar, or a mark for each contender, because bars of seven would be hairs."""
    lines = plot["lines"]
    axes.set_yticks(range(len(names)), [_KINDS.get(name, name) for name in names])
    axes.invert_yaxis()
    axes.set_xlabel(plot["y"])
    axes.grid(axis="x")
    if len(lines) == 1:
        for points in lines.values():
            bars = axes.barh([names.index(x) for x, _ in points], [y for _, y in points], 0.6)
            axes.bar_label(bars, fmt="%.1f", padding=4)
        axes.margins(x=0.13)
        return
    for number, (label, points) in enumerate(lines.items()):
        first = number == 0
        aside = 0 if first else (number % 3 - 1) * 0.22  # so that close figures do not hide each other
        at = [names.index(x) + aside for x, _ in points]
        marker = _MARKERS[number % len(_MARKERS)]
        axes.scatter(
            [y for _, y in points], at, 130 if first else 50, marker=marker, label=label, zorder=4 if first else 3
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(_ticks())
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.minorticks_off()


def _draw_numbers(axes: Any, plot: Mapping[str, Any], _: list[str]) -> None:
    """Draw a line for each contender."""
    for number, (label, points) in enumerate(plot["lines"].items()):
        marker = _MARKERS[number % len(_MARKERS)]
        axes.plot([x for x, _ in points], [y for _, y in points], marker=marker, linewidth=2, label=label)
    if plot["logarithmic"]:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel(plot["x"])
    axes.set_ylabel(plot["y"])
    axes.grid(axis="y")


def _ticks() -> Any:
    from matplotlib.ticker import LogLocator

    return LogLocator(subs=(1, 2, 5))


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
