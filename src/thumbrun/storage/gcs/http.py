"""An HTTP/1.1 client for one server, which keeps connections and hands each answer on as it arrives.

thumbrun has its own client because requests take most of a task's time beside decoding, and aiohttp needs several
times as much processor time for each. The parser is httptools (llhttp). This client adds connections, time limits, and
bodies that are handed on as they arrive, from the one buffer into which all connections read. It supports no
redirects, no proxies and no cookies, and it decompresses nothing.
"""

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from thumbrun.storage.gcs.connection import READ_AT_ONCE, Answer, Connection, HttpError, Limits, StaleError, Taker

_CONNECT_SECONDS = 10.0
_ADDRESSES_SECONDS = 30.0  # for which the server's addresses are remembered, because connections come in bursts

Addresses = list[tuple[str, int]]


class HttpClient:
    """A client for one server, which opens as many connections as there are requests at once."""

    def __init__(self, root: str) -> None:
        """Set up the client; it opens no connection yet.

        Args:
            root: `http://host[:port]` or `https://host[:port]`, with or without a path.
        """
        parts = urlsplit(root)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._path = parts.path.rstrip("/")
        self._authority = parts.netloc.rpartition("@")[2]
        self._context: ssl.SSLContext | None = None
        self._free: list[Connection] = []
        self._all: set[Connection] = set()
        self._addresses: asyncio.Future[Addresses] | None = None
        self._closed = False
        self._buffer = memoryview(bytearray(READ_AT_ONCE))

    async def request(
        self,
        method: str,
        target: str,
        limits: Limits,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        taker: Taker | None = None,
    ) -> Answer:
        """Send a request and return its answer once it is complete.

        The server might close a kept connection at the moment when a request is sent on it. A request that changes
        nothing (GET) is then sent again on a new connection.

        Args:
            method: `GET` or `POST`.
            target: The path and the query, encoded.
            limits: The time limits of the request.
            headers: All headers except Host and Content-Length.
            body: The bytes to send.
            taker: A function that gets status and headers. It returns a function that takes the body as it arrives,
                or None to collect the body in the answer. An exception from either function ends the request and
                reaches the caller unchanged.

        Raises:
            HttpError: The server cannot be reached, ends the connection, is silent or too slow, or does not speak
                HTTP.
        """
        length = f"Content-Length: {len(body)}\r\n" if body or method == "POST" else ""
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {self._path}{target} HTTP/1.1\r\nHost: {self._authority}\r\n{length}{fields}\r\n".encode()
        while True:
            kept = self._kept()
            connection = kept or await self._connected(limits)
            try:
                answer = await connection.ask(head + body if body else head, len(body), limits, taker)
            except StaleError:
                if kept is None or method != "GET":
                    raise
                continue
            if connection.reusable and not self._closed:
                self._free.append(connection)
            else:
                connection.abort()
            return answer

    async def close(self) -> None:
        """Close all connections, so that requests under way fail. Calling it twice is harmless."""
        self._closed = True
        self._free.clear()
        closing = list(self._all)
        for connection in closing:
            connection.abort()
        await asyncio.gather(*(connection.lost for connection in closing))

    def _kept(self) -> Connection | None:
        while self._free:
            connection = self._free.pop()
            if connection.reusable:
                return connection
        return None

    async def _connected(self, limits: Limits) -> Connection:
        """Return a new connection to the first of the server's addresses that accepts one."""
        if self._closed:
            raise HttpError("the client is closed")
        trouble: OSError | None = None
        try:
            async with asyncio.timeout(min(_CONNECT_SECONDS, limits.longest(0))):
                for host, port in await self._resolved():
                    try:
                        return await self._connect(host, port)
                    except OSError as error:
                        trouble = error
        except TimeoutError as error:
            raise HttpError("it took too long to connect to the server") from error
        except OSError as error:
            trouble = error
        raise HttpError(f"thumbrun cannot connect to the server: {type(trouble).__name__} {trouble}") from trouble

    async def _connect(self, host: str, port: int) -> Connection:
        loop = asyncio.get_running_loop()
        if self._secure and self._context is None:
            self._context = ssl.create_default_context()
        name = self._host if self._secure else None
        _, connection = await loop.create_connection(
            lambda: Connection(self._all, self._buffer), host, port, ssl=self._context, server_hostname=name
        )
        if self._closed:
            connection.abort()
            raise HttpError("the client is closed")
        return connection

    async def _resolved(self) -> Addresses:
        """Return the server's addresses, with one lookup for all connections of a burst."""
        if self._addresses is None:
            loop = asyncio.get_running_loop()
            self._addresses = asyncio.ensure_future(self._resolve())
            # A lookup that fails is forgotten at once, so that the next attempt repeats it.
            self._addresses.add_done_callback(
                lambda done: loop.call_later(
                    0 if done.cancelled() or done.exception() else _ADDRESSES_SECONDS, self._forget
                )
            )
        return await asyncio.shield(self._addresses)

    async def _resolve(self) -> Addresses:
        found = await asyncio.get_running_loop().getaddrinfo(self._host, self._port, type=1)
        return [(str(address[0]), int(address[1])) for *_, address in found]

    def _forget(self) -> None:
        self._addresses = None
