"""Write the tables of sizes into docs/cloud-run.md, from the bench and its model. `make docs` runs this."""

import sys
from pathlib import Path

from bench.cost import Kind, measured_kinds, ours
from bench.results import read

PAGE = Path(__file__).parent / "cloud-run.md"
BEGIN, END = "<!-- docs/sizing.py writes these tables: begin -->", "<!-- end -->"

IMAGES = (1_000, 200_000, 1_000_000, 10_000_000)
TASKS = (1, 2, 5, 10, 20, 50)


def refreshed(page: str) -> str:
    """Return the page with its tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{_measured()}\n\n{_computed()}\n{END}{after}"


def _measured() -> str:
    part = read()["task"]
    rates = {what.split()[5]: row for row in part["rows"] if (what := row["what"]).startswith("one task, 3,000 images")}
    rows = [
        "| images | 2 processors, measured | 1 processor, computed from the measured processor time |",
        "|---|---|---|",
    ]
    for kind in measured_kinds():
        rate = rates[kind.name.split()[0]]["ours"].partition("(")[2].removesuffix(")")
        rows.append(f"| {kind.name} | {rate} | at most {1 / kind.ours:.0f} images/s, {kind.ours * 1000:.1f} ms each |")
    return "\n".join(rows)


def _computed() -> str:
    heads = "".join(f" {tasks} {'task' if tasks == 1 else 'tasks'} |" for tasks in TASKS)
    rows = [f"| images |{heads} price |", f"|---|{'---|' * len(TASKS)}---|"]
    return "\n".join(rows + [_row(images, kind) for images in IMAGES for kind in measured_kinds()])


def _row(images: int, kind: Kind) -> str:
    costs = [ours(kind, tasks, images) for tasks in TASKS]
    times = "".join(f" {_time(cost.hours * 3600)} |" for cost in costs)
    low, high = (end(cost.dollars for cost in costs) for end in (min, max))
    return f"| {images:,} of {kind.name} |{times} ${low:.2f} to ${high:.2f} |"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def main() -> None:
    """Write the page."""
    PAGE.write_text(refreshed(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"{PAGE} has its tables of sizes\n")


if __name__ == "__main__":
    main()
