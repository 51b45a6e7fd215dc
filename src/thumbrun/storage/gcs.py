"""Cloud Storage through its JSON API, on gcloud-aio-storage: the only module that imports the storage client.

The client's session and token are used directly where its methods cannot say what is needed: a read of one
generation, raw bytes, and listings by range. It retries nothing here; `retry` does.
"""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import quote, urlencode

import aiohttp
import google_crc32c
from gcloud.aio.auth import Token
from gcloud.aio.storage import Storage
from yarl import URL

from thumbrun.storage.base import (
    PAGE_LIMIT,
    BucketNotFoundError,
    DamagedError,
    DeniedError,
    Entry,
    ExistsError,
    NotFoundError,
    Page,
    Sink,
    StoreError,
    ThrottledError,
    TransientError,
    UnauthenticatedError,
)

_API = "https://storage.googleapis.com"
_SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
_ENTRY_FIELDS = "name,size,generation,contentType,crc32c,contentEncoding,storageClass,metadata"
_CHUNK = 1 << 18

_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 30.0  # between any two pieces of an answer
_TOTAL_SECONDS = 60.0
_SLOWEST_BYTES_A_SECOND = 256 * 1024  # below this a transfer counts as stalled, however steadily it drips
_LONGEST_MESSAGE = 300

_NEEDED_ROLE = {
    "page": "storage.objects.list on the bucket (role Storage Object Viewer)",
    "stat": "storage.objects.get on the bucket (role Storage Object Viewer)",
    "read": "storage.objects.get on the bucket (role Storage Object Viewer)",
    "create": "storage.objects.create on the bucket (role Storage Object Creator)",
}


