"""What an answer of Cloud Storage's API means: an object's entry, or an error. Pure but for the present moment."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from thumbrun.storage.base import (
    NO_METADATA,
    BucketNotFoundError,
    DeniedError,
    Entry,
    ExistsError,
    NameRefusedError,
    NotFoundError,
    StoreError,
    ThrottledError,
    TransientError,
    UnauthenticatedError,
)

NETWORK_HINT = "check the network and the emulator's address, if one is set"
_LONGEST_MESSAGE = 300

_NEEDED_ROLE = {
    "page": "storage.objects.list on the bucket (role Storage Object Viewer)",
    "stat": "storage.objects.get on the bucket (role Storage Object Viewer)",
    "read": "storage.objects.get on the bucket (role Storage Object Viewer)",
    "create": "storage.objects.create on the bucket (role Storage Object Creator)",
}


def entry_of(item: Mapping[str, Any]) -> Entry:
    """Return the entry of an object as the API shows it.

    Raises:
        ValueError, KeyError, TypeError: It is not shown as the API does; see `understood`.
    """
    shown = item.get
    checksum = shown("crc32c")
    # By position: a listing of millions pays for each keyword.
    return Entry(
        item["name"],
        int(shown("size", 0)),
        str(item["generation"]),
        shown("contentType") or None,
        int.from_bytes(binascii.a2b_base64(checksum), "big") if checksum else None,
        shown("contentEncoding") or None,
        shown("storageClass") or None,
        shown("metadata") or NO_METADATA,
    )


def page_of(body: bytes) -> tuple[tuple[Entry, ...], str]:
    """Return the entries of a listing's page, and the token of the next, empty for the last.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: As for `entry_of`.
    """
    answer = json.loads(body)
    return tuple(entry_of(item) for item in answer.get("items", ())), answer.get("nextPageToken", "")


def checksum_of(header: str) -> int | None:
    """Return the crc32c that an `x-goog-hash` header declares, such as `crc32c=n03x6A==,md5=…`, or None."""
    for part in header.replace(" ", "").split(","):
        if part.startswith("crc32c="):
            try:
                return int.from_bytes(base64.b64decode(part.removeprefix("crc32c="), validate=True), "big")
            except ValueError:
                return None
    return None


@contextmanager
def understood(operation: str, where: str) -> Iterator[None]:
    """Turn what is raised over an answer that is no JSON, or not that of an object, into TransientError."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TransientError(
            f"{one_line(where)}: {operation} was answered with what is not Cloud Storage's: {type(error).__name__}",
            hint="check whether a proxy or another server answers in its place",
        ) from error


def status_error(operation: str, where: str, status: int, text: str, headers: Mapping[str, str]) -> StoreError:
    """Return the error that an answer other than success stands for.

    Args:
        operation: `page`, `stat`, `read` or `create`.
        where: The URI of the bucket or object, for the message.
        status: The HTTP status.
        text: The answer's body, or its beginning.
        headers: The answer's, by names in lower case; only `retry-after` is looked at.
    """
    where = one_line(where)
    message = f"{where}: {operation} was answered with {status}: {one_line(text)}"
    lower = text.lower()
    if status in (429, 503) or (status == 403 and "ratelimitexceeded" in lower):
        return ThrottledError(message, retry_after=_retry_after(headers), hint="the store is overloaded: try later")
    if status == 408 or status >= 500 or (status == 400 and "crc32c" in lower):
        return TransientError(message, retry_after=_retry_after(headers), hint="the store is failing: try later")
    if status == 401:
        return UnauthenticatedError(message, hint="check the credentials: they are expired or of another project")
    if status == 403:
        return DeniedError(message, hint=f"check that the account has {_NEEDED_ROLE[operation]}")
    if status == 404:
        return _not_found(operation, where, message, lower)
    if status in (409, 412) and operation == "create":
        return ExistsError(message)
    if status == 400:
        return _refused(operation, message, lower)
    return StoreError(message, hint="this is not expected: please report it")


def _not_found(operation: str, where: str, message: str, lower: str) -> StoreError:
    """Tell a missing bucket from a missing object.

    A missing object's message repeats names, `No such object: my-bucket/a.jpg`, so that a word in it proves nothing.
    """
    bucket = "no such object" not in lower and ("bucket does not exist" in lower or "no such bucket" in lower)
    if bucket or operation in ("page", "create"):
        return BucketNotFoundError(f"the bucket of {where} does not exist", hint="check the bucket's name and project")
    return NotFoundError(message)


def _refused(operation: str, message: str, lower: str) -> StoreError:
    if "requester pays" in lower or "userproject" in lower:
        return StoreError(message, hint="set user-project to the project that pays for requests to this bucket")
    if operation == "create" and "object name" in lower:
        return NameRefusedError(message)
    return StoreError(message, hint="this is not expected: please report it")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait: a number, or a moment."""
    value = headers.get("retry-after")
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def one_line(text: str) -> str:
    """Return text from outside as one short line without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _LONGEST_MESSAGE]).split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]}…"
