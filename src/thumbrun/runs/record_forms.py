"""The form of every record: which keys it has, what each key holds, and which of them its name says too. Pure.

Whoever reads a record can rely on its form. So a record that was cut, edited, or copied from another run or shard is
found when it is read, by one check, and not where one of its values is used.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from thumbrun.outcomes import Reason, Status
from thumbrun.runs.rounds import RETRIABLE

Check = Callable[[Any], bool]
Keys = Mapping[str, Check]

MOST_OPENING = 100_000  # items that one announcement can name; a shard has at most 1,000
NEEDED = "restore this record from a copy, or begin another run with --new"
_SPARE = "thumbrun can do without this record; if it stops the run all the same, move the record away"
_REASONS, _STATUSES = frozenset(map(str, Reason)), frozenset(map(str, Status))


@dataclass(frozen=True, slots=True)
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
    """

    name: re.Pattern[str]
    keys: Keys
    optional: Keys = field(default_factory=dict)
    rows: Keys = field(default_factory=dict)
    row_optional: Keys = field(default_factory=dict)
    agrees: Check = lambda _: True
    row_agrees: Check = lambda _: True
    hint: str = NEEDED


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
            return f"its {key} is {record[key]!r}, but its name says {said}"
    if not form.agrees(record):
        return "its values do not fit together"
    for number, row in enumerate(rows):
        problem = _wrong_key(row, form.rows, form.row_optional) if isinstance(row, dict) else "no object"
        if not problem and not form.row_agrees(row):
            problem = "its values do not fit together"
        if problem:
            return f"row {number}: {problem}"
    return None


