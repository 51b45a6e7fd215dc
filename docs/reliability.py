"""Writes docs/reliability.md from the counts of the campaigns. `make chaos` runs them, and this program at the end."""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE / "reliability.md"
CAMPAIGNS = HERE / "campaigns"

CAMPAIGNS_IN_ORDER = (
    "simulation",
    "item deaths",
    "random kills",
    "random kills, slow line",
    "wire",
    "images",
    "hijacked decoders",
)
_STRUCTURES = (
    "Other objects are built to cost the task itself much: with many parts, parts that overlap, and numbers that "
    "promise far more than the file holds. The campaign measures what a task and a decoding process read, make, hold "
    "and do to find out if a part of each is enough."
)
_WHAT = {
    "simulation": "Whole tasks run as coroutines over a store in memory, with one scheduler, in virtual time. A seed "
    "decides how many tasks there are, which faults happen, where tasks die and start again, and how the source "
    "changes. In a third of the schedules each image gets several thumbnails, of several sizes, in several formats or "
    "both, with names by a layout or by a pattern. There tasks also die at a chosen thumbnail.",
    "random kills": "Whole tasks run in virtual time and are killed at random moments that have nothing to do with "
    "images. The campaign checks that no healthy image is ever called poison.",
    "random kills, slow line": "The same, on a line on which each read takes two seconds and each write three, and "
    "with one kill every ten minutes. An image is alone for several seconds there.",
    "item deaths": "Whole tasks run in virtual time. Up to two images kill their task each time, and up to seven bring "
    "out a fault of thumbrun, at a step of their way that a seed chooses: when they are read, parsed in the task, "
    "decoded, when the answer is checked, or when the thumbnail is written. Each task has as many attempts as "
    "docs/design.md names. The campaign checks every other image too.",
    "hijacked decoders": "Whole tasks run on photographs, among which twelve images take their decoding process over, "
    "as a bug of a decoder would let them: the tests replace the decoder, and thumbrun itself has no such door. The "
    "campaign checks that the task ends well and that every other image has its own thumbnail. The second part tries, "
    "from inside a confined process, to reach something outside.",
    "wire": "Real task processes use an emulator of Cloud Storage through a proxy that breaks requests and answers. "
    "The campaign also kills processes, stops them for a while, and tells them to end.",
    "images": "The campaign breaks photographs of every format in ways that a seed chooses. Real decoding processes "
    "then decode them under the usual limits.",
}


def _number(value: float) -> str:
    return f"{value:,.0f}" if value else "0"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _read() -> list[dict[str, Any]]:
    found = [json.loads(path.read_text("utf-8")) for path in CAMPAIGNS.glob("*.json")]
    return sorted(found, key=lambda tried: CAMPAIGNS_IN_ORDER.index(tried["campaign"]))


def _overview(campaigns: list[dict[str, Any]]) -> str:
    counted = ("schedules", "kills", "images", "items", "lost", "doubled", "torn", "wrong")
    rows = [
        _row(["campaign", "schedules", "kills", "broken images", "items judged", "lost", "doubled", "torn", "wrong"]),
        _row(["---", *(["---:"] * len(counted))]),
    ]
    rows += [_row([tried["campaign"], *(_number(tried[key]) for key in counted)]) for tried in campaigns]
    return "\n".join(rows)


def _section(tried: dict[str, Any]) -> str:
    faults = sorted(tried["faults"].items(), key=lambda pair: (-pair[1], pair[0]))
    head = [_row(["event", "how often"]), _row(["---", "---:"])] if faults else []
    rows = head + [_row([kind, _number(n)]) for kind, n in faults]
    defects = (
        f"\nTo check that the campaign notices defects, {tried['defects']} were put into the protocol, one at a time. "
        f"It noticed {tried['defects_caught']}.\n"
        if tried["defects"]
        else ""
    )
    largest = tried.get("largest", {})
    shares = [_row([what, f"{share:,.0f}%"]) for what, share in largest.items()]
    bounds = [
        "",
        _STRUCTURES,
        "",
        _row(["measure that has a bound", "largest, of the bound"]),
        _row(["---", "---:"]),
        *shares,
    ]
    rows += bounds if shares else []
    failures = "".join(f"- {line}\n" for line in tried["failures"])
    return f"""## {tried["campaign"].capitalize()}

{_WHAT[tried["campaign"]]}

```sh
{tried["command"]}    # {tried["seconds"]:,.0f} s when this was written
```
{defects}
{chr(10).join(rows)}
{_came_of(tried)}{chr(10) + failures if failures else ""}"""


def _came_of(tried: dict[str, Any]) -> str:
    if not tried.get("came_of"):
        return ""
    rows = [_row(["what was tried", "what came of it"]), _row(["---", "---"])]
    rows += [_row([what, came]) for what, came in tried["came_of"].items()]
    return "\n" + "\n".join(rows) + "\n"


def reliability() -> str:
    """Return the page."""
    campaigns = _read()
    return f"""# Attempts to break it

`make chaos` runs campaigns that try to break thumbrun in every way they can. It writes this page from their results;
nobody typed a number here. The same seed gives the same schedule again.

{_overview(campaigns)}

The last four columns count broken promises:

- lost: an item has no outcome, or its outcome is done and it has no thumbnail
- doubled: an item has two outcomes or two thumbnails, a run has two folders, or a name was written twice
- torn: a thumbnail or a record is incomplete
- wrong: a thumbnail shows another image or generation, a reason is false, or thumbrun touched an object that is not its
  own

{chr(10).join(_section(tried) for tried in campaigns)}"""


if __name__ == "__main__":
    TARGET.write_text(reliability(), "utf-8")
    sys.stdout.write(f"{TARGET} is written\n")