class GcsStore:
    """One bucket of Cloud Storage, or of an emulator of it."""

    def __init__(
        self, bucket: str, *, emulator: str | None = None, user_project: str | None = None, connections: int = 64
    ) -> None:
        """Prepare; nothing is asked of the network yet.

        Args:
            bucket: Its name.
            emulator: `host:port` or `http://host:port` of an emulator, used without credentials; None for the
                real service with Google's default credentials.
            user_project: The project that pays for requests, for requester-pays buckets.
            connections: At most so many at once.
        """
        self._bucket = bucket
        self._user_project = user_project
        self._connections = connections
        self._anonymous = emulator is not None
        root = emulator or _API
        self._root = (root if "://" in root else f"http://{root}").rstrip("/")
        self._client: Storage | None = None
        self._session: aiohttp.ClientSession | None = None

    def uri(self, name: str) -> str:
        """Return the raw URI of a name."""
        return f"gs://{self._bucket}/{name}"

    def name_problem(self, name: str) -> str | None:
        """Say why a name cannot be held (https://cloud.google.com/storage/docs/objects#naming)."""
        try:
            size = len(name.encode())
        except UnicodeEncodeError:
            return "a name in Cloud Storage is valid Unicode"
        if not 1 <= size <= 1024:
            return f"a name in Cloud Storage has 1 to 1,024 bytes of UTF-8, this one {size:,}"
        return None

    async def page(self, prefix: str, *, start: str = "", end: str = "", limit: int = PAGE_LIMIT) -> Page:
        """List objects, as the protocol says."""
        query = {
            "prefix": prefix,
            "maxResults": str(min(limit, PAGE_LIMIT)),
            "fields": f"nextPageToken,items({_ENTRY_FIELDS})",
        }
        if start > prefix:
            query["startOffset"] = start
        if end:
            query["endOffset"] = end
        while True:
            async with self._request("page", "GET", self._objects_url(query)) as response:
                answer = await _json(response)
            entries = tuple(_entry(item) for item in answer.get("items", ()))
            token = answer.get("nextPageToken")
            if entries or not token:
                # The next page begins after the last name, so that a range can be shrunk while it is being listed.
                return Page(entries, resume_at=f"{entries[-1].name}\0" if token else "")
            query["pageToken"] = token

    async def stat(self, name: str) -> Entry | None:
        """Return the live object's entry."""
        try:
            async with self._request("stat", "GET", self._object_url(name, {"fields": _ENTRY_FIELDS})) as response:
                return _entry(await _json(response))
        except NotFoundError:
            return None

    async def read(self, name: str, sink: Sink, *, generation: str | None = None) -> None:
        """Read an object, as the protocol says."""
        query = {"alt": "media"} | ({"generation": generation} if generation is not None else {})
        # Without this header, what is stored compressed arrives decompressed, which no checksum covers.
        headers = {"Accept-Encoding": "gzip"}
        sink.reset()
        received = 0
        async with self._request("read", "GET", self._object_url(name, query), headers=headers) as response:
            got = response.headers.get("x-goog-generation")
            if generation is not None and got is not None and got != generation:
                raise NotFoundError(f"{self.uri(name)}: generation {generation} was asked for, {got} came")
            async with asyncio.timeout(_TOTAL_SECONDS + (response.content_length or 0) / _SLOWEST_BYTES_A_SECOND):
                async for chunk in response.content.iter_chunked(_CHUNK):
                    received += len(chunk)
                    sink.write(chunk)
            if response.content_length is not None and received != response.content_length:
                raise TransientError(f"{self.uri(name)}: {received} bytes came of {response.content_length}")

    async def create(
        self,
        name: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        cache_control: str | None = None,
    ) -> Entry:
        """Create an object, as the protocol says."""
        checksum = google_crc32c.value(body)
        resource: dict[str, Any] = {
            "crc32c": base64.b64encode(checksum.to_bytes(4, "big")).decode(),
            "metadata": dict(metadata),
        }
        if cache_control:
            resource["cacheControl"] = cache_control
        query = {"ifGenerationMatch": "0"} | self._payer()
        async with self._errors("create"):
            answer = await self._storage().upload(
                self._bucket,
                name,
                body,
                content_type=content_type,
                parameters=query,
                metadata=resource,
                force_resumable_upload=False,
                timeout=cast("int", _timeout(len(body))),  # the client passes it on to aiohttp as it is
            )
        entry = _entry(answer)
        if entry.size != len(body) or entry.crc32c not in (None, checksum):
            raise DamagedError(f"{self.uri(name)}: sent {len(body)} bytes with crc32c {checksum:08x}, stored {entry}")
        return entry

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            session, self._session, self._client = self._session, None, None
            await session.close()

    def _storage(self) -> Storage:
        """Return the client, made within the running event loop."""
        if self._client is None:
            context = False if self._root.startswith("http://") else ssl.create_default_context()
            connector = aiohttp.TCPConnector(limit=self._connections, ssl=context)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
            token = cast("Token", _NoToken()) if self._anonymous else self._token(self._session)
            self._client = Storage(session=self._session, token=token, api_root=self._root, api_is_dev=self._anonymous)
        return self._client

    @staticmethod
    def _token(session: aiohttp.ClientSession) -> Token:
        try:
            return Token(scopes=_SCOPES, session=session)
        except Exception as error:
            raise _no_credentials(error) from error

    @asynccontextmanager
    async def _request(
        self, operation: str, method: str, url: URL, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        client = self._storage()
        async with self._errors(operation):
            credentials = await self._credentials(client)
            async with client.session.session.request(
                method, url, headers={**(headers or {}), **credentials}, timeout=_timeout(None)
            ) as response:
                if response.status >= 400:
                    body = await response.content.read(4096)
                    raise _status_error(
                        operation, self.uri(""), response.status, body.decode("utf-8", "replace"), response.headers
                    )
                yield response

    async def _credentials(self, client: Storage) -> dict[str, str]:
        if self._anonymous:
            return {}
        try:
            return {"Authorization": f"Bearer {await client.token.get()}"}
        except Exception as error:
            raise _no_credentials(error) from error

    @asynccontextmanager
    async def _errors(self, operation: str) -> AsyncIterator[None]:
        """Turn whatever the network and the client raise into the store's errors."""
        try:
            yield
        except aiohttp.ClientResponseError as error:
            raise _status_error(operation, self.uri(""), error.status, error.message, error.headers or {}) from None
        except TimeoutError as error:
            raise TransientError(f"{self.uri('')}: {operation} took too long", hint=_NETWORK_HINT) from error
        except (aiohttp.ClientError, OSError) as error:
            raise TransientError(
                f"{self.uri('')}: {operation} broke off: {type(error).__name__} {error}", hint=_NETWORK_HINT
            ) from error

    def _payer(self) -> dict[str, str]:
        return {"userProject": self._user_project} if self._user_project else {}

    def _objects_url(self, query: Mapping[str, str]) -> URL:
        return self._url(f"{self._root}/storage/v1/b/{quote(self._bucket, safe='')}/o", query)

    def _object_url(self, name: str, query: Mapping[str, str]) -> URL:
        return self._url(f"{self._root}/storage/v1/b/{quote(self._bucket, safe='')}/o/{quote(name, safe='')}", query)

    def _url(self, path: str, query: Mapping[str, str]) -> URL:
        # Encoded here and left as it is: names hold %, #, ? and newlines.
        return URL(f"{path}?{urlencode({**query, **self._payer()})}", encoded=True)


_NETWORK_HINT = "check the network and the emulator's address, if one is set"


class _NoToken:
    """Stands where the client expects credentials that an emulator does not want."""


def _timeout(size: int | None) -> aiohttp.ClientTimeout:
    """Return the limits of a request that sends `size` bytes, or receives as many as its answer will say."""
    return aiohttp.ClientTimeout(
        total=None if size is None else _TOTAL_SECONDS + size / _SLOWEST_BYTES_A_SECOND,
        sock_connect=_CONNECT_SECONDS,
        sock_read=_SILENCE_SECONDS,
    )


async def _json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = await response.json(content_type=None)
    except ValueError as error:
        raise TransientError(f"{response.url.host} answered something that is no JSON: {error}") from error
    return answer


def _entry(item: Mapping[str, Any]) -> Entry:
    checksum = item.get("crc32c")
    return Entry(
        name=item["name"],
        size=int(item.get("size", 0)),
        generation=str(item["generation"]),
        content_type=item.get("contentType") or None,
        crc32c=int.from_bytes(base64.b64decode(checksum), "big") if checksum else None,
        content_encoding=item.get("contentEncoding") or None,
        storage_class=item.get("storageClass") or None,
        metadata=item.get("metadata") or {},
    )


def _no_credentials(error: Exception) -> UnauthenticatedError:
    return UnauthenticatedError(
        f"no credentials for Cloud Storage: {type(error).__name__} {_plain(str(error))}",
        hint="run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS, "
        "or run where a service account is attached",
    )


def _status_error(operation: str, where: str, status: int, text: str, headers: Mapping[str, str]) -> StoreError:
    """Return the error for an answer of 400 or more."""
    message = f"{where}: {operation} was answered with {status}: {_plain(text)}"
    if status in (429, 503):
        return ThrottledError(message, retry_after=_retry_after(headers), hint="the store is overloaded: try later")
    if status == 408 or status >= 500 or (status == 400 and "crc32c" in text.lower()):
        return TransientError(message, retry_after=_retry_after(headers), hint="the store is failing: try later")
    if status == 401:
        return UnauthenticatedError(message, hint="check the credentials: they are expired or of another project")
    if status == 403:
        return DeniedError(message, hint=f"check that the account has {_NEEDED_ROLE[operation]}")
    if status == 404 and (operation in ("page", "create") or "bucket" in text.lower()):
        return BucketNotFoundError(f"there is no bucket {where}", hint="check the bucket's name and project")
    if status == 404:
        return NotFoundError(message)
    if status in (409, 412):
        return ExistsError(message)
    return StoreError(message, hint="this is not expected: please report it")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait: a number, or a moment."""
    value = headers.get("Retry-After")
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


def _plain(text: str) -> str:
    """Return text from outside as one short line without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]}…"
