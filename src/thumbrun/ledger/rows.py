"""The rows of the ledger: how an outcome becomes a row and comes back, and which of several outcomes counts. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from thumbrun.console import shortened
from thumbrun.outcomes import Outcome, Reason, Status, Timing, precedence
from thumbrun.planning.plan import Item
from thumbrun.runs.record_forms import TIMES

_LONGEST_DETAIL = 10_000  # characters; a reader refuses a row that is much longer than any that thumbrun writes
_NUMBERS = ("source_bytes", "output_bytes", "width", "height", "retry_round", "source_width", "source_height")
_LOOKS = ("colour", "placeholder")
_STATUSES = {status.value: status for status in Status}
_REASONS: dict[str | None, Reason | None] = {None: None, **{reason.value: reason for reason in Reason}}


def to_row(outcome: Outcome, item: Item) -> dict[str, Any]:
    """Return an outcome as a row of a part, with the names that a reader needs and without zeros."""
    row: dict[str, Any] = {
        "item": outcome.item,
        "source": item.source,
        "generation": item.generation,
        "output": item.output,
        "status": outcome.status.value,
    }
    if outcome.reason:
        row |= {"reason": outcome.reason.value, "detail": shortened(outcome.detail, _LONGEST_DETAIL)}
    elif outcome.detail:
        row["detail"] = shortened(outcome.detail, _LONGEST_DETAIL)
    if outcome.unchecked:
        row["unchecked"] = True
    if item.outputs:
        row["outputs"] = list(item.outputs)
    if outcome.each:
        row["each"] = list(outcome.each)
    if outcome.made_of:
        row["made_of"] = outcome.made_of
    if timing := outcome.timing:
        row["began"] = timing.began.isoformat(timespec="milliseconds")
        row |= {name: value for name in TIMES if (value := getattr(timing, name))}
    return row | {name: value for name in (*_NUMBERS, *_LOOKS) if (value := getattr(outcome, name))}


def from_row(shard: int, row: Mapping[str, Any]) -> Outcome:
    """Return the outcome in a row of a part."""
    get = row.get  # a ledger can have millions of rows, so this names no field twice
    return Outcome(
        shard,
        row["item"],
        _STATUSES[row["status"]],
        _REASONS[get("reason")],
        get("detail", ""),
        get("source_bytes", 0),
        get("output_bytes", 0),
        get("width", 0),
        get("height", 0),
        get("retry_round", 0),
        bool(get("unchecked")),
        tuple(get("each", ())),
        get("made_of", ""),
        _timing(row),
        get("source_width", 0),
        get("source_height", 0),
        get("colour", ""),
        get("placeholder", ""),
    )


def _timing(row: Mapping[str, Any]) -> Timing | None:
    began = row.get("began")
    if began is None:
        return None
    get = row.get
    return Timing(
        datetime.fromisoformat(began),
        get("fetch_ms", 0),
        get("decode_ms", 0),
        get("encode_ms", 0),
        get("put_ms", 0),
        get("waiting_ms", 0),
    )


def choose(parts: Mapping[str, Iterable[Outcome]]) -> dict[int, Outcome]:
    """Return the one outcome of each item of a shard, by its index, given the outcomes in each part by name. Pure."""
    best: dict[int, tuple[tuple[int, int, bool, str], Outcome]] = {}
    for name, outcomes in parts.items():
        for outcome in outcomes:
            candidate = (precedence(outcome, name), outcome)
            if outcome.item not in best or candidate[0] < best[outcome.item][0]:
                best[outcome.item] = candidate
    return {index: outcome for index, (_, outcome) in sorted(best.items())}
