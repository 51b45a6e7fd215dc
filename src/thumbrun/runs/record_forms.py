"""The form of every record: which keys it has, what each key holds, and which of them its name says too. Pure.

Whoever reads a record can rely on its form. So a record that was cut, edited, or copied from another run or shard is
found when it is read, by one check, and not where one of its values is used.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from reprlib import Repr
from typing import Any

from thumbrun.outcomes import Reason, Status
from thumbrun.runs.records import LARGEST
from thumbrun.runs.rounds import RETRIABLE

Check = Callable[[Any], bool]
Keys = Mapping[str, Check]

MOST = 2**63 - 1  # of every number in a record; beyond it, sums and rates would end in errors
_FAR = 1_000  # records in a row that somebody might have deleted
_SMALL, _PLAN = 1 << 21, 1 << 26  # bytes of JSON; the plan of 10,000 tasks has some 40 MB

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
        most_bytes: The size of the largest record that is read. Of JSON lines it is that of the compressed bytes.
        successive: Whether its name ends in a number, and each record has the next number after the last one.
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


def far_beyond(names: Iterable[str], start: str = "") -> list[str]:
    """Return those of some ascending names whose numbers nobody can have reached, given the other names.

    Args:
        names: Names of records of one kind, whose numbers follow on one another.
        start: A name that is known to be right, and before all others; or an empty string.
    """
    last, far = _number_of(start), []
    for name in names:
        number = _number_of(name)
        if number > last + _FAR:
            far.append(name)
        else:
            last = number
    return far


def _number_of(name: str) -> int:
    found = re.search(r"([0-9]{7})(\.json)?$", name)
    return int(found[1]) if found else 0


def number_in(text: str) -> int | None:
    """Return the number that some metadata holds, or None if it holds none, or one that is too large.

    >>> number_in("12"), number_in("-1"), number_in("9" * 5000)
    (12, None, None)
    """
    number = int(text) if re.fullmatch(r"[0-9]{1,19}", text) else MOST + 1
    return number if number <= MOST else None


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


_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


def _shown(value: Any) -> str:
    text = _SHORT.repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _text(value: Any) -> bool:
    """Return whether a value is text that has bytes, as every name of a file or an object has.

    The bytes of a file name that are not UTF-8 are surrogates, as `surrogateescape` makes them; others have no bytes.
    """
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _words(value: Any) -> bool:
    """Return whether a value is text that is only shown, where whatever has no bytes is spelt out."""
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST


def _amount(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= MOST


def _time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _run(value: Any) -> bool:
    return _text(value) and value not in ("", ".", "..") and "/" not in value and "\0" not in value


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
    is_label = isinstance(label, str) and re.fullmatch(r"[0-9]{1,10}-[0-9]{1,10}", label) is not None
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


def _summary_agrees(summary: Mapping[str, Any]) -> bool:
    refused = (sum(summary[key].values()) for key in ("skipped", "failed"))
    return bool(summary["done"] + sum(refused) == summary["items"])


def _first_summary_agrees(summary: Mapping[str, Any]) -> bool:
    return summary["round"] == 0 and _summary_agrees(summary)


_RUN = r"runs/(?P<run>[^/]+)/"
_SUMMARY: Keys = {"run": _run, "round": _count, "began": _time, "ended": _time, "items": _count, "parts": _count}
_ROW_COUNTS = ("source_bytes", "output_bytes", "width", "height", "retry_round")

_FORMS = (
    _form(
        _RUN + r"ledger/(?P<shard>[0-9]{7})/[^/]+\.jsonl\.gz",
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
            "detail": _words,
            "unchecked": _flag,
            "each": _list_of(_count),
            "made_of": _text,
            **dict.fromkeys(_ROW_COUNTS, _count),
        },
        row_agrees=lambda row: ("reason" in row) != (row["status"] == Status.DONE.value),
        hint=_SPARE,
        most_bytes=LARGEST,
    ),
    _form(
        _RUN + r"planner/[0-9]{7}/shards/(?P<shard>[^/]+)\.jsonl\.gz",
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
        most_bytes=LARGEST,
    ),
    _form(
        _RUN + r"planner/[0-9]{7}/renames/(?P<shard>[^/]+)\.jsonl\.gz",
        {"run": _run, "shard": _text},
        rows={"item": _count, "output": _text},
        most_bytes=LARGEST,
    ),
    _form(
        _RUN + r"planner/(?P<planner>[0-9]{7})/beats/(?P<beat>[0-9]{7})",
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
        most_bytes=_PLAN,
    ),
    _form(_RUN + r"run\.json", {"run": _run, "owner": _text, "fingerprint": _text, "began": _time}),
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
        {"run": _run, "round": _count, "reasons": _list_of(_one_of(RETRIABLE)), "owner": _text, "began": _time},
        hint=_SPARE,
        successive=True,
    ),
    _form(
        _RUN + r"claims/(?P<planner>[0-9]{7})\.json",
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
        successive=True,
    ),
    _form(
        r"anchors/[^/]+/[0-9]{7}",
        {"run": _run, "owner": _text},
        hint="delete this record, and continue the run that it belongs to with --resume, or start the job again",
        successive=True,
    ),
)
