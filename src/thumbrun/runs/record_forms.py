"""The form of every record: which keys it has, what each key holds, and which of them its name says too. Pure.

Whoever reads a record can rely on its form. So a record that was cut, edited, or copied from another run or shard is
found when it is read, by one check, and not where one of its values is used.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from reprlib import Repr
from typing import Any

from thumbrun.formats import BY_NAME
from thumbrun.outcomes import Reason, Status
from thumbrun.runs import record_values as values
from thumbrun.runs.record_values import Check
from thumbrun.runs.records import LARGEST
from thumbrun.runs.rounds import RETRIABLE

Keys = Mapping[str, Check]

_SMALL, _PLAN = 1 << 21, 1 << 26  # bytes of JSON; the plan of 10,000 tasks has some 40 MB

NEEDED = "restore this record from a copy, or begin another run with --new"
_SPARE = "thumbrun can do without this record; if it stops the run all the same, move the record away"
_REASONS, _STATUSES = frozenset(map(str, Reason)), frozenset(map(str, Status))


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """The form of one kind of record.

    Attributes:
        name: What its name looks like below the state's prefix. The record must say what the named groups say,
            in its keys of these names.
        keys: The keys that it always has, and what they hold; of JSON lines, the keys of the header.
        optional: Further keys that it can have. A reader ignores keys that are not named at all.
        rows: The keys that every row always has, if it is JSON lines.
        row_optional: Further keys that a row can have.
        agrees: Whether the values of a record fit together.
        row_agrees: Whether the values of a row fit together.
        hint: What to do if it is damaged.
        most_bytes: The size of the largest record that is read. Of JSON lines it is that of the compressed bytes.
        successive: Whether its name ends in a number, and each record has the next number after the last one.
        row_checks: All keys that a row can have, and what they hold.
    """

    name: re.Pattern[str]
    keys: Keys
    optional: Keys = field(default_factory=dict)
    rows: Keys = field(default_factory=dict)
    row_optional: Keys = field(default_factory=dict)
    agrees: Check = lambda _: True
    row_agrees: Check = lambda _: True
    hint: str = NEEDED
    most_bytes: int = _SMALL
    successive: bool = False
    row_checks: Keys = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "row_checks", {**self.rows, **self.row_optional})


def form_of(name: str) -> Form | None:
    """Return the form of the record with this name below the state's prefix, or None if no record has such a name."""
    return next((form for form in _FORMS if form.name.fullmatch(name)), None)


def problem_of(form: Form, name: str, record: Mapping[str, Any], rows: Iterable[Any] = ()) -> str | None:
    """Return why a record does not have its form, or None if it has.

    Args:
        form: The form.
        name: The name of the record below the state's prefix.
        record: The record; of JSON lines, the header.
        rows: The rows of JSON lines.
    """
    if problem := _wrong_key(record, form.keys, form.optional):
        return problem
    found = form.name.fullmatch(name)
    for key, said in (found.groupdict() if found else {}).items():
        if key in record and record[key] != (said if isinstance(record[key], str) else int(said)):
            return f"its {key} is {_shown(record[key])}, but its name says {said}"
    if not form.agrees(record):
        return "its values do not fit together"
    return next((problem for number, row in enumerate(rows) if (problem := problem_of_row(form, number, row))), None)


def problem_of_row(form: Form, number: int, row: object) -> str | None:
    """Return why a row of JSON lines does not have its form, or None if it has."""
    problem = _wrong_key(row, form.rows, form.row_optional) if isinstance(row, dict) else "no object"
    if not problem and not form.row_agrees(row):
        problem = "its values do not fit together"
    return f"row {number}: {problem}" if problem else None


def _wrong_key(record: Mapping[str, Any], keys: Keys, optional: Keys) -> str | None:
    for key, check in keys.items():
        if key not in record:
            return f"it has no {key}"
        if not check(record[key]):
            return f"its {key} cannot be {_shown(record[key])}"
    for key, value in record.items():
        if key in optional and not optional[key](value):
            return f"its {key} cannot be {_shown(value)}"
    return None


_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


def _shown(value: Any) -> str:
    text = _SHORT.repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _plan_agrees(plan: Mapping[str, Any]) -> bool:
    shards = plan["shards"]
    sums = [sum(shard[column] for shard in shards) for column in (1, 2)]
    return sums == [plan["items"], plan["bytes"]] and len({shard[0] for shard in shards}) == len(shards)


def _form(name: str, keys: Keys, **more: Any) -> Form:
    return Form(re.compile(name), keys, **more)


_TALLY: Keys = {
    "done": values.count,
    "skipped": values.counts(_REASONS),
    "failed": values.counts(_REASONS),
    "source_bytes": values.count,
    "output_bytes": values.count,
}  # in a summary and in the metadata of a seal


def is_tally(value: object) -> bool:
    """Return whether a value from JSON holds the tally of a shard, or of some of its items."""
    if not isinstance(value, dict) or _wrong_key(value, _TALLY, {}):
        return False
    refused = (sum(value[key].values()) for key in ("skipped", "failed"))
    return bool(value["done"] + sum(refused) <= values.MOST_ITEMS)


