"""The format of thumbrun's records on the store: versioned JSON, or gzip-compressed JSON lines.

`zcat | jq`, DuckDB and BigQuery read them as they are. A reader refuses a version that it does not know, rather than
guess.
"""

import gzip
import json
from collections.abc import Iterable, Mapping
from typing import Any

from thumbrun.errors import ThumbrunError

VERSION = 1

JSON_TYPE = "application/json"
LINES_TYPE = "application/gzip"


class RecordError(ThumbrunError):
    """A record cannot be read: not thumbrun's, torn, or of a version that this one does not know."""


def to_json(record: Mapping[str, Any]) -> bytes:
    """Return one record as JSON, its version first."""
    return (json.dumps({"version": VERSION, **record}, indent=1) + "\n").encode()


def from_json(body: bytes, name: str) -> dict[str, Any]:
    """Return one record.

    Raises:
        RecordError: It is none, or of another version; the message names it.
    """
    try:
        record = json.loads(body)
    except ValueError as error:
        raise RecordError(f"{name} is not JSON: {error}") from error
    return _checked(record, name)


def to_lines(header: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return a header (with the version) and rows as JSON lines, compressed; the same bytes for the same input."""
    lines = [json.dumps({"version": VERSION, **header}, separators=(",", ":"))]
    lines += [json.dumps(row, separators=(",", ":")) for row in rows]
    return gzip.compress(("\n".join(lines) + "\n").encode(), compresslevel=6, mtime=0)


def from_lines(body: bytes, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return header and rows of JSON lines.

    Raises:
        RecordError: As for `from_json`.
    """
    try:
        lines = gzip.decompress(body).splitlines()
        header, *rows = [json.loads(line) for line in lines]
    except (ValueError, OSError, EOFError) as error:
        raise RecordError(f"{name} is no record of thumbrun: {error}") from error
    return _checked(header, name), rows


def _checked(record: object, name: str) -> dict[str, Any]:
    version = record.get("version") if isinstance(record, dict) else None
    if not isinstance(record, dict) or version != VERSION:
        raise RecordError(
            f"{name} has version {version!r}, this thumbrun reads {VERSION}",
            hint="finish the run with the version of thumbrun that began it, or start another with --new",
        )
    return record
