"""One connection of HTTP/1.1 (RFC 9112), which sends one request at a time and hands its answer on as it arrives."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import httptools

from thumbrun.storage.gcs.acknowledged import acknowledged

READ_AT_ONCE = 1 << 18  # bytes; few enough to stay in a processor's cache until they are handed on
_MOST_COLLECTED = 1 << 28  # bytes of a body that is kept in memory; a page of a listing has 1 or 2 MiB
# Bytes of headers and of the sizes of chunks. The smallest chunk takes five bytes beside its one; the parser keeps a
# header that does not end.
_MOST_FRAMING = 1 << 20
_MOST_FRAMING_A_BYTE = 32
_WITHOUT_BODY = (204, 304)  # statuses without a body, whatever length their header states (RFC 9112, 6.3)
_CHECKS = 6  # of the progress in each window; most requests end before the first one

# Gets bytes that are valid only until it returns. Returns False if it needs no more bytes: the connection then closes.
Take = Callable[[bytes | memoryview], bool]
Taker = Callable[[int, Mapping[str, str]], Take | None]  # gets status and headers, returns where the body goes


class HttpError(Exception):
    """The network failed, or the answer is not valid HTTP."""


class NoServerError(HttpError):
    """This machine itself refused the connection."""


class TooSlowError(HttpError):
    """The network moved too few bytes of a request, or too slowly made the connection for it."""


@dataclass(slots=True)
class Answer:
    """The answer to a request.

    Attributes:
        status: The status code.
        headers: The headers by their names in lower case; if a name occurs several times, all its
            values, with commas between them (RFC 9110, 5.3).
        body: The bytes of the body, or nothing if a taker took them as they arrived.
        received: The number of bytes of the body.
    """

    status: int
    headers: dict[str, str]
    body: bytes = b""
    received: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How slow a request can be before it ends.

    Only progress counts, and not the time of the whole request: nobody knows how many requests share a line, and how
    fast it is.

    Attributes:
        window: A length of time, in seconds.
        least: The bytes that a request must move in each such time, sent and received ones together.
    """

    window: float
    least: int


class StaleError(HttpError):
    """The connection ended before the first byte of an answer."""