def _summary_agrees(summary: Mapping[str, Any]) -> bool:
    refused = (sum(summary[key].values()) for key in ("skipped", "failed"))
    return bool(summary["done"] + sum(refused) == summary["items"])


def _first_summary_agrees(summary: Mapping[str, Any]) -> bool:
    return summary["round"] == 0 and _summary_agrees(summary)


_RUN = r"runs/(?P<run>[^/]+)/"
_SUMMARY: Keys = {
    "run": values.run,
    "round": values.count,
    "began": values.time,
    "ended": values.time,
    "items": values.count,
    "parts": values.count,
}
_ROW_COUNTS = ("source_bytes", "output_bytes", "width", "height", "retry_round", "source_width", "source_height")
TIMES = ("fetch_ms", "decode_ms", "encode_ms", "put_ms", "waiting_ms")  # of the work on an item

_FORMS = (
    _form(
        _RUN + r"ledger/(?P<shard>[0-9]{7})/[^/]+\.jsonl\.gz",
        {
            "run": values.run,
            "shard": values.count,
            "round": values.count,
            "task": values.count,
            "tasks": values.count,
            "attempt": values.count,
            "execution": values.or_none(values.text),
            "at": values.time,
            "sealed": values.flag,
        },
        optional={
            "opening": values.ranges,
            "at_once": values.count,
            "alone": values.flag,
            "machine": values.text,
            "processors": values.count,
            "started": values.time,
        },
        agrees=lambda header: "opening" not in header or header.keys() >= {"at_once", "alone"},
        rows={
            "item": values.count,
            "source": values.text,
            "generation": values.text,
            "output": values.text,
            "status": values.one_of(_STATUSES),
        },
        row_optional={
            "reason": values.one_of(_REASONS),
            "detail": values.words,
            "unchecked": values.flag,
            "each": values.list_of(values.count),
            "outputs": values.list_of(values.text),
            "made_of": values.text,
            "began": values.time,
            "colour": values.colour,
            "placeholder": values.placeholder,
            **dict.fromkeys((*_ROW_COUNTS, *TIMES), values.count),
        },
        row_agrees=lambda row: ("reason" in row) != (row["status"] == Status.DONE.value),
        hint=_SPARE,
        most_bytes=LARGEST,
    ),
    _form(
        _RUN + r"planner/[0-9]{7}/shards/(?P<shard>[^/]+)\.jsonl\.gz",
        {"run": values.run, "shard": values.text},
        rows={
            "source": values.text,
            "generation": values.text,
            "size": values.count,
            "opened": values.flag,
            "output": values.text,
            "output_format": values.one_of(BY_NAME),
        },
        row_optional={
            "crc32c": values.or_none(values.count),
            "encoding": values.or_none(values.text),
            "metadata": values.texts,
            "format": values.or_none(values.text),
            "outputs": values.list_of(values.text),
        },
        most_bytes=LARGEST,
    ),
    _form(
        _RUN + r"planner/[0-9]{7}/renames/(?P<shard>[^/]+)\.jsonl\.gz",
        {"run": values.run, "shard": values.text},
        rows={"item": values.count, "output": values.text},
        row_optional={"outputs": values.list_of(values.text)},
        most_bytes=LARGEST,
    ),
    _form(
        _RUN + r"planner/(?P<planner>[0-9]{7})/beats/(?P<beat>[0-9]{7})",
        {"planner": values.count, "beat": values.count},
        optional={"run": values.run, "refused": values.count, "refused_seen": values.seen},
        hint=_SPARE,
    ),
    _form(
        _RUN + r"plan\.json",
        {
            "run": values.run,
            "planner": values.count,
            "items": values.count,
            "bytes": values.count,
            "seen": values.seen,
            "shards": values.list_of(values.shard),
        },
        agrees=_plan_agrees,
        most_bytes=_PLAN,
    ),
    _form(
        _RUN + r"run\.json",
        {
            "run": values.run,
            "owner": values.text,
            "fingerprint": values.text,
            "source": values.text,
            "began": values.time,
        },
    ),
    _form(_RUN + r"summary\.json", {**_SUMMARY, **_TALLY}, agrees=_first_summary_agrees, hint=_SPARE),
    _form(
        _RUN + r"summaries/(?P<round>[0-9]{7})\.json",
        {**_SUMMARY, **_TALLY},
        agrees=_summary_agrees,
        hint=_SPARE,
        successive=True,
    ),
    _form(
        _RUN + r"rounds/(?P<round>[0-9]{7})\.json",
        {
            "run": values.run,
            "round": values.count,
            "reasons": values.list_of(values.one_of(RETRIABLE)),
            "owner": values.text,
            "began": values.time,
        },
        hint=_SPARE,
        successive=True,
    ),
    _form(
        _RUN + r"claims/(?P<planner>[0-9]{7})\.json",
        {
            "planner": values.count,
            "nonce": values.text,
            "execution": values.or_none(values.text),
            "index": values.count,
            "attempt": values.count,
            "began": values.time,
        },
        optional={"run": values.run},
        hint=_SPARE,
        successive=True,
    ),
    _form(
        r"anchors/[^/]+/[0-9]{7}",
        {"run": values.run, "owner": values.text},
        hint="delete this record, and continue the run that it belongs to with --resume, or start the job again",
        successive=True,
    ),
)
