"""Tells what a value in a record can be: each function returns whether a value from JSON is of one kind. Pure."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from thumbrun.imaging.looks.appearance import is_colour, is_placeholder

Check = Callable[[Any], bool]

MOST = 2**63 - 1  # of every number in a record; beyond it, sums and rates would end in errors
MOST_ITEMS = 4_000  # of a shard, and so of an announcement; thumbrun makes shards of at most 1,000
_FIRST_YEAR = 1970  # of a time; the earliest that Python knows cannot be put an hour back


def number_in(text: str) -> int | None:
    """Return the number that some metadata holds, or None if it holds none, or one that is too large.

    >>> number_in("12"), number_in("-1"), number_in("9" * 5000)
    (12, None, None)
    """
    number = int(text) if re.fullmatch(r"[0-9]{1,19}", text) else MOST + 1
    return number if number <= MOST else None


def text(value: Any) -> bool:
    """Return whether a value is text that has bytes, as every name of a file or an object has.

    The bytes of a file name that are not UTF-8 are surrogates, as `surrogateescape` makes them; others have no bytes.
    """
    if not isinstance(value, str):
        return False
    if value.isascii():
        return True
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def words(value: Any) -> bool:
    """Return whether a value is text that is only shown, where whatever has no bytes is spelt out."""
    return isinstance(value, str)


def colour(value: Any) -> bool:
    """Return whether a value is a colour."""
    return isinstance(value, str) and is_colour(value)


def placeholder(value: Any) -> bool:
    """Return whether a value is a placeholder."""
    return isinstance(value, str) and is_placeholder(value)


def texts(value: Any) -> bool:
    """Return whether a value is an object whose keys and values are texts."""
    return isinstance(value, dict) and all(map(text, value)) and all(map(text, value.values()))


def flag(value: Any) -> bool:
    """Return whether a value is true or false."""
    return isinstance(value, bool)


def count(value: Any) -> bool:
    """Return whether a value is a whole number from 0 to `MOST`."""
    return type(value) is int and 0 <= value <= MOST


def amount(value: Any) -> bool:
    """Return whether a value is a number from 0 to `MOST`."""
    return type(value) in (int, float) and 0 <= value <= MOST


def time(value: Any) -> bool:
    """Return whether a value is a time with its zone, as ISO 8601 writes it."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return found.tzinfo is not None and found.year >= _FIRST_YEAR


def run(value: Any) -> bool:
    """Return whether a value can be the id of a run, which is the name of a folder."""
    return text(value) and value not in ("", ".", "..") and "/" not in value and "\0" not in value


def or_none(check: Check) -> Check:
    """Return a check that null passes, too."""
    return lambda value: value is None or check(value)


def list_of(check: Check) -> Check:
    """Return a check that lists pass whose values all pass another one."""
    return lambda value: isinstance(value, list) and all(map(check, value))


def one_of(names: Iterable[str]) -> Check:
    """Return a check that only some texts pass."""
    known = frozenset(names)
    return lambda value: isinstance(value, str) and value in known


def counts(names: frozenset[str] | None = None) -> Check:
    """Return a check that objects pass whose values are counts, and whose keys are all among some names, if given."""
    return lambda value: (
        isinstance(value, dict) and all(map(count, value.values())) and (names is None or value.keys() <= names)
    )


def ranges(value: Any) -> bool:
    """Return whether a value holds ranges of items, as pairs of first and last, of at most `MOST_ITEMS` items."""
    if not isinstance(value, list):
        return False
    named = 0
    for pair in value:
        if not (isinstance(pair, list) and len(pair) == 2 and all(map(count, pair)) and pair[0] <= pair[1]):
            return False
        named += pair[1] - pair[0] + 1
    return named <= MOST_ITEMS


def seen(value: Any) -> bool:
    """Return whether a value says what a listing has seen."""
    kinds = value.get("kinds") if isinstance(value, dict) else None
    return (
        isinstance(kinds, dict)
        and counts()(value.get("cold_bytes"))
        and all(isinstance(kind, dict) and count(kind.get("objects")) for kind in kinds.values())
        and list_of(_format)(value.get("formats", []))
        and ("unlisted" not in value or unlisted(value["unlisted"]))
    )


def _format(value: Any) -> bool:
    """Return whether a value says how many items of one format and storage class there are, and what they take."""
    return (
        isinstance(value, dict)
        and or_none(words)(value.get("format"))
        and or_none(words)(value.get("storage_class"))
        and all(count(value.get(key)) for key in ("objects", "bytes", "peeked", "large", "gzip"))
        and amount(value.get("cost_ms"))
    )


def unlisted(value: Any) -> bool:
    """Return whether a value says which parts of a source could not be listed."""
    return (
        isinstance(value, dict)
        and count(value.get("parts"))
        and isinstance(value.get("named"), list)
        and all(
            isinstance(part, dict) and text(part.get("name")) and text(part.get("detail")) for part in value["named"]
        )
    )


def shard(value: Any) -> bool:
    """Return whether a value describes a shard: label, items, bytes, cost, and whether it has new names."""
    if not isinstance(value, list) or len(value) != 5:
        return False
    label, items, size, cost, renamed = value
    is_label = isinstance(label, str) and re.fullmatch(r"[0-9]{1,10}-[0-9]{1,10}", label) is not None
    return is_label and count(items) and items > 0 and count(size) and amount(cost) and flag(renamed)
