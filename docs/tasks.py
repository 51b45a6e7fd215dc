"""Write the tables of docs/tasks.md, from the bench's results and from the code. `make bench` runs this.

The page is written by hand, but for what stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bench.cost import MEMORY_GIB
from bench.results import read
from bench.tasks import FAST, IMAGES, SLOW
from thumbrun.imaging.recipe import Recipe
from thumbrun.planning import planner
from thumbrun.planning.naming import DIGITS, NamingRule
from thumbrun.pricing.prices import Price, list_prices
from thumbrun.storage import ramp
from thumbrun.storage.retry import Policy

PAGE = Path(__file__).parent / "tasks.md"

_DEFAULT_TIMEOUT = 600  # seconds of a task on Cloud Run
_SAME_NAMES = ("2023/IMG_0001.jpg", "2024/IMG_0001.jpg")


def refreshed(page: str, parts: Mapping[str, Any]) -> str:
    """Return the page with its tables written anew.

    Args:
        page: The page.
        parts: The results of the bench, by part.

    Raises:
        ValueError: The page does not have exactly the tables that this program writes.
    """
    part = parts["tasks"]
    figures = part["figures"]
    tables: dict[str, Callable[[], str]] = {
        "slow": lambda: _shared(_select(figures, "Shared", image=SLOW)),
        "verdict": lambda: _verdict(figures),
        "fast": lambda: _fast(figures),
        "waiting": lambda: _waiting(figures),
        "decoding": lambda: _decoding(_select(figures, "Together", kind="decoding")),
        "prices": _prices,
        "single": lambda: _single(figures),
        "measured": lambda: _measured(part["ran"]),
        "names": _names,
        "waits": _waits,
    }
    found = re.findall(r"^<!-- ([a-z]+): begin -->$", page, re.MULTILINE)
    if sorted(found) != sorted(tables):
        raise ValueError(f"{PAGE.name} has the tables {sorted(found)}, but this program writes {sorted(tables)}")
    for name, table in tables.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
        before, _, rest = page.partition(begin)
        _, ended, after = rest.partition(end)
        if not ended:
            raise ValueError(f"the table {name} of {PAGE.name} has no end")
        page = f"{before}{begin}{table()}{end}{after}"
    return page


def _select(figures: Sequence[Mapping[str, Any]], class_: str, **wanted: object) -> list[Mapping[str, Any]]:
    """Return the figures of a class with these values; `kind` of an entry of the file is the name of its class."""
    names = {"Shared": "image", "Together": "processor"}
    return [one for one in figures if names[class_] in one and all(one[key] == value for key, value in wanted.items())]


def _table(head: str, rows: Sequence[str]) -> str:
    cells = head.count("|") - 1
    return "\n".join([head, "|" + " ---: |" * cells, *rows]) + "\n"


def _cents(dollars: float) -> str:
    return f"{dollars * 100:.2f} ¢"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _shared(found: Sequence[Mapping[str, Any]]) -> str:
    alone = found[0]
    rows = [
        f"| {one['tasks']} | {one['seconds']:.1f} s | {alone['seconds'] / one['seconds']:.1f} | "
        f"{_percent(one['efficiency'])} | {one['paid']:.0f} s | {_cents(one['run_dollars'])} | "
        f"{_cents(one['minute_dollars'])} | {one['class_a'] + one['class_b']:,} | {_cents(one['request_dollars'])} |"
        for one in found
    ]
    head = (
        "| tasks | time | times as fast | efficiency | time of all tasks | its price | "
        "price if a task costs a minute at least | requests | their price |"
    )
    return _table(head, rows)


def _verdict(figures: Sequence[Mapping[str, Any]]) -> str:
    one, *_, ten = _select(figures, "Shared", image=SLOW)
    before = one["run_dollars"] + one["request_dollars"]
    after = ten["run_dollars"] + ten["request_dollars"]
    requests = (ten["class_a"] + ten["class_b"]) / (one["class_a"] + one["class_b"])
    return (
        f"- {ten['tasks']} tasks are {one['seconds'] / ten['seconds']:.1f} times as fast as one, and the run costs "
        f"{after / before:.1f} times as much: {_cents(before)} become {_cents(after)}.\n"
        f"- The tasks run for {ten['paid'] / one['paid']:.1f} times as many seconds, because each has its own "
        "start, end and wait for the plan.\n"
        f"- They send {requests:.1f} times as many requests, because a plan has about 20 shards for each task, and "
        "each shard has its own records.\n"
        f"- Requests cost {before / one['run_dollars'] - 1:.0f} times as much as the run time of one task, and "
        f"{after / ten['run_dollars'] - 1:.0f} times as much as that of {ten['tasks']}.\n"
    )


def _fast(figures: Sequence[Mapping[str, Any]]) -> str:
    limited = _select(figures, "Shared", image=FAST, ramp=ramp.WRITES)
    free = _select(figures, "Shared", image=FAST, ramp=0.0)
    rows = [
        f"| {one['tasks']} | {other['seconds']:.1f} s | {_percent(other['efficiency'])} | {one['seconds']:.1f} s | "
        f"{_percent(one['efficiency'])} | {_cents(one['run_dollars'] + one['request_dollars'])} |"
        for one, other in zip(limited, free, strict=True)
    ]
    quickest = min(limited, key=lambda one: one["seconds"])
    within = f"time within {ramp.WRITES:,} writes a second"
    head = f"| tasks | time without a limit | efficiency | {within} | efficiency | price within it |"
    one, ten = free[0], free[-1]
    told = (
        f"\nOne task works on images for {FAST * IMAGES:.1f} s of its {one['seconds']:.1f} s, and each of "
        f"{ten['tasks']} tasks for {FAST * IMAGES / ten['tasks']:.1f} s of {ten['seconds']:.1f} s. Within the limit, "
        f"{quickest['tasks']} tasks are the fastest: {quickest['seconds']:.1f} s.\n"
    )
    return _table(head, rows) + told


def _waiting(figures: Sequence[Mapping[str, Any]]) -> str:
    virtual = {one["tasks"]: one for one in _select(figures, "Shared", image=SLOW)}
    rows = [
        f"| {one['tasks']} | {virtual[one['tasks']]['seconds']:.1f} s | "
        f"{_percent(virtual[one['tasks']]['efficiency'])} | {one['seconds']:.1f} s | {_percent(one['efficiency'])} |"
        for one in _select(figures, "Together", kind="waiting")
    ]
    return _table("| tasks | virtual time | efficiency | as processes | efficiency |", rows)


def _decoding(found: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        f"| {one['tasks']} | {one['seconds']:.1f} s | {_percent(one['efficiency'])} | "
        f"{one['processor'] / IMAGES * 1e3:.1f} ms |"
        for one in found
    ]
    return _table("| tasks | time | efficiency | processor time an image |", rows)


def _prices() -> str:
    ids = ("run/vcpu", "run/memory", "class-a/region/standard", "class-b/region/standard")
    vcpu, memory, created, read = (list_prices().row(id_) for id_ in ids)
    return (
        f"- Cloud Run: ${vcpu.usd:.6f} a vCPU-second and ${memory.usd:.6f} a GiB-second, as quoted on "
        f"{_day(vcpu)}, for a task of 1 vCPU and {MEMORY_GIB:g} GiB.\n"
        f"- Cloud Storage: ${created.usd:g} for 1,000 requests that create or list, ${read.usd:g} for 1,000 that "
        f"read, as quoted on {_day(created)}.\n"
    )


def _day(price: Price) -> str:
    """Return the day on which a price was read, such as `9 October 2026`."""
    day = date.fromisoformat(price.date or "")
    return f"{day.day} {day:%B %Y}"


def _single(figures: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for image in (FAST, SLOW):
        one = _select(figures, "Shared", image=image, ramp=0.0, tasks=1)[0]
        enough = int(_DEFAULT_TIMEOUT / one["seconds"] * IMAGES / 1000) * 1000
        rows.append(f"| {image * 1e3:g} ms | {one['seconds']:.1f} s | about {enough:,} |")
    many = f"images in {_DEFAULT_TIMEOUT // 60} minutes, computed"
    return _table(f"| processor time an image | {IMAGES:,} images, measured | {many} |", rows)


def _measured(ran: Mapping[str, Any]) -> str:
    return (
        f"Measured {ran['at']} on {ran['processors']} processors ({ran['machine']}) that other programs used too, "
        f"Python {ran['python']}, Pillow {ran['pillow']}. The least disturbed of several runs counts.\n"
    )


def _names() -> str:
    one, other = _SAME_NAMES

    def named(path: str, layout: str, level: int) -> str:
        rule = NamingRule(layout, Recipe(), folds=False, limit=900)
        return f"`{rule.names(path, 'jpeg', level)[0]}`"

    flat = "<br>".join(named(path, "flat", 1) for path in _SAME_NAMES)
    tree = "<br>".join(named(path, "tree", 0) for path in _SAME_NAMES)
    folders = [path.rpartition("/")[0] for path in _SAME_NAMES]
    prefixes = "<br>".join(f"`{folder}/<run id>/{one.rpartition('/')[2]}`" for folder in folders)
    a_hash = (
        f"Each of the names that collide gets {DIGITS[1]} digits of a hash of its path. All others stay as they are."
    )
    a_tree = "Each thumbnail keeps its path below the source."
    a_prefix = "Each run has its own folder, below its prefix. Names of two runs cannot collide."
    return _words(
        ("remedy", "setting", "what it does", f"`{one}` and<br>`{other}` become"),
        ("a hash", "`--layout flat`, the default", a_hash, flat),
        ("the tree", "`--layout tree`", a_tree, tree),
        ("a prefix", "a run for each folder, with `--output gs://BUCKET/PREFIX`", a_prefix, prefixes),
    )


def _waits() -> str:
    policy = Policy()
    writes, reads = f"{ramp.WRITES:,} writes", f"{ramp.WRITES * ramp.READS_A_WRITE:,.0f} reads"
    first, growth, longest = planner.FIRST_WAIT_SECONDS, planner.WAIT_GROWTH, planner.LONGEST_WAIT_SECONDS
    own = f"{ramp.JITTER_A_TASK * 1e3:g} ms for each other task"
    backoff = f"0 and {policy.first:g} s, then twice as much each time, at most {policy.cap:g} s"
    return _words(
        ("when", "how long or how often", "the random part"),
        ("a task starts", "once", f"0 to {own}, at most {ramp.MOST_JITTER:g} s"),
        (
            "another task makes the plan",
            f"until it is there: {first:g} s, then {growth:g} times as long each time, at most {longest:g} s",
            "half of each wait",
        ),
        (
            "a request fails: 408, 429, 5xx, a broken connection",
            f"before each of {policy.attempts - 1} further attempts",
            f"all of the wait: between {backoff}",
        ),
        (
            "the answer has `Retry-After`",
            f"the time that it asks for, at most {policy.longest_retry_after:g} s",
            "the same, on top",
        ),
        (
            "the store answers 403, as it can just after a role was granted",
            f"before each of {policy.few_attempts - 1} further attempts",
            "the same",
        ),
        (
            "the bucket's rate is used up",
            (
                f"until the task's next turn: all tasks together have {writes} and {reads} a second, "
                f"twice as many every {ramp.DOUBLING_SECONDS / 60:g} minutes"
            ),
            "the first turn, so that tasks are not in step",
        ),
    )


def _words(head: Sequence[str], *rows: Sequence[str]) -> str:
    """Return a table of texts."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


def main() -> None:
    """Write the tables of the page."""
    PAGE.write_text(refreshed(PAGE.read_text("utf-8"), read()), "utf-8")
    sys.stdout.write(f"{PAGE} is written\n")


if __name__ == "__main__":
    main()
