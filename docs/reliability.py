"""Write docs/reliability.md from what the campaigns have tried. `make chaos` runs them, and this at the end."""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE / "reliability.md"
CAMPAIGNS = HERE / "campaigns"

_ORDER = ("simulation", "random kills", "wire", "images")
_WHAT = {
    "simulation": "Whole tasks as coroutines over a store in memory, one scheduler, virtual time. Chance from a seed "
    "decides how many tasks, which faults, where they die and start again, what changes in the source.",
    "random kills": "Whole tasks in virtual time that are killed at random moments which have nothing to do with "
    "images, to see whether a healthy image is ever called poison.",
    "wire": "Real task processes on an emulator of Cloud Storage, behind a proxy that breaks requests and answers; "
    "processes are killed, stopped and told to end.",
    "images": "Photographs of every format, broken in every way that the seed comes upon, through real decoding "
    "processes under the usual limits.",
}


def _number(value: float) -> str:
    return f"{value:,.0f}" if value else "0"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _read() -> list[dict[str, Any]]:
    found = [json.loads(path.read_text("utf-8")) for path in CAMPAIGNS.glob("*.json")]
    return sorted(found, key=lambda tried: _ORDER.index(tried["campaign"]))


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
    rows = [_row(["what", "how often"]), _row(["---", "---:"])] + [_row([kind, _number(n)]) for kind, n in faults]
    defects = (
        f"\nDefects that were put into the protocol to see whether the campaign notices: {tried['defects']}; noticed: "
        f"{tried['defects_caught']}.\n"
        if tried["defects"]
        else ""
    )
    failures = "".join(f"- {line}\n" for line in tried["failures"])
    return f"""## {tried["campaign"].capitalize()}

{_WHAT[tried["campaign"]]}

```sh
{tried["command"]}    # {tried["seconds"]:,.0f} s when this was written
```
{defects}
{chr(10).join(rows)}
{chr(10) + failures if failures else ""}"""


def reliability() -> str:
    """Return the page."""
    campaigns = _read()
    return f"""# What was tried to break it

Made by `make chaos` from what its campaigns wrote down; no number here was typed. A seed replays each schedule.

{_overview(campaigns)}

- lost: an item without an outcome, or called done without its thumbnail
- doubled: an item with two outcomes or two thumbnails, a run with two folders, a name that was written twice
- torn: a thumbnail or a record that is incomplete
- wrong: a thumbnail of another image or generation, a reason that is not the true one, an object touched that is not
  thumbrun's own

{chr(10).join(_section(tried) for tried in campaigns)}"""


if __name__ == "__main__":
    TARGET.write_text(reliability(), "utf-8")
    sys.stdout.write(f"{TARGET} is written\n")
