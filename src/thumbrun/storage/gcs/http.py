"""An HTTP/1.1 client for one server, which keeps connections and hands each answer on as it arrives.

thumbrun has its own client because requests take most of a task's time beside decoding, and aiohttp needs several
times as much processor time for each. The parser is httptools (llhttp). This client adds connections, time limits, and
bodies that are handed on as they arrive, from the one buffer into which all connections read. It supports no
redirects and no cookies, and it decompresses nothing.
"""

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from thumbrun.storage.gcs.connection import (
    READ_AT_ONCE,
    Answer,
    Connection,
    HttpError,
    Limits,
    NoServerError,
    StaleError,
    Taker,
    TooSlowError,
)
from thumbrun.storage.gcs.dial import Address, connected, resolved
from thumbrun.storage.gcs.proxy import Proxy

_CONNECT_SECONDS = 30.0  # for TCP, a proxy and TLS together; on a full line each of them can take seconds
_ADDRESSES_SECONDS = 30.0  # for which the server's addresses are remembered, because connections come in bursts


class HttpClient:
    """A client for one server, which opens as many connections as there are requests at once."""

    def __init__(self, root: str, proxy: Proxy | None = None) -> None:
        """Set up the client; it opens no connection yet.

        Args:
            root: `http://host[:port]` or `https://host[:port]`, with or without a path.
            proxy: The proxy to the server, or None.
        """
        self._proxy = proxy
        parts = urlsplit(root)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._path = parts.path.rstrip("/")
        self._authority = parts.netloc.rpartition("@")[2]
        self._context: ssl.SSLContext | None = None
        self._free: list[Connection] = []
        self._all: set[Connection] = set()
        self._addresses: asyncio.Future[list[Address]] | None = None
        self._best: Address | None = None  # the address that answered last
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
                answer = await connection.ask(head + body if body else head, limits, taker)
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
        """Return a new connection to the server."""
        if self._closed:
            raise HttpError("the client is closed")
        seconds = min(_CONNECT_SECONDS, limits.window)
        try:
            async with asyncio.timeout(seconds):
                return await self._connect()
        except TimeoutError as error:
            raise TooSlowError(f"it took longer than {seconds:g} s to connect to {self._whom()}") from error
        except OSError as error:
            if isinstance(error, ConnectionRefusedError) and await self._is_here():
                raise NoServerError(f"no server listens at {self._authority}, an address of this machine") from error
            raise HttpError(f"this machine cannot connect to {self._whom()}: {type(error).__name__} {error}") from error

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        if self._secure and self._context is None:
            self._context = ssl.create_default_context()
        # Another address was slower, or did not answer: it need not have a head start each time.
        addresses = sorted(await self._resolved(), key=lambda address: address != self._best)
        connection, self._best = await connected(addresses)
        if self._proxy is not None:
            try:
                await self._proxy.open_tunnel(connection, self._host, self._port)
            except BaseException:
                connection.close()
                raise
        name = self._host if self._secure else None
        _, made = await loop.create_connection(
            lambda: Connection(self._all, self._buffer), sock=connection, ssl=self._context, server_hostname=name
        )
        if self._closed:
            made.abort()
            raise HttpError("the client is closed")
        return made

    def _whom(self) -> str:
        return "the server" if self._proxy is None else f"the server through the proxy {self._proxy.host}"

    async def _is_here(self) -> bool:
        """Whether the server would be on this machine."""
        return self._proxy is None and all(address.is_here for address in await self._resolved())

    async def _resolved(self) -> list[Address]:
        """Return the addresses of the server or its proxy, with one lookup for all connections of a burst."""
        if self._addresses is None:
            loop = asyncio.get_running_loop()
            host, port = (self._host, self._port) if self._proxy is None else (self._proxy.host, self._proxy.port)
            self._addresses = asyncio.ensure_future(resolved(host, port))
            # A lookup that fails is forgotten at once, so that the next attempt repeats it.
            self._addresses.add_done_callback(
                lambda done: loop.call_later(
                    0 if done.cancelled() or done.exception() else _ADDRESSES_SECONDS, self._forget
                )
            )
        return await asyncio.shield(self._addresses)

    def _forget(self) -> None:
        self._addresses = None
