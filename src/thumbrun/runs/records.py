"""The format of thumbrun's records on the store: versioned JSON, or gzip-compressed JSON lines.

`zcat | jq`, DuckDB and BigQuery read the records as they are. A reader refuses a version that it does not know; it does
not guess. A reader notices every flipped bit: gzip has a checksum, and plain JSON has a checksum of all its other keys
in `crc32c`.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crc32c import crc32c

from thumbrun.console import shortened
from thumbrun.errors import ThumbrunError

VERSION = 1
Body = bytes | bytearray

JSON_TYPE = "application/json"
LINES_TYPE = "application/gzip"

_CHECKSUM = "crc32c"

# The limits of what is read. Anybody who may write to the state can put a record there that is small and becomes huge
# in memory, so each limit is a few times what thumbrun itself can write.
LARGEST = 1 << 25  # bytes of a record as it is stored; a shard of a plan has some hundred kilobytes
_MOST_LINES = 4_000  # a shard has at most 1,000 items
_LONGEST_LINE = 1 << 18  # bytes; a row holds two paths of at most 4,096 bytes, each of which takes 6 bytes in JSON
_MOST_DECOMPRESSED = 1 << 26  # bytes; 1,000 rows with the longest paths have 50 MB
_MOST_PIECES = 1 << 20  # bytes of decompressed lines that are kept, and not decompressed again
_FED, _PIECE = 1 << 14, 1 << 16  # bytes that are decompressed at once, and that this gives at most
# A plan holds a list of five values for each shard, in 33 bytes or more. Text that holds more lists and values for its
# length would take far more memory than any plan.
_BYTES_A_LIST, _BYTES_A_VALUE, _FREE = 16, 4, 10_000
# Text in quotes, which can hold any characters: a plan holds content types and names of the source. The quote at the
# end is optional, so that text without one is passed over once, and not once for each quote in it.
_QUOTED = re.compile(rb'"(?:[^"\\]+|\\.)*+"?', re.DOTALL)


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


def from_json(body: Body, name: str) -> dict[str, Any]:
    """Return the record that some bytes hold.

    Args:
        body: The bytes.
        name: The name of the object, for messages.

    Raises:
        RecordError: The bytes are not a record, are damaged, or have another version.
    """
    if _is_dense(body):
        raise RecordError(f"{name} is not a record of thumbrun: it holds more values than any record of its length")
    try:
        checked = _checked(json.loads(body), name)
        matches = checked.pop(_CHECKSUM, None) == _checksum(checked)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{name} is not JSON: {error}") from error
    if not matches:
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


def from_lines(body: Body, name: str) -> tuple[dict[str, Any], list[Any]]:
    """Return the header and the rows of JSON lines.

    Raises:
        RecordError: As for `from_json`.
    """
    header, lines = open_lines(body, name)
    return header, [parse_line(line, name) for line in lines]


def parse_line(line: bytes, name: str) -> Any:
    """Return what a line of JSON lines holds.

    Raises:
        RecordError: The line is not JSON.
    """
    try:
        return json.loads(line.decode())  # of bytes, it would search each line for other encodings
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{name} is not a record of thumbrun: {error}") from error


def open_lines(body: Body, name: str) -> tuple[dict[str, Any], Iterator[bytes]]:
    """Return the header of JSON lines, and an iterator over the rows that neither parses nor keeps them.

    A long record is decompressed twice, because only its end tells whether all of it is as it was written.

    Raises:
        RecordError: As for `from_json`.
    """
    try:
        lines = _lines(_checked_pieces(body) or _pieces(body))
        return _checked(json.loads(next(lines, b"")), name), lines
    except (ValueError, RecursionError, zlib.error) as error:
        raise RecordError(f"{name} is not a record of thumbrun: {error}") from error


def _checked_pieces(body: Body) -> list[bytes]:
    """Return what the bytes hold decompressed, or nothing if that is long.

    Raises:
        ValueError: They do not hold one whole stream of gzip that is within the limits.
        zlib.error: Likewise.
    """
    kept = list[bytes]()
    size = lines = begun = 0
    for piece in _pieces(body):
        size += len(piece)
        if size <= _MOST_PIECES:
            kept.append(piece)
        lines += piece.count(b"\n")
        end = piece.find(b"\n")
        longest = begun + (len(piece) if end < 0 else end)  # other lines lie in this piece, which is shorter
        begun = longest if end < 0 else len(piece) - piece.rfind(b"\n") - 1
        if size > _MOST_DECOMPRESSED or lines > _MOST_LINES or longest > _LONGEST_LINE:
            raise ValueError("it holds more than any record of thumbrun")
    return kept if size <= _MOST_PIECES else []


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of text that comes in pieces."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _pieces(body: Body) -> Iterator[bytes]:
    """Decompress a stream of gzip piece by piece; it must be whole, and nothing may follow it."""
    stream = zlib.decompressobj(wbits=31)
    for start in range(0, len(body), _FED):
        if stream.eof:
            break
        fed = body[start : start + _FED]
        while fed and not stream.eof:
            yield stream.decompress(fed, _PIECE)
            fed = stream.unconsumed_tail
        if stream.eof and (stream.unused_data or start + _FED < len(body)):
            raise ValueError("something follows its end")
    if not stream.eof:
        raise ValueError("it is cut")


def _is_dense(body: Body) -> bool:
    """Return whether JSON holds far more lists, objects and values for its length than any record of thumbrun."""
    most_lists, most_values = _FREE + len(body) // _BYTES_A_LIST, _FREE + len(body) // _BYTES_A_VALUE
    lists, values = body.count(b"[") + body.count(b"{"), body.count(b",")
    if lists <= most_lists and values <= most_values:
        return False  # so the text in quotes need not be told from the rest
    for number, found in enumerate(_QUOTED.finditer(body)):
        if number > most_lists:
            return True
        text = found[0]
        lists, values = lists - text.count(b"[") - text.count(b"{"), values - text.count(b",")
    return lists > most_lists or values > most_values


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
            f"{name} has version {shortened(repr(version))}, but this thumbrun reads only version {VERSION}",
            hint="finish the run with the version of thumbrun that began it, or begin another run with --new",
        )
    return record
