"""The meaning of an answer of Cloud Storage's API: an object's entry, a bucket's settings, or an error.

The module is pure, except that a date in `Retry-After` is compared with the present time.
"""

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
    ObjectRefusedError,
    StoreError,
    ThrottledError,
    TransientError,
    UnauthenticatedError,
)
from thumbrun.storage.bucket_facts import BucketFacts

NETWORK_HINT = "check the network, and the emulator's address if you set one"
_REPORT = "thumbrun does not expect this answer: please report it"
_LONGEST_MESSAGE = 300
BUCKET_FIELDS = (
    "location,locationType,storageClass,autoclass(enabled),softDeletePolicy(retentionDurationSeconds),"
    "retentionPolicy(retentionPeriod),defaultEventBasedHold,billing(requesterPays),hierarchicalNamespace(enabled),"
    "iamConfiguration(uniformBucketLevelAccess(enabled))"
)
_GZIP = ("gzip", "x-gzip")  # these names do not depend on case (RFC 9110, 8.4.1)
_TEXTS = ("contentType", "contentEncoding", "storageClass", "crc32c")
# Of the reasons and the sentences for an object under a customer-supplied key. "Customer-managed" ones are not its own.
_OWN_KEY = ("customer-supplied encryption key", "encryptedwithcustomerencryptionkey", "customer_encryption_key")
_DEFAULT_ACCOUNT = "-compute@developer.gserviceaccount.com"  # Cloud Run uses it unless a job names another

_NEEDED_ROLE = {
    "page": "storage.objects.list on the bucket (role Storage Object Viewer)",
    "stat": "storage.objects.get on the bucket (role Storage Object Viewer)",
    "read": "storage.objects.get on the bucket (role Storage Object Viewer)",
    "create": "storage.objects.create on the bucket (role Storage Object Creator)",
    "bucket_facts": "storage.buckets.get on the bucket (role Storage Legacy Bucket Reader)",
    "granted": "to use the bucket at all",
}


def entry_of(item: Mapping[str, Any]) -> Entry:
    """Return the entry of an object from its record in the API.

    Raises:
        ValueError, KeyError, TypeError: It is not a record of the API; see `understood`.
    """
    shown = item.get
    checksum, metadata = shown("crc32c"), shown("metadata") or NO_METADATA
    for text in (item["name"], item["generation"], *map(shown, _TEXTS)):
        if not isinstance(text, str | None):
            raise TypeError(type(text))
    if not item["name"] or not item["generation"] or not isinstance(metadata, Mapping):
        raise ValueError("a name, a generation or the metadata is missing")
    if metadata and not all(isinstance(value, str) for value in metadata.values()):
        raise TypeError("metadata")
    # The arguments are positional because keywords take time for each of millions of objects.
    return Entry(
        item["name"],
        int(shown("size", 0)),
        item["generation"],
        shown("contentType") or None,
        int.from_bytes(binascii.a2b_base64(checksum), "big") if checksum else None,
        _encoding(shown("contentEncoding")),
        shown("storageClass") or None,
        metadata,
    )


def _encoding(text: str | None) -> str | None:
    return "gzip" if text and text.lower() in _GZIP else text or None


def page_of(body: bytes) -> tuple[tuple[Entry, ...], str]:
    """Return the entries of a listing's page, and the token of the next page, which is empty after the last page.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: It is not a page of the API; see `understood`.
    """
    answer = json.loads(body)
    token = answer.get("nextPageToken", "")
    if not isinstance(token, str):
        raise TypeError(type(token))
    return tuple(entry_of(item) for item in answer.get("items", ())), token


def checksum_of(header: str) -> int | None:
    """Return the crc32c that an `x-goog-hash` header declares, such as `crc32c=n03x6A==,md5=…`, or None."""
    for part in header.replace(" ", "").split(","):
        if part.startswith("crc32c="):
            try:
                return int.from_bytes(base64.b64decode(part.removeprefix("crc32c="), validate=True), "big")
            except ValueError:
                return None
    return None


def facts_of(record: Mapping[str, Any]) -> BucketFacts:
    """Return the settings of a bucket from its record in the API, which leaves out what is switched off.

    Raises:
        ValueError, TypeError, AttributeError: It is not a record of the API; see `understood`.
    """
    location, location_type, storage_class = map(record.get, ("location", "locationType", "storageClass"))
    for text in (location, location_type, storage_class):
        if not isinstance(text, str | None):
            raise TypeError(type(text))
    soft_delete = record.get("softDeletePolicy", {}).get("retentionDurationSeconds")
    access = record.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {})
    return BucketFacts(
        location=location.upper() if location else None,
        location_type=location_type,
        storage_class=storage_class,
        autoclass=bool(record.get("autoclass", {}).get("enabled", False)),
        soft_delete_seconds=None if soft_delete is None else int(soft_delete),
        retention_seconds=int(record.get("retentionPolicy", {}).get("retentionPeriod", 0)),
        event_based_hold=bool(record.get("defaultEventBasedHold", False)),
        requester_pays=bool(record.get("billing", {}).get("requesterPays", False)),
        hierarchical_namespace=bool(record.get("hierarchicalNamespace", {}).get("enabled", False)),
        uniform_access=bool(access.get("enabled", False)),
    )