def _wrong_key(record: Mapping[str, Any], keys: Keys, optional: Keys) -> str | None:
    for key, check in keys.items():
        if key not in record:
            return f"it has no {key}"
        if not check(record[key]):
            return f"its {key} cannot be {_shown(record[key])}"
    for key, check in optional.items():
        if key in record and not check(record[key]):
            return f"its {key} cannot be {_shown(record[key])}"
    return None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _amount(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value >= 0


def _time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _run(value: Any) -> bool:
    return isinstance(value, str) and value not in ("", ".", "..") and "/" not in value and "\0" not in value


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _one_of(names: Iterable[str]) -> Check:
    known = frozenset(names)
    return lambda value: isinstance(value, str) and value in known


def _counts(names: frozenset[str] | None = None) -> Check:
    return lambda value: (
        isinstance(value, dict) and all(map(_count, value.values())) and (names is None or value.keys() <= names)
    )


def _ranges(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    named = 0
    for pair in value:
        if not (isinstance(pair, list) and len(pair) == 2 and all(map(_count, pair)) and pair[0] <= pair[1]):
            return False
        named += pair[1] - pair[0] + 1
    return named <= MOST_OPENING


def _seen(value: Any) -> bool:
    kinds = value.get("kinds") if isinstance(value, dict) else None
    return (
        isinstance(kinds, dict)
        and _counts()(value.get("cold_bytes"))
        and all(isinstance(kind, dict) and _count(kind.get("objects")) for kind in kinds.values())
        and ("unlisted" not in value or _unlisted(value["unlisted"]))
    )


def _unlisted(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _count(value.get("parts"))
        and isinstance(value.get("named"), list)
        and all(
            isinstance(part, dict) and _text(part.get("name")) and _text(part.get("detail")) for part in value["named"]
        )
    )


def _shard(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 5:
        return False
    label, items, size, cost, renamed = value
    is_label = isinstance(label, str) and re.fullmatch(r"[0-9]+-[0-9]+", label) is not None
    return is_label and _count(items) and _count(size) and _amount(cost) and _flag(renamed)


def _plan_agrees(plan: Mapping[str, Any]) -> bool:
    shards = plan["shards"]
    sums = [sum(shard[column] for shard in shards) for column in (1, 2)]
    return sums == [plan["items"], plan["bytes"]] and len({shard[0] for shard in shards}) == len(shards)


def _form(name: str, keys: Keys, **more: Any) -> Form:
    return Form(re.compile(name), keys, **more)


_TALLY: Keys = {
    "done": _count,
    "skipped": _counts(_REASONS),
    "failed": _counts(_REASONS),
    "source_bytes": _count,
    "output_bytes": _count,
}  # in a summary and in the metadata of a seal


def is_tally(value: object) -> bool:
    """Return whether a value from JSON holds a tally."""
    return isinstance(value, dict) and _wrong_key(value, _TALLY, {}) is None


_RUN = r"runs/(?P<run>[^/]+)/"
_SUMMARY: Keys = {"run": _run, "round": _count, "began": _time, "ended": _time, "items": _count, "parts": _count}
_ROW_COUNTS = ("source_bytes", "output_bytes", "width", "height", "retry_round")

_FORMS = (
    _form(
        _RUN + r"ledger/(?P<shard>\d{7,})/[^/]+\.jsonl\.gz",
        {
            "run": _run,
            "shard": _count,
            "round": _count,
            "task": _count,
            "tasks": _count,
            "attempt": _count,
            "execution": _or_none(_text),
            "at": _time,
            "sealed": _flag,
        },
        optional={"opening": _ranges, "at_once": _count, "alone": _flag},
        agrees=lambda header: "opening" not in header or header.keys() >= {"at_once", "alone"},
        rows={"item": _count, "source": _text, "generation": _text, "output": _text, "status": _one_of(_STATUSES)},
        row_optional={
            "reason": _one_of(_REASONS),
            "detail": _text,
            "unchecked": _flag,
            "each": _list_of(_count),
            "made_of": _text,
            **dict.fromkeys(_ROW_COUNTS, _count),
        },
        row_agrees=lambda row: ("reason" in row) != (row["status"] == Status.DONE.value),
        hint=_SPARE,
    ),
    _form(
        _RUN + r"planner/\d{7,}/shards/(?P<shard>[^/]+)\.jsonl\.gz",
        {"run": _run, "shard": _text},
        rows={
            "source": _text,
            "generation": _text,
            "size": _count,
            "opened": _flag,
            "output": _text,
            "output_format": _text,
        },
        row_optional={"crc32c": _or_none(_count), "encoding": _or_none(_text), "format": _or_none(_text)},
    ),
    _form(
        _RUN + r"planner/\d{7,}/renames/(?P<shard>[^/]+)\.jsonl\.gz",
        {"run": _run, "shard": _text},
        rows={"item": _count, "output": _text},
    ),
    _form(
        _RUN + r"planner/(?P<planner>\d{7,})/beats/(?P<beat>\d{7,})",
        {"planner": _count, "beat": _count},
        optional={"run": _run},
        hint=_SPARE,
    ),
    _form(
        _RUN + r"plan\.json",
        {
            "run": _run,
            "planner": _count,
            "items": _count,
            "bytes": _count,
            "seen": _seen,
            "shards": _list_of(_shard),
        },
        agrees=_plan_agrees,
    ),
    _form(_RUN + r"run\.json", {"run": _run, "owner": _text, "fingerprint": _text, "began": _time}),
    _form(_RUN + r"summary\.json", {**_SUMMARY, **_TALLY}, agrees=lambda summary: summary["round"] == 0, hint=_SPARE),
    _form(_RUN + r"summaries/(?P<round>\d{7,})\.json", {**_SUMMARY, **_TALLY}, hint=_SPARE),
    _form(
        _RUN + r"rounds/(?P<round>\d{7,})\.json",
        {"run": _run, "round": _count, "reasons": _list_of(_one_of(RETRIABLE)), "owner": _text, "began": _time},
        hint=_SPARE,
    ),
    _form(
        _RUN + r"claims/(?P<planner>\d{7,})\.json",
        {
            "planner": _count,
            "nonce": _text,
            "execution": _or_none(_text),
            "index": _count,
            "attempt": _count,
            "began": _time,
        },
        optional={"run": _run},
        hint=_SPARE,
    ),
    _form(
        r"anchors/[^/]+/\d{7,}",
        {"run": _run, "owner": _text},
        hint="delete this record, and continue the run that it belongs to with --resume, or start the job again",
    ),
)
