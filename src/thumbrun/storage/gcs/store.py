"""The store for Cloud Storage, through its JSON API.

It sends six kinds of requests: for a page of a listing, for an object's record, for the bytes of one generation, a
multipart upload that creates an object, for the bucket's record, and for the permissions that the account has. It
retries nothing; `retry` does.
"""

import base64
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from crc32c import crc32c

from thumbrun.storage.base import (
    PAGE_LIMIT,
    Chunk,
    DamagedError,
    DeniedError,
    Entry,
    NotFoundError,
    Page,
    Sink,
    TransientError,
)
from thumbrun.storage.bucket_facts import UNKNOWN, BucketFacts
from thumbrun.storage.gcs.byte_ranges import BEYOND, PART, WHOLE, ByteRange
from thumbrun.storage.gcs.connection import Answer, HttpError, Limits, Take
from thumbrun.storage.gcs.credentials import Credentials
from thumbrun.storage.gcs.http import HttpClient
from thumbrun.storage.gcs.network_error import EMULATOR_SETTING, ENDPOINT_SETTING, network_error
from thumbrun.storage.gcs.offsets import Offsets
from thumbrun.storage.gcs.proxy import proxy_for
from thumbrun.storage.gcs.responses import (
    BUCKET_FIELDS,
    NETWORK_HINT,
    checksum_of,
    entry_of,
    facts_of,
    one_line,
    page_of,
    status_error,
    understood,
)

_API = "https://storage.googleapis.com"
_ENTRY_FIELDS = "name,size,generation,contentType,crc32c,contentEncoding,storageClass,metadata"

# A request that moves fewer bytes in this time counts as stalled. A thousand requests can share a line of 1 Mbit/s,
# and each still moves more.
_SILENCE_SECONDS = 30.0
_LEAST_BYTES = 1024
_MOST_EMPTY_PAGES = 1000  # in a row; Cloud Storage can send some of them where many objects were deleted
_LONGEST_REFUSAL = 4096  # bytes that are used of an answer that is not a success

_NONE: Mapping[str, str] = {}


def api_root(emulator: str | None, endpoint: str | None) -> str:
    """Return the address of the API, without a path: that of an emulator, of an endpoint, or the public one."""
    root = emulator or endpoint or _API
    return (root if "://" in root else f"http://{root}").rstrip("/")


