"""The format of thumbrun's records on the store: versioned JSON, or gzip-compressed JSON lines.

`zcat | jq`, DuckDB and BigQuery read the records as they are. A reader refuses a version that it does not know; it does
not guess. A reader notices every flipped bit: gzip has a checksum, and plain JSON has a checksum of all its other keys
in `crc32c`.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from crc32c import crc32c

from thumbrun.errors import ThumbrunError

VERSION = 1

JSON_TYPE = "application/json"
LINES_TYPE = "application/gzip"

_CHECKSUM = "crc32c"
_MOST_DECOMPRESSED = 1 << 28  # bytes; the largest, a shard of a plan, has some megabytes


class RecordError(ThumbrunError):
    """A record cannot be read: it is not thumbrun's, it is damaged, or this thumbrun does not know its version."""


class RecordVersionError(RecordError):
    """A record has a version that this thumbrun does not know, so it is not damaged, and must not be done without."""


def to_json(record: Mapping[str, Any]) -> bytes:
    """Return one record as JSON, with the version first, the checksum last, and one line for each key."""
    versioned = {"version": VERSION, **record}
    lines = (
        f" {json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}"
        for key, value in {**versioned, _CHECKSUM: _checksum(versioned)}.items()
    )
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def from_json(body: bytes, name: str) -> dict[str, Any]:
    """Return the record that some bytes hold.

    Args:
        body: The bytes.
        name: The name of the object, for messages.

    Raises:
        RecordError: The bytes are not a record, are damaged, or have another version.
    """
    try:
        record = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{name} is not JSON: {error}") from error
    checked = _checked(record, name)
    if checked.pop(_CHECKSUM, None) != _checksum(checked):
        raise RecordError(f"{name} is damaged: it does not match its own checksum")
    return checked


def to_lines(header: Mapping[str, Any], rows: Iterable[Mapping[str, Any] | str]) -> bytes:
    """Return a header (with the version) and rows as compressed JSON lines; the same input gives the same bytes.

    Args:
        header: The first line.
        rows: The other lines; a row that is a string is JSON already.
    """
    lines = [json.dumps({"version": VERSION, **header}, separators=(",", ":"))]
    lines += [row if isinstance(row, str) else json.dumps(row, separators=(",", ":")) for row in rows]
    # Level 6 would take two and a half times as long, and save a seventh of the bytes.
    return gzip.compress(("\n".join(lines) + "\n").encode(), compresslevel=1, mtime=0)


def from_lines(body: bytes, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the header and the rows of JSON lines.

    Raises:
        RecordError: As for `from_json`.
    """
    header, lines = open_lines(body, name)
    try:
        return header, [json.loads(line) for line in lines]
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{name} is not a record of thumbrun: {error}") from error


def open_lines(body: bytes, name: str) -> tuple[dict[str, Any], list[bytes]]:
    """Return the header of JSON lines and the rows without parsing them, for callers that need only a few.

    Raises:
        RecordError: As for `from_json`.
    """
    try:
        header, *lines = _decompressed(body).splitlines()
        return _checked(json.loads(header), name), lines
    except (ValueError, RecursionError, zlib.error) as error:
        raise RecordError(f"{name} is not a record of thumbrun: {error}") from error


def _decompressed(body: bytes) -> bytes:
    """Return the bytes that gzip holds, which must be one whole stream of bounded length, and nothing behind it."""
    stream = zlib.decompressobj(wbits=31)
    lines = stream.decompress(body, _MOST_DECOMPRESSED)
    if not stream.eof or stream.unused_data:
        raise ValueError("it is too long" if stream.unconsumed_tail else "it is cut, or something follows its end")
    return lines


def _checksum(record: Mapping[str, Any]) -> str:
    """Return the crc32c of a record's content; spaces and the order of keys make no difference."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return f"{crc32c(text.encode()):08x}"


def _checked(record: object, name: str) -> dict[str, Any]:
    version = record.get("version") if isinstance(record, dict) else None
    if not isinstance(record, dict) or version is None:
        raise RecordError(f"{name} is not a record of thumbrun: it has no version")
    if version != VERSION or type(version) is not int:
        raise RecordVersionError(
            f"{name} has version {version!r}, but this thumbrun reads only version {VERSION}",
            hint="finish the run with the version of thumbrun that began it, or begin another run with --new",
        )
    return record
