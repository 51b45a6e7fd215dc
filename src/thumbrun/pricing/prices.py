"""The list prices of Cloud Run and Cloud Storage, as data: `prices.json` has a date and a source for each.

A price that nobody has read is null there, and is unknown here. Free allowances are in no price.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from thumbrun.console import quoted, shortened

VERSION = 1
_MOST_PROBLEMS = 10  # that an error names; a file of another kind has many
_KEYS = frozenset(("id", "what", "per", "usd", "date", "source"))


@dataclass(frozen=True, slots=True)
class Price:
    """One price.

    Attributes:
        id: Its name, such as `class-a/region/standard`.
        what: What it is for, in words.
        per: What it counts, such as `1,000 operations`.
        usd: US dollars for each of these, or None if it is unknown.
        date: The day on which it was read, as `2026-09-20`; None if it is unknown.
        source: Where it was read; None if it is unknown.
    """

    id: str
    what: str
    per: str
    usd: float | None
    date: str | None
    source: str | None

    def to_record(self) -> dict[str, Any]:
        """Return the price as a row of a price file."""
        return {key: getattr(self, key) for key in ("id", "what", "per", "usd", "date", "source")}


class PricesError(ValueError):
    """A text is not a price file.

    Attributes:
        problems: What is wrong, each with what would be right.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class Prices:
    """A table of prices."""

    def __init__(self, rows: Iterable[Price]) -> None:
        """Take the rows, of which each has its own id."""
        self._rows = {row.id: row for row in rows}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prices) and self._rows == other._rows

    def __hash__(self) -> int:
        return hash(tuple(self._rows.values()))

    def has(self, id_: str) -> bool:
        """Return whether there is a row with an id, even if its price is unknown."""
        return id_ in self._rows

    def usd(self, id_: str) -> float | None:
        """Return the US dollars of the price with an id, or None if it is unknown or there is no such row."""
        row = self._rows.get(id_)
        return None if row is None else row.usd

    def date(self, id_: str) -> str | None:
        """Return the day on which the price with an id was read, or None if it is unknown."""
        row = self._rows.get(id_)
        return None if row is None else row.date

    def row(self, id_: str) -> Price:
        """Return the price with an id; raise KeyError if there is no such row."""
        return self._rows[id_]

    def with_rows(self, text: str) -> "Prices":
        """Return these prices with the rows of a price file in place of those that have the same ids.

        Args:
            text: The content of the file: JSON with `version` and `prices`, a list of rows. A row has an `id` of this
                table and `usd`; unless that is null, also `date` and `source`. If it has `per`, this must be the same.

        Raises:
            PricesError: The text is no such file.
        """
        problems: list[str] = []
        rows = dict(self._rows)
        for number, row in enumerate(_rows_in(text), 1):
            found = self._checked(row)
            if isinstance(found, str):
                problems.append(f"row {number}: {found}")
            else:
                rows[found.id] = found
        if problems:
            more = len(problems) - _MOST_PROBLEMS
            raise PricesError([*problems[:_MOST_PROBLEMS], *([f"and {more:,} more"] if more > 0 else [])])
        return Prices(rows.values())

    def _checked(self, row: object) -> Price | str:
        """Return the price in a row, or what is wrong with it."""
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
            return 'it must be an object with an "id"'
        known = self._rows.get(row["id"])
        if known is None:
            return f"{quoted(row['id'])} is no id of a price; `thumbrun plan SOURCE --json` lists them"
        if extra := sorted(row.keys() - _KEYS):
            return f"{known.id} has {quoted(str(extra[0]))}, which is not one of {', '.join(sorted(_KEYS))}"
        if row.get("per", known.per) != known.per:
            return f"{known.id} must be for each {known.per!r}"
        return _priced(known, row)

    def to_records(self) -> list[dict[str, Any]]:
        """Return all rows."""
        return [row.to_record() for row in self._rows.values()]


def _priced(known: Price, row: Mapping[str, Any]) -> Price | str:
    usd, day, source = row.get("usd"), row.get("date"), row.get("source")
    if "usd" not in row or (usd is not None and not (type(usd) in (int, float) and 0 <= usd < 1e6)):
        return f'{known.id} must have "usd", a number from 0, or null if it is unknown'
    if usd is None:
        return Price(known.id, known.what, known.per, None, None, None)
    if not _is_day(day):
        return f'{known.id} must have "date", the day on which you read it, like "2026-09-20"'
    if not isinstance(source, str) or not source.strip():
        return f'{known.id} must have "source", where you read it'
    return Price(known.id, known.what, known.per, float(usd), day, source)


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _rows_in(text: str) -> list[object]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise PricesError([f"it must be JSON ({shortened(str(error))})"]) from None
    except (ValueError, RecursionError):
        raise PricesError(["it must be JSON, with shorter numbers and fewer lists in each other"]) from None
    rows = content.get("prices") if isinstance(content, dict) else None
    if not isinstance(rows, list) or content.get("version") != VERSION:
        raise PricesError([f'it must be an object with "version": {VERSION} and "prices", a list of rows'])
    return rows


@cache
def list_prices() -> Prices:
    """Return the prices that thumbrun brings along."""
    from importlib import resources  # it brings a dozen modules, and most tasks need no prices

    text = resources.files("thumbrun.pricing").joinpath("prices.json").read_text("utf-8")
    return Prices(Price(**row) for row in json.loads(text)["prices"])