class GcsStore:
    """One bucket of Cloud Storage, or of an emulator of it."""

    def __init__(
        self,
        bucket: str,
        *,
        emulator: str | None = None,
        endpoint: str | None = None,
        user_project: str | None = None,
    ) -> None:
        """Set up the store; no request is sent yet.

        Args:
            bucket: The name of the bucket.
            emulator: `host:port` or `http://host:port` of an emulator, used without credentials; None for the
                real service with Google's default credentials.
            endpoint: `https://host[:port]` of the real service; None for its public address.
            user_project: The project that pays for requests, for requester-pays buckets.
        """
        self._bucket = bucket
        self._anonymous = emulator is not None
        self._root = api_root(emulator, endpoint)
        self._client = HttpClient(self._root, None if self._anonymous else proxy_for(self._root))
        self._credentials: Credentials | None = None
        self._boundary = secrets.token_hex(
            16
        )  # divides an upload's parts; the chance is 1 in 2^128 that a body holds it
        payer = urlencode({"userProject": user_project}) if user_project else ""
        self._payer = f"&{payer}" if payer else ""
        bucket = quote(bucket, safe="")
        self._bucket_path = f"/storage/v1/b/{bucket}"
        self._objects = f"/storage/v1/b/{bucket}/o"
        query = f"?uploadType=multipart&ifGenerationMatch=0&fields={quote(_ENTRY_FIELDS)}{self._payer}"
        self._uploads = f"/upload/storage/v1/b/{bucket}/o{query}"

    def uri(self, name: str) -> str:
        """Return the raw URI of a name."""
        return f"gs://{self._bucket}/{name}"

    def name_problem(self, name: str) -> str | None:
        """Return why the bucket cannot hold a name (https://cloud.google.com/storage/docs/objects#naming)."""
        try:
            size = len(name.encode())
        except UnicodeEncodeError:
            return "a name in Cloud Storage must be valid Unicode"
        if not 1 <= size <= 1024:
            return f"a name in Cloud Storage must have 1 to 1,024 bytes of UTF-8, and this one has {size:,}"
        if name in (".", "..") or name.startswith(".well-known/acme-challenge/"):
            return "a name in Cloud Storage must not be . or .. and must not begin with .well-known/acme-challenge/"
        if not self._anonymous and ("\n" in name or "\r" in name):  # emulators accept them
            return "a name in Cloud Storage must not contain a line feed or a carriage return"
        return None

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List objects, as `Store` promises."""
        offsets = Offsets(prefix, start, end)
        query = {
            "prefix": prefix,
            "maxResults": str(min(limit + offsets.more, PAGE_LIMIT)),
            "fields": f"nextPageToken,items({_ENTRY_FIELDS})",
            "prettyPrint": "false",  # the default indents every line
            **offsets.query,
        }
        for _ in range(_MOST_EMPTY_PAGES):
            target = f"{self._objects}?{urlencode(query)}{self._payer}"
            answer = await self._answer("page", "", "GET", target)
            with understood("page", self.uri(prefix)):
                listed, token = page_of(answer.body)
                _check_order(listed, offsets.first)
            entries, more = offsets.fitting(listed, limit, more=bool(token))
            if entries or not more:
                # The next page begins after the last name, so that a range can be shortened while it is being listed.
                return Page(entries, resume_at=f"{entries[-1].name}\0" if more else "")
            query["pageToken"] = token  # an empty page with a token is not the end of the listing
        raise TransientError(
            f"{one_line(self.uri(prefix))}: {_MOST_EMPTY_PAGES:,} pages of the listing in a row are empty, and each "
            "names another one",
            hint="check that no proxy or other server answers in place of Cloud Storage",
        )

    async def stat(self, name: str) -> Entry | None:
        """Return the live object's entry, or None."""
        try:
            answer = await self._record("stat", name, "GET", self._object(name, f"fields={quote(_ENTRY_FIELDS)}"))
        except NotFoundError:
            return None
        with understood("stat", self.uri(name)):
            return entry_of(answer)

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> int | None:
        """Read an object, as `Store` promises."""
        pinned = "" if generation is None else f"&generation={quote(generation)}"
        # Without this header Cloud Storage decompresses what it stores compressed, and no checksum covers those bytes.
        headers = {"Accept-Encoding": "gzip"}
        wanted = ByteRange(start, end)
        if not wanted.all:
            headers["Range"] = wanted.header
        sink.reset()
        checksum = at = 0

        def take(chunk: Chunk) -> bool:
            nonlocal checksum, at
            checksum = crc32c(chunk, checksum) if generation is None else 0
            sink.write(wanted.of(at, chunk))
            at += len(chunk)
            return not wanted.is_behind(at)  # a server that ignores ranges might never end

        def taker(status: int, headers: Mapping[str, str]) -> Take | None:
            nonlocal at
            if status not in (WHOLE, PART):
                return None
            got = headers.get("x-goog-generation")
            if generation is not None and got is not None and got != generation:
                raise NotFoundError(f"{self.uri(name)}: thumbrun asked for generation {generation} and got {got}")
            with understood("read", self.uri(name)):
                at = wanted.begins(status, headers)
            return take

        target = self._object(name, f"alt=media{pinned}")
        answer = await self._answer("read", name, "GET", target, headers=headers, taker=taker)
        stored = answer.headers.get("x-goog-stored-content-length", "")
        whole = answer.status == WHOLE and not wanted.is_behind(at)
        if whole and "content-length" not in answer.headers and stored.isdecimal() and int(stored) != answer.received:
            raise TransientError(f"{self.uri(name)}: {answer.received} of {stored} bytes arrived", hint=NETWORK_HINT)
        declared = checksum_of(answer.headers.get("x-goog-hash", ""))
        # A caller that asks for a generation checks the bytes itself: it can tell a damaged object from a damaged read.
        if generation is None and whole and declared is not None and declared != checksum:
            raise TransientError(
                f"{self.uri(name)}: the bytes were damaged on the way: their crc32c is {checksum:08x}, "
                f"but Cloud Storage states {declared:08x}",
                hint=NETWORK_HINT,
            )
        return declared

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create an object, as `Store` promises."""
        checksum = crc32c(body)
        resource: dict[str, Any] = {
            "name": name,
            "contentType": content_type,
            "crc32c": base64.b64encode(checksum.to_bytes(4, "big")).decode(),
            "metadata": dict(metadata),
        }
        if cache_control:
            resource["cacheControl"] = cache_control
        answer = await self._record(
            "create",
            name,
            "POST",
            self._uploads,
            headers={"Content-Type": f"multipart/related; boundary={self._boundary}"},
            body=self._parts(resource, content_type, body),
        )
        with understood("create", self.uri(name)):
            entry = entry_of(answer)
        if entry.size != len(body) or entry.crc32c not in (None, checksum):
            raise DamagedError(
                f"{self.uri(name)}: thumbrun sent {len(body)} bytes with crc32c {checksum:08x}, "
                f"but Cloud Storage stored {entry}"
            )
        return entry

    async def bucket_facts(self) -> BucketFacts:
        """Return the settings of the bucket, as `Store` promises."""
        try:
            target = f"{self._bucket_path}?fields={quote(BUCKET_FIELDS)}{self._payer}"
            answer = await self._record("bucket_facts", "", "GET", target)
        except DeniedError:
            return UNKNOWN
        with understood("bucket_facts", self.uri("")):
            return facts_of(answer)

    async def granted(self, permissions: Sequence[str]) -> frozenset[str]:
        """Return which of some permissions on the bucket this account has, by the store's own word.

        Asking needs no permission (https://cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions). A
        permission that holds only below some prefix is not among them. No emulator has this request.

        Args:
            permissions: Names such as `storage.objects.get`.

        Raises:
            BucketNotFoundError: The bucket does not exist, or the server does not know this request.
        """
        query = urlencode({"permissions": permissions}, doseq=True)
        target = f"{self._bucket_path}/iam/testPermissions?{query}{self._payer}"
        answer = await self._record("granted", "", "GET", target)
        with understood("granted", self.uri("")):
            return frozenset(answer.get("permissions", ())).intersection(permissions)

    async def close(self) -> None:
        """Close all connections."""
        credentials, self._credentials = self._credentials, None
        if credentials is not None:
            await credentials.close()
        await self._client.close()

    def _parts(self, resource: Mapping[str, Any], content_type: str, body: bytes) -> bytes:
        """Return an upload's body (https://cloud.google.com/storage/docs/uploading-objects, multipart uploads)."""
        head = (
            f"--{self._boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(resource)}\r\n"
            f"--{self._boundary}\r\nContent-Type: {content_type}\r\n\r\n"
        )
        return b"".join((head.encode(), body, f"\r\n--{self._boundary}--\r\n".encode()))

    async def _who(self) -> dict[str, str]:
        """Return the header that authenticates a request, or no header for an emulator."""
        if self._anonymous:
            return {}
        if self._credentials is None:
            self._credentials = Credentials()
        return await self._credentials.header()

    async def _record(
        self,
        operation: str,
        name: str,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] = _NONE,
        body: bytes = b"",
    ) -> dict[str, Any]:
        """Send a request and return the JSON object of its answer."""
        answer = await self._answer(operation, name, method, target, headers=headers, body=body)
        with understood(operation, self.uri(name)):
            record = json.loads(answer.body)
            if not isinstance(record, dict):
                raise TypeError(type(record))
            return record

    async def _answer(
        self,
        operation: str,
        name: str,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] = _NONE,
        body: bytes = b"",
        taker: Callable[[int, Mapping[str, str]], Take | None] | None = None,
    ) -> Answer:
        """Send a request and return its answer if that is a success; a redirect is none, as the API never sends one."""
        limits = Limits(_SILENCE_SECONDS, _LEAST_BYTES)
        who = await self._who()
        try:
            answer = await self._client.request(
                method, target, limits, headers={**headers, **who}, body=body, taker=taker
            )
            # Tokens can end before their time, as when a clock is wrong or an account's keys change.
            if answer.status == 401 and self._credentials is not None:
                who = await self._credentials.renewed(who)
                answer = await self._client.request(
                    method, target, limits, headers={**headers, **who}, body=body, taker=taker
                )
        except HttpError as error:
            setting = EMULATOR_SETTING if self._anonymous else ENDPOINT_SETTING
            raise network_error(operation, self.uri(name), error, setting) from error
        if answer.status != WHOLE and not ("Range" in headers and answer.status in (PART, BEYOND)):
            text = answer.body[:_LONGEST_REFUSAL].decode("utf-8", "replace")
            raise status_error(operation, self.uri(name), answer.status, text, answer.headers)
        return answer

    def _object(self, name: str, query: str) -> str:
        return f"{self._objects}/{quote(name, safe='')}?{query}{self._payer}"


def _check_order(entries: Sequence[Entry], start: str) -> None:
    """Check that names ascend from `start` on, without which a listing might never end.

    Raises:
        ValueError: They do not.
    """
    before = ""
    for entry in entries:
        if entry.name < start or entry.name <= before:
            raise ValueError("the names are not in order")
        before = entry.name
