"""Cloud Storage through its JSON API, on gcloud-aio-storage: the only module that imports the storage client.

The client's session and token are used directly where its methods cannot say what is needed: a read of one
generation, raw bytes, and listings by range. It retries nothing here; `retry` does.
"""

import asyncio
import base64
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, cast
from urllib.parse import quote, urlencode

import aiohttp
import google_crc32c
from gcloud.aio.auth import Token
from gcloud.aio.storage import Storage
from yarl import URL

from thumbrun.storage.answers import checksum_of, entry_of, plain, status_error, understood
from thumbrun.storage.base import (
    PAGE_LIMIT,
    DamagedError,
    Entry,
    NotFoundError,
    Page,
    Sink,
    TransientError,
    UnauthenticatedError,
)
from thumbrun.storage.ranges import BEYOND, PART, WHOLE, ByteRange

_API = "https://storage.googleapis.com"
_SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
_ENTRY_FIELDS = "name,size,generation,contentType,crc32c,contentEncoding,storageClass,metadata"

_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 30.0  # between any two pieces of an answer
_TOTAL_SECONDS = 60.0
_SLOWEST_BYTES_A_SECOND = 256 * 1024  # below this a transfer counts as stalled, however steadily it drips
_CREDENTIALS_SECONDS = 30.0  # the client tries five times on its own, which takes up to 15 s where there are none
_LONGEST_REFUSAL = 4096  # bytes read of an answer that is no success

