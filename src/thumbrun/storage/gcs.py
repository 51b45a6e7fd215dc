"""Cloud Storage through its JSON API, on aiohttp.

Every request is one of four that are written out here: a page of a listing by range, an object's record, the bytes of
one generation, and a multipart upload that creates. It retries nothing; `retry` does.
"""

import asyncio
import base64
import io
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import google_crc32c
from yarl import URL

from thumbrun.storage.answers import NETWORK_HINT, checksum_of, entry_of, plain, status_error, understood
from thumbrun.storage.base import (
    PAGE_LIMIT,
    DamagedError,
    Entry,
    NotFoundError,
    Page,
    Sink,
    TransientError,
)
from thumbrun.storage.credentials import Credentials

_API = "https://storage.googleapis.com"
_ENTRY_FIELDS = "name,size,generation,contentType,crc32c,contentEncoding,storageClass,metadata"

_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 30.0  # between any two pieces of an answer
_TOTAL_SECONDS = 60.0
_SLOWEST_BYTES_A_SECOND = 256 * 1024  # below this a transfer counts as stalled, however steadily it drips
_MUCH = 1 << 20
_LONGEST_REFUSAL = 4096  # bytes read of an answer that is no success

# What one request may take in all, whoever makes it sees to.
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS)


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
        self._connections = connections
        self._anonymous = emulator is not None
        root = emulator or _API
        self._root = (root if "://" in root else f"http://{root}").rstrip("/")
        self._session: aiohttp.ClientSession | None = None
        self._credentials: Credentials | None = None
        self._boundary = secrets.token_hex(16)  # of the parts of an upload; in no body, but for one chance in 2^128
        payer = urlencode({"userProject": user_project}) if user_project else ""
        self._payer = f"&{payer}" if payer else ""
        bucket = quote(bucket, safe="")
        self._objects = f"{self._root}/storage/v1/b/{bucket}/o"
        query = f"?uploadType=multipart&ifGenerationMatch=0&fields={quote(_ENTRY_FIELDS)}{self._payer}"
        self._uploads = URL(f"{self._root}/upload/storage/v1/b/{bucket}/o{query}", encoded=True)

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
            answer = await self._record("page", "", "GET", self._url(f"{self._objects}?{urlencode(query)}"))
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
            answer = await self._record("stat", name, "GET", self._object_url(name, f"fields={quote(_ENTRY_FIELDS)}"))
        except NotFoundError:
            return None
        with understood("stat", self.uri(name)):
            return entry_of(answer)

    async def read(self, name: str, sink: Sink, *, generation: str | None = None) -> None:
        """Read an object, as the protocol says."""
        pinned = "" if generation is None else f"&generation={quote(generation)}"
        # Without this header, what is stored compressed arrives decompressed, which no checksum covers.
        headers = {"Accept-Encoding": "gzip"}
        sink.reset()
        received = checksum = 0
        begun = asyncio.get_running_loop().time()
        url = self._object_url(name, f"alt=media{pinned}")
        async with self._answer("read", name, "GET", url, headers=headers, raw=True) as response:
            got = response.headers.get("x-goog-generation")
            if generation is not None and got is not None and got != generation:
                raise NotFoundError(f"{self.uri(name)}: generation {generation} was asked for, {got} came")
            expected = _length(response)
            while not response.content.at_eof():
                with self._errors("read", name):
                    async with asyncio.timeout_at(begun + _longest(max(received, expected or 0))):
                        chunk = await response.content.readany()
                received += len(chunk)
                checksum = google_crc32c.extend(checksum, chunk) if generation is None else 0
                sink.write(chunk)
        if expected is not None and received != expected:
            raise TransientError(f"{self.uri(name)}: {received} bytes came of {expected}", hint=NETWORK_HINT)
        # Who asks for a generation knows its checksum from the listing, and tells a damaged object from a damaged read.
        declared = checksum_of(response.headers.get("x-goog-hash", "")) if generation is None else None
        if declared is not None and declared != checksum:
            raise TransientError(
                f"{self.uri(name)}: crc32c {checksum:08x} came, {declared:08x} is stored", hint=NETWORK_HINT
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
            data=self._parts(resource, content_type, body),
            seconds=_longest(len(body)),
        )
        with understood("create", self.uri(name)):
            entry = entry_of(answer)
        if entry.size != len(body) or entry.crc32c not in (None, checksum):
            raise DamagedError(f"{self.uri(name)}: sent {len(body)} bytes with crc32c {checksum:08x}, stored {entry}")
        return entry

    async def close(self) -> None:
        """Close all connections."""
        credentials, self._credentials = self._credentials, None
        if credentials is not None:
            await credentials.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _parts(self, resource: Mapping[str, Any], content_type: str, body: bytes) -> bytes:
        """Return an upload's body (https://cloud.google.com/storage/docs/uploading-objects, multipart uploads)."""
        head = (
            f"--{self._boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(resource)}\r\n"
            f"--{self._boundary}\r\nContent-Type: {content_type}\r\n\r\n"
        )
        return b"".join((head.encode(), body, f"\r\n--{self._boundary}--\r\n".encode()))

    def _opened(self) -> aiohttp.ClientSession:
        """Return the session, made within the running event loop."""
        if self._session is None:
            context = False if self._root.startswith("http://") else ssl.create_default_context()
            connector = aiohttp.TCPConnector(limit=self._connections, ssl=context)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=_TIMEOUT
            )
        return self._session

    async def _who(self) -> dict[str, str]:
        """Return the header that says who asks, none for an emulator."""
        if self._anonymous:
            return {}
        if self._credentials is None:
            self._credentials = Credentials(self._opened())
        return await self._credentials.header()

    async def _record(
        self,
        operation: str,
        name: str,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        seconds: float = _TOTAL_SECONDS,
    ) -> dict[str, Any]:
        """Return the JSON object that a request is answered with."""
        async with self._answer(operation, name, method, url, headers=headers, data=data, seconds=seconds) as response:
            with self._errors(operation, name), understood(operation, self.uri(name)):
                async with asyncio.timeout(_TOTAL_SECONDS):
                    answer = json.loads(await response.read())
                if not isinstance(answer, dict):
                    raise TypeError(type(answer))
                return answer

    @asynccontextmanager
    async def _answer(
        self,
        operation: str,
        name: str,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        seconds: float = _TOTAL_SECONDS,
        raw: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the answer to a request once it is known to be a success; the block's own errors pass as they are.

        With `raw` its body is not decompressed. Redirects are not followed: the API has none, a network's login page
        is one.
        """
        credentials = await self._who()
        with self._errors(operation, name):
            async with asyncio.timeout(seconds):
                response = await self._opened().request(
                    method,
                    url,
                    # aiohttp warns of more than 1 MiB at once, which no thumbnail and hardly a record has.
                    data=io.BytesIO(data) if data is not None and len(data) > _MUCH else data,
                    headers={**(headers or {}), **credentials},
                    allow_redirects=False,
                    auto_decompress=not raw,
                )
                if response.status != 200:
                    async with response:
                        text = await _beginning(response)
                    raise status_error(operation, self.uri(name), response.status, text, response.headers)
        async with response:
            yield response

    @contextmanager
    def _errors(self, operation: str, name: str) -> Iterator[None]:
        """Turn whatever the network and the client raise into the store's errors."""
        try:
            yield
        except TimeoutError as error:
            raise TransientError(f"{plain(self.uri(name))}: {operation} took too long", hint=NETWORK_HINT) from error
        except (aiohttp.ClientError, OSError) as error:
            raise TransientError(
                f"{plain(self.uri(name))}: {operation} broke off: {type(error).__name__} {plain(str(error))}",
                hint=NETWORK_HINT,
            ) from error

    def _object_url(self, name: str, query: str) -> URL:
        return self._url(f"{self._objects}/{quote(name, safe='')}?{query}")

    def _url(self, url: str) -> URL:
        return URL(url + self._payer, encoded=True)  # left as it is: names hold %, #, ? and newlines


def _longest(size: int) -> float:
    """Return the seconds that a request may take which moves `size` bytes."""
    return _TOTAL_SECONDS + size / _SLOWEST_BYTES_A_SECOND


def _length(response: aiohttp.ClientResponse) -> int | None:
    """Return how many bytes the body has, or None where neither header tells."""
    stored = response.headers.get("x-goog-stored-content-length", "")
    if response.content_length is not None:
        return response.content_length
    return int(stored) if stored.isdecimal() else None


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """Return what an answer that is no success says, up to a bound."""
    body = b""
    while len(body) < _LONGEST_REFUSAL and (chunk := await response.content.readany()):
        body += chunk
    return body[:_LONGEST_REFUSAL].decode("utf-8", "replace")