@contextmanager
def understood(operation: str, where: str) -> Iterator[None]:
    """Turn the exceptions for an answer that is not JSON, or not a record of an object, into TransientError."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TransientError(
            f"{one_line(where)}: the answer to the {operation} request is not from Cloud Storage "
            f"({type(error).__name__})",
            hint="check that no proxy or other server answers in place of Cloud Storage",
        ) from error


def status_error(operation: str, where: str, status: int, text: str, headers: Mapping[str, str]) -> StoreError:
    """Return the error for an answer that is not a success.

    Args:
        operation: `page`, `stat`, `read`, `create`, `bucket_facts` or `granted`.
        where: The URI of the bucket or object, for the message.
        status: The HTTP status.
        text: The answer's body, or its beginning.
        headers: The answer's headers by names in lower case; only `retry-after` is used.
    """
    where = one_line(where)
    message = f"{where}: the {operation} request failed with HTTP status {status}: {one_line(_words(text))}"
    lower = text.lower()
    if status in (429, 503) or (status == 403 and "ratelimitexceeded" in lower):
        return ThrottledError(
            message,
            retry_after=_retry_after(headers),
            hint="Cloud Storage gets too many requests: try again later, or lower --in-flight / THUMBRUN_IN_FLIGHT",
        )
    if status == 408 or status >= 500 or (status == 400 and "crc32c" in lower):
        return TransientError(
            message,
            retry_after=_retry_after(headers),
            hint="Cloud Storage has a problem at the moment: try again later",
        )
    if status == 401:
        return UnauthenticatedError(
            message,
            hint="check the credentials: they might have expired, or belong to another project; `thumbrun doctor` says "
            "whose they are",
        )
    if status == 403:
        return DeniedError(message, hint=_needed(operation, lower))
    if status == 404:
        return _not_found(operation, where, message, lower)
    if status in (409, 412) and operation == "create":
        return ExistsError(message)
    if status == 400:
        return _refused(operation, message, lower)
    return _unexpected(operation, message, lower) if status >= 400 else StoreError(message, hint=_REPORT)


def _words(text: str) -> str:
    """Return the sentence of an error in JSON (https://cloud.google.com/storage/docs/json_api/v1/status-codes).

    Any other text is returned as it is, such as a cut answer or the page of a proxy.
    """
    try:
        said = json.loads(text)["error"]["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return text
    return said if isinstance(said, str) and said.strip() else text


def _needed(operation: str, lower: str) -> str:
    """Return what to check if a request is denied, in which case Cloud Storage mostly names the account."""
    hint = f"check that the account that runs thumbrun has the permission {_NEEDED_ROLE[operation]}"
    hint += "; `thumbrun doctor` tries each permission, and shows the command that grants it"
    if _DEFAULT_ACCOUNT in lower:
        hint += "; this is the default account of a project: deploy the job with --service-account to use another"
    return hint


def _not_found(operation: str, where: str, message: str, lower: str) -> StoreError:
    """Return the error for a missing bucket, or for a missing object.

    The message for a missing object repeats its name, as in `No such object: my-bucket/a.jpg`, so a word in the
    message alone proves nothing.
    """
    bucket = "no such object" not in lower and ("bucket does not exist" in lower or "no such bucket" in lower)
    if bucket or operation in ("page", "create", "bucket_facts", "granted"):
        return BucketNotFoundError(
            f"the bucket of {where} does not exist", hint="check the bucket's name, or create the bucket"
        )
    return NotFoundError(message)


def _refused(operation: str, message: str, lower: str) -> StoreError:
    if "requester pays" in lower or "userproject" in lower:
        return StoreError(
            message,
            hint="set --user-project / THUMBRUN_USER_PROJECT to the project that pays for requests to this bucket",
        )
    if operation == "create" and "object name" in lower:
        return NameRefusedError(message)
    return _unexpected(operation, message, lower)


def _unexpected(operation: str, message: str, lower: str) -> StoreError:
    """Return the error for a request that the store calls wrong, which can be so for one object only."""
    if operation == "read":
        own = any(words in lower for words in _OWN_KEY)
        return ObjectRefusedError(message, hint="check the object, and the key with which it is encrypted", is_own=own)
    if operation == "create":
        return ObjectRefusedError(message, hint="check the bucket's holds, retention, encryption and constraints")
    return StoreError(message, hint=_REPORT)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks thumbrun to wait, from a number or a date in its header."""
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
    """Return text from a server or library as one short line without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _LONGEST_MESSAGE]).split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]}…"