_NETWORK_HINT = "check the network and the emulator's address, if one is set"
_CREDENTIALS_HINT = (
    "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS, "
    "or run where a service account is attached"
)


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
        self._session: aiohttp.ClientSession | None = None
        self._client: Storage | None = None
        self._acquiring: asyncio.Task[str | None] | None = None

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
        if name in (".", "..") or name.startswith(".well-known/acme-challenge/"):
            return "a name in Cloud Storage is neither . nor .. and does not begin with .well-known/acme-challenge/"
        if not self._anonymous and ("\n" in name or "\r" in name):  # emulators take them
            return "a name in Cloud Storage has no line feed and no carriage return"
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
            answer = await self._record("page", "", self._objects_url(query))
            with understood("page", self.uri(prefix)):
                entries = tuple(entry_of(item) for item in answer.get("items", ()))
            token = answer.get("nextPageToken")
            if entries or not token:
                # The next page begins after the last name, so that a range can be shrunk while it is being listed.
                return Page(entries, resume_at=f"{entries[-1].name}\0" if token else "")
            query["pageToken"] = token  # Cloud Storage may look long without finding, and says where it is

    async def stat(self, name: str) -> Entry | None:
        """Return the live object's entry."""
        try:
            answer = await self._record("stat", name, self._object_url(name, {"fields": _ENTRY_FIELDS}))
        except NotFoundError:
            return None
        with understood("stat", self.uri(name)):
            return entry_of(answer)

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> None:
        """Read an object, as the protocol says."""
        query = {"alt": "media"} | ({"generation": generation} if generation is not None else {})
        # Without this header, what is stored compressed arrives decompressed, which no checksum covers.
        headers = {"Accept-Encoding": "gzip"}
        wanted = ByteRange(start, end)
        if not wanted.all:
            headers["Range"] = wanted.header
        sink.reset()
        received = checksum = 0
        begun = asyncio.get_running_loop().time()
        async with self._answer("read", name, self._object_url(name, query), headers=headers, raw=True) as response:
            if response.status == BEYOND:
                return
            got = response.headers.get("x-goog-generation")
            if generation is not None and got is not None and got != generation:
                raise NotFoundError(f"{self.uri(name)}: generation {generation} was asked for, {got} came")
            expected = _length(response)
            with understood("read", self.uri(name)):
                begins = wanted.begins(response.status, response.headers)
            while True:
                with self._errors("read", name):
                    async with asyncio.timeout_at(begun + _longest(max(received, expected or 0))):
                        chunk = await response.content.readany()
                if not chunk:
                    break
                checksum = google_crc32c.extend(checksum, chunk) if generation is None else 0
                sink.write(wanted.of(begins + received, chunk))
                received += len(chunk)
        if expected is not None and received != expected:
            raise TransientError(f"{self.uri(name)}: {received} bytes came of {expected}", hint=_NETWORK_HINT)
        # Who asks for a generation knows its checksum from the listing, and tells a damaged object from a damaged read.
        told = response.headers.get("x-goog-hash", "") if generation is None and response.status == WHOLE else ""
        declared = checksum_of(told)
        if declared is not None and declared != checksum:
            raise TransientError(
                f"{self.uri(name)}: crc32c {checksum:08x} came, {declared:08x} is stored", hint=_NETWORK_HINT
            )

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
        # Never empty: only with such a resource does the client send a multipart upload, the one kind for which
        # fake-gcs-server honours the precondition.
        resource: dict[str, Any] = {
            "crc32c": base64.b64encode(checksum.to_bytes(4, "big")).decode(),
            "metadata": dict(metadata),
        }
        if cache_control:
            resource["cacheControl"] = cache_control
        await self._credentials()  # so that the client finds them at hand
        with self._errors("create", name), understood("create", self.uri(name)):
            answer = await self._storage().upload(
                self._bucket,
                name,
                body,
                content_type=content_type,
                parameters={"ifGenerationMatch": "0"} | self._payer(),
                metadata=resource,
                force_resumable_upload=False,
                timeout=cast("int", _timeout(_longest(len(body)))),  # the client passes it on to aiohttp as it is
            )
            entry = entry_of(answer)
        if entry.size != len(body) or entry.crc32c not in (None, checksum):
            raise DamagedError(f"{self.uri(name)}: sent {len(body)} bytes with crc32c {checksum:08x}, stored {entry}")
        return entry

    async def close(self) -> None:
        """Close all connections."""
        acquiring, self._acquiring = self._acquiring, None
        if acquiring is not None and not acquiring.done():
            acquiring.cancel()
            with suppress(asyncio.CancelledError):
                await acquiring
        session, self._session, self._client = self._session, None, None
        if session is not None:
            await session.close()

    def _storage(self) -> Storage:
        """Return the client, made within the running event loop."""
        if self._client is None:
            if self._session is None:
                context = False if self._root.startswith("http://") else ssl.create_default_context()
                connector = aiohttp.TCPConnector(limit=self._connections, ssl=context)
                self._session = aiohttp.ClientSession(connector=connector)
            token = cast("Token", _NoToken()) if self._anonymous else self._token(self._session)
            self._client = Storage(session=self._session, token=token, api_root=self._root, api_is_dev=self._anonymous)
        return self._client

    @staticmethod
    def _token(session: aiohttp.ClientSession) -> Token:
        try:
            return Token(scopes=_SCOPES, session=session)
        except Exception as error:
            raise _no_credentials(error) from error

    async def _record(self, operation: str, name: str, url: URL) -> dict[str, Any]:
        """Return the JSON object that a URL is answered with."""
        async with self._answer(operation, name, url) as response:
            with self._errors(operation, name), understood(operation, self.uri(name)):
                async with asyncio.timeout(_TOTAL_SECONDS):
                    answer = await response.json(content_type=None)
                if not isinstance(answer, dict):
                    raise TypeError(type(answer))
                return answer

    @asynccontextmanager
    async def _answer(
        self, operation: str, name: str, url: URL, *, headers: Mapping[str, str] | None = None, raw: bool = False
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the answer to a GET once it is known to be a success; the block's own errors pass as they are.

        With `raw` its body is not decompressed. Redirects are not followed: the API has none, a network's login page
        is one.
        """
        credentials = await self._credentials()
        with self._errors(operation, name):
            async with asyncio.timeout(_TOTAL_SECONDS):
                response = await self._storage().session.session.get(
                    url,
                    headers={**(headers or {}), **credentials},
                    timeout=_timeout(None),
                    allow_redirects=False,
                    auto_decompress=not raw,
                )
                ranged = headers is not None and "Range" in headers
                if response.status != WHOLE and not (ranged and response.status in (PART, BEYOND)):
                    async with response:
                        text = await _beginning(response)
                    raise status_error(operation, self.uri(name), response.status, text, response.headers)
        async with response:
            yield response

    async def _credentials(self) -> dict[str, str]:
        """Return the header that says who asks.

        Raises:
            UnauthenticatedError: There are none.
            TransientError: They could not be renewed, though they were had before.
        """
        if self._anonymous:
            return {}
        token = self._storage().token
        known = bool(token.access_token)
        try:
            if known and time.time() <= token.access_token_refresh_after:
                value = await token.get()  # at hand; renewed in the background where it is about to expire
            else:
                # All requests wait for one task of the client, which would be cancelled with any one of them.
                if self._acquiring is None or self._acquiring.done():
                    self._acquiring = asyncio.ensure_future(token.get())
                async with asyncio.timeout(_CREDENTIALS_SECONDS):
                    value = await asyncio.shield(self._acquiring)
        except Exception as error:
            refused = isinstance(error, aiohttp.ClientResponseError) and 400 <= error.status < 500
            if known and not refused:
                raise TransientError(
                    f"credentials could not be renewed: {type(error).__name__} {plain(str(error))}", hint=_NETWORK_HINT
                ) from error
            raise _no_credentials(error) from error
        return {"Authorization": f"Bearer {value}"}

    @contextmanager
    def _errors(self, operation: str, name: str) -> Iterator[None]:
        """Turn whatever the network and the client raise into the store's errors."""
        try:
            yield
        except aiohttp.ClientResponseError as error:
            raise status_error(operation, self.uri(name), error.status, error.message, error.headers or {}) from None
        except TimeoutError as error:
            raise TransientError(f"{plain(self.uri(name))}: {operation} took too long", hint=_NETWORK_HINT) from error
        except (aiohttp.ClientError, OSError) as error:
            raise TransientError(
                f"{plain(self.uri(name))}: {operation} broke off: {type(error).__name__} {plain(str(error))}",
                hint=_NETWORK_HINT,
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


class _NoToken:
    """Stands where the client expects credentials that an emulator does not want."""


def _longest(size: int) -> float:
    """Return the seconds that a request may take which moves `size` bytes."""
    return _TOTAL_SECONDS + size / _SLOWEST_BYTES_A_SECOND


def _timeout(total: float | None) -> aiohttp.ClientTimeout:
    """Return a request's limits; without `total`, whoever reads its answer sees to that."""
    return aiohttp.ClientTimeout(total=total, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS)


def _length(response: aiohttp.ClientResponse) -> int | None:
    """Return how many bytes the body has, or None where neither header tells."""
    stored = response.headers.get("x-goog-stored-content-length", "")
    if response.content_length is not None or response.status != WHOLE:
        return response.content_length
    return int(stored) if stored.isdecimal() else None


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """Return what an answer that is no success says, up to a bound."""
    body = b""
    while len(body) < _LONGEST_REFUSAL and (chunk := await response.content.readany()):
        body += chunk
    return body[:_LONGEST_REFUSAL].decode("utf-8", "replace")


def _no_credentials(error: Exception) -> UnauthenticatedError:
    return UnauthenticatedError(
        f"no credentials for Cloud Storage: {type(error).__name__} {plain(str(error))}", hint=_CREDENTIALS_HINT
    )