class Connection(asyncio.BufferedProtocol):
    """One connection, which handles one request at a time.

    It reads into a buffer that all connections share: each hands its bytes on before any connection reads more. If
    the length of a body is known, only its beginning goes through the parser, because the parser copies the bytes.

    Attributes:
        reusable: Whether the connection can take a request.
        lost: A future that is done once the connection is closed.
    """

    def __init__(self, all_of_them: "set[Connection]", buffer: memoryview) -> None:
        self._all = all_of_them
        self._buffer = buffer
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.reusable = False
        self._transport: asyncio.Transport | None = None
        self._done: asyncio.Future[Answer] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport of the new connection; the event loop calls this."""
        self._transport = cast("asyncio.Transport", transport)
        self._all.add(self)
        self.reusable = True

    def connection_lost(self, error: Exception | None) -> None:
        """Finish or fail the request under way; the event loop calls this."""
        self.reusable = False
        self._all.discard(self)
        if self._done is not None:
            if error is None and self._until_the_end():
                self.on_message_complete()
            elif self._arrived:
                self._fail(HttpError(f"the connection ended in the middle of the answer: {error or 'closed'}"))
            else:
                self._fail(StaleError(f"the connection ended before any answer: {error or 'closed'}"))
        if not self.lost.done():
            self.lost.set_result(None)

    def abort(self) -> None:
        """Close the connection at once."""
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    async def ask(
        self,
        message: bytes,
        limits: Limits,
        taker: Taker | None,
    ) -> Answer:
        """Send a request and return its answer; cancelling this closes the connection."""
        assert self._transport is not None  # noqa: S101  (it is connected)
        self.reusable = False
        self._parser = httptools.HttpResponseParser(self)
        self._answer = Answer(0, {})
        self._taker = taker
        self._take: Take | None = None
        self._collected: list[bytes] = []
        self._headed = self._complete = False
        self._framing = 0  # bytes that went through the parser: headers, trailers, and chunks with their sizes
        self._left = 0  # bytes that are still to come, if the body's length is known
        self._arrived = 0  # bytes of the answer, its headers included
        self._limits = limits
        self._begun = self._active = self._loop.time()
        self._counted = 0  # bytes that had moved when the request was last seen to move enough of them
        self._done = self._loop.create_future()
        self._timer = self._loop.call_at(self._begun + limits.window / _CHECKS, self._watch)
        self._transport.write(message)
        try:
            return await self._done
        finally:
            if self._timer is not None:
                self._timer.cancel()
            if not self._done.done() or self._done.cancelled() or self._done.exception() is not None:
                self.abort()
            self._done = None

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer to read into; the event loop calls this."""
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Process the bytes that were read; the event loop calls this."""
        if self._done is None or self._done.done():  # no request is under way
            self.abort()
            return
        self._arrived += nbytes
        if self._left:
            self._take_rest(self._buffer[:nbytes])
        else:
            self._parse(self._buffer[:nbytes])

    def _take_rest(self, data: memoryview) -> None:
        """Process more bytes of a body whose length is known."""
        unasked = len(data) > self._left
        try:
            self.on_body(data[: self._left])
        except Exception as error:  # noqa: BLE001  (an exception of the taker ends the request, as when the parser calls)
            self._fail(error)
            return
        if not self._left:
            self.on_message_complete()
        if unasked:
            self.abort()

    def _parse(self, data: memoryview) -> None:
        self._framing += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(HttpError("the server asked to switch to another protocol"))
        except httptools.HttpParserCallbackError as error:
            self._fail(error.__context__ or error)  # the exception of the taker
        except httptools.HttpParserError as error:
            self._fail(HttpError(f"the answer is not valid HTTP: {error}"))
        if self._framing > _MOST_FRAMING + _MOST_FRAMING_A_BYTE * self._answer.received:
            self._fail(HttpError("the headers of the answer do not end"))

    def on_message_begin(self) -> None:
        """Notice bytes behind a complete answer, which belong to no request; the parser calls this."""
        if self._complete:
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store a header; the parser calls this."""
        if self._headed:  # a trailer, which says nothing that thumbrun uses, or a header behind a complete answer
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers = self._answer.headers
        headers[key] = f"{headers[key]}, {text}" if key in headers else text

    def on_headers_complete(self) -> None:
        """Ask the taker where the body goes; the parser calls this."""
        if self._complete:
            return
        answer = self._answer
        answer.status = self._parser.get_status_code()
        self._headed = True
        length = answer.headers.get("content-length", "")
        if length.isdecimal():
            self._left = 0 if answer.status < 200 or answer.status in _WITHOUT_BODY else int(length)
        if self._taker is not None and answer.status >= 200:
            self._take = self._taker(answer.status, answer.headers)

    def on_body(self, chunk: bytes | memoryview) -> None:
        """Hand a piece of the body on; the parser calls this."""
        if self._complete or self._done is None or self._done.done():
            return
        self._answer.received += len(chunk)
        self._left = max(0, self._left - len(chunk))
        if self._take is not None:
            if not self._take(chunk):
                self._done.set_result(self._answer)
                self.abort()
        elif self._answer.received > _MOST_COLLECTED:
            raise HttpError(f"the answer has more than {_MOST_COLLECTED:,} bytes")
        else:
            self._collected.append(bytes(chunk))

    def on_message_complete(self) -> None:
        """Complete the request with its answer; the parser calls this."""
        if self._complete:
            return
        if self._answer.status < 200:  # this was a preliminary answer
            self._answer = Answer(0, {})
            self._headed = False
            return
        self._complete = True
        if self._done is not None and not self._done.done():
            self.reusable = self._transport is not None and self._parser.should_keep_alive()
            self._answer.body = b"".join(self._collected)
            self._done.set_result(self._answer)

    def _until_the_end(self) -> bool:
        """Return whether the present body ends where the connection ends (RFC 9112, 6.3)."""
        headers = self._answer.headers
        return self._headed and "content-length" not in headers and "transfer-encoding" not in headers

    def _fail(self, error: BaseException) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)
        self.abort()

    def _watch(self) -> None:
        """Check that the request has moved enough bytes, and set the time of the next check."""
        if self._done is None or self._done.done() or self._transport is None:
            return
        now = self._loop.time()
        # Sent bytes count when the transport has written them, and again when the other side has acknowledged them.
        moved = self._arrived + acknowledged(self._transport) - self._transport.get_write_buffer_size()
        # The first check only counts, because the server has acknowledged bytes of earlier requests too.
        if moved - self._counted >= self._limits.least or self._active == self._begun:
            self._counted, self._active = moved, now
        elif now - self._active >= self._limits.window:
            self._fail(TooSlowError(f"fewer than {self._limits.least:,} bytes moved in {self._limits.window:g} s"))
            return
        self._timer = self._loop.call_at(now + self._limits.window / _CHECKS, self._watch)
