"""The parsers of settings. Each returns the value, or raises ValueError with what would be right. Pure."""

import difflib
import re
from collections.abc import Callable

from thumbrun.console import quoted
from thumbrun.planning.globs import Glob
from thumbrun.storage.location import Location

_UNITS = {"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_YES, _NO = frozenset(("1", "true", "yes", "on")), frozenset(("0", "false", "no", "off"))
_LONGEST_PLACE = 4096  # the longest path on most systems, and far more than the 1,024 bytes of Cloud Storage
_LAST_PORT = 65535
_WEEK = 604_800  # seconds
_TIME = r"(?:({number})h)?(?:({number})m)?(?:({number})s)?"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")


def location_text(value: str) -> str:
    """Parse the name of a bucket or a folder; other settings decide which of the two it is."""
    if not value or len(value) > _LONGEST_PLACE or "\0" in value:
        raise ValueError(f"it must be a bucket or a folder, with 1 to {_LONGEST_PLACE:,} characters")
    return value


def header(value: str) -> str:
    """Parse the value of an HTTP header."""
    if not value.strip() or not value.isascii() or not value.isprintable():
        raise ValueError("it must be one line of ASCII, like public, max-age=3600")
    return value


def project(value: str) -> str:
    """Parse the id or the number of a Google Cloud project."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.:-]{3,62}", value):
        raise ValueError("it must be a project's id or number, like my-project-123")
    return value


def emulator(value: str) -> str:
    """Parse the address of an emulator."""
    found = re.fullmatch(rf"(?:https?://)?{_HOST}(?::([0-9]{{1,5}}))?/?", value)
    if not found or not 1 <= int(found[1] or 1) <= _LAST_PORT:
        raise ValueError("it must be an address like http://127.0.0.1:9023")
    return value


def endpoint(value: str) -> str:
    """Parse the address of a Cloud Storage endpoint that gets credentials.

    gcloud takes the same address with and without the path of the API, so both are right.
    """
    root = re.sub(r"/(storage/v1/?)?$", "", value)
    parts = re.fullmatch(rf"(https?)://({_HOST})(?::([0-9]{{1,5}}))?", root)
    if not parts or not 1 <= int(parts[3] or 1) <= _LAST_PORT:
        raise ValueError("it must be an address like https://storage-name.p.googleapis.com")
    if parts[1] == "http" and parts[2] not in _THIS_MACHINE:
        raise ValueError("it must begin with https://, because thumbrun sends credentials there")
    return root


def run_id(value: str) -> str:
    """Parse a run id."""
    if not _RUN_ID.fullmatch(value):
        raise ValueError(
            "it must be 1 to 63 letters, digits, dots, dashes and underscores, and begin with a letter or a digit"
        )
    return value


def run(value: str) -> str:
    """Parse a run id, or a place that ends in a run id, and return only the id."""
    return run_id(value.rstrip("/").rpartition("/")[2])


def location_to_record(value: Location) -> str:
    """Return a location in the form that a claim holds."""
    return value.uri()


def location_from_record(record: str) -> str:
    """Return the text of a flag for a claim's location, whose `file:` URI is not encoded."""
    return record.removeprefix("file://")


def yes_or_no(value: str) -> bool:
    """Parse a switch."""
    if value.lower() not in _YES | _NO:
        raise ValueError("it must be one of 1, true, yes, on, 0, false, no, off")
    return value.lower() in _YES


def bytes_(value: str) -> int:
    """Parse a number of bytes, at least 1."""
    found = re.fullmatch(r"([0-9]{1,15}) *([A-Za-z]{0,3})", value)
    if not found or found[2].upper() not in _UNITS or not int(found[1]):
        raise ValueError("it must be bytes, like 268435456 or 256MiB")
    return int(found[1]) * _UNITS[found[2].upper()]


def seconds(value: str) -> float:
    """Parse a time in seconds, or in hours, minutes and seconds, more than 0 and at most a week.

    >>> seconds("0.5"), seconds("90s"), seconds("10m"), seconds("1h30m")
    (0.5, 90.0, 600.0, 5400.0)
    """
    number = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
    plain, parts = re.fullmatch(number, value), re.fullmatch(_TIME.format(number=number), value)
    found = float(value) if plain else 0.0
    if parts:
        found = sum(float(part or 0) * unit for part, unit in zip(parts.groups(), (3600, 60, 1), strict=True))
    if not 0 < found <= _WEEK:
        raise ValueError("it must be a time, like 10 or 0.5 seconds, 90s, 10m or 1h30m, more than 0 and at most a week")
    return found


def dollars(value: str) -> float:
    """Parse an amount of US dollars, 0 included."""
    if not re.fullmatch(r"\$?[0-9]{1,9}(\.[0-9]{1,6})?", value):
        raise ValueError("it must be US dollars, like 2 or 0.50, with at most six digits behind the point")
    return float(value.lstrip("$"))


def region(value: str) -> str:
    """Parse the name of a region of Google Cloud."""
    if not re.fullmatch(r"[a-z]+-[a-z]+[0-9]{1,2}", value):
        raise ValueError("it must be a region, like europe-west1")
    return value


def path(value: str) -> str:
    """Parse the path of a file."""
    if not value or len(value) > _LONGEST_PLACE or "\0" in value:
        raise ValueError("it must be the path of a file")
    return value


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a parser for whole numbers from `least` to `most`, both included."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", value) or not least <= int(value) <= most:
            raise ValueError(f"it must be a whole number, {least:,} to {most:,}")
        return int(value)

    return parse


def choice(*names: str) -> Callable[[str], str]:
    """Return a parser for one of several names."""

    def parse(value: str) -> str:
        if value not in names:
            close = difflib.get_close_matches(value.lower(), names, 1)
            meant = f"; did you mean {close[0]}?" if close else ""
            raise ValueError(f"it must be one of {', '.join(names)}{meant}")
        return value

    return parse


def globs(value: str) -> tuple[str, ...]:
    """Parse globs that are separated by commas; drop empty ones and repetitions."""
    found = tuple(dict.fromkeys(glob for glob in (part.strip() for part in value.split(",")) if glob))
    for glob in found:
        try:
            Glob(glob)
        except re.error:
            raise ValueError(f"{quoted(glob)} is no pattern: a range in brackets must go upwards, like [a-z]") from None
    return found
