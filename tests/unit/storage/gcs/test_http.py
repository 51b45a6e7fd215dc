"""Tests of the HTTP client against a server that sends any bytes that a test wants."""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest

from thumbrun.storage.gcs import dial, http
from thumbrun.storage.gcs.connection import Answer, HttpError, Limits, Take, Taker, TooSlowError
from thumbrun.storage.gcs.dial import Address, resolved
from thumbrun.storage.gcs.http import HttpClient

LIMITS = Limits(10.0, 1024)
PATIENT = Limits(3600.0, 1)  # for tests that a slow machine must not end otherwise
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """A server that answers with the entries of `says`, and records the requests of each connection.

    Attributes:
        says: One answer for each request; None closes the connection without an answer. The connection is closed
            after the last entry.
        connections: The requests of each connection.
    """

    def __init__(self) -> None:
        self.says: list[bytes | None] = []
        self.connections: list[list[bytes]] = []
        self.port = 0
        self.asked = asyncio.Event()
        self.hung_up = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        requests: list[bytes] = []
        self.connections.append(requests)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                requests.append(head)
                self.asked.set()
                length = next((line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")), b": 0")
                await reader.readexactly(int(length.partition(b": ")[2]))
                said = self.says.pop(0)
                if said is None:
                    break
                writer.write(said)
                if not self.says:
                    break
        self.hung_up.set()
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Run a server."""
    made = Server()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[HttpClient]:
    """Return a client of the server."""
    made = HttpClient(f"http://127.0.0.1:{server.port}")
    yield made
    await made.close()


async def get(client: HttpClient, method: str = "GET", limits: Limits = LIMITS) -> Answer:
    """Send a GET request."""
    return await client.request(method, "/a?b=c", limits, headers={"X-A": "1"})


async def test_a_connection_is_kept(server: Server, client: HttpClient) -> None:
    """Requests one after the other share a connection, and send the headers that HTTP requires."""
    server.says = [OK, OK, OK]
    answers = [await get(client) for _ in range(3)]
    assert [b"ok"] * 3 == [answer.body for answer in answers]
    head = f"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nX-A: 1\r\n\r\n".encode()
    assert [[head] * 3] == server.connections


async def test_requests_at_once_have_a_connection_each(server: Server, client: HttpClient) -> None:
    """No request waits for the answer of another."""
    server.says = [OK] * 9
    await asyncio.gather(*(get(client) for _ in range(4)))
    assert 4 == len(server.connections)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\n\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    ],
)
async def test_every_way_to_end_a_body(server: Server, client: HttpClient, answer: bytes) -> None:
    """A body ends with its length, its last chunk or the connection, and a preliminary answer has no body."""
    server.says = [answer]
    got = await get(client)
    assert (200, b"ok", 2) == (got.status, got.body, got.received)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
)
async def test_what_is_no_whole_answer(server: Server, client: HttpClient, answer: bytes | None) -> None:
    """An incomplete or invalid answer is an error, and the client does not use its connection again."""
    server.says = [answer]
    with pytest.raises(HttpError):
        await get(client)
    server.says = [OK]
    assert b"ok" == (await get(client)).body
    assert 2 == len(server.connections)


async def test_a_kept_connection_that_is_closed_in_that_moment(server: Server, client: HttpClient) -> None:
    """A GET request is sent again on a new connection; a request that can change something is not."""
    server.says = [OK, None, OK, OK, None]
    assert b"ok" == (await get(client)).body
    assert b"ok" == (await get(client)).body
    assert [2, 1] == [len(requests) for requests in server.connections]
    assert b"ok" == (await get(client)).body
    with pytest.raises(HttpError):
        await get(client, "POST")


async def test_bytes_are_taken_as_they_come(server: Server, client: HttpClient) -> None:
    """A taker gets status and headers and then the body, which the answer does not keep."""
    server.says = [OK]
    seen: list[object] = []

    def taker(status: int, headers: object) -> Take:
        seen.append((status, headers))

        def take(chunk: bytes | memoryview) -> bool:
            seen.append(bytes(chunk))
            return True

        return take

    answer = await client.request("GET", "/", LIMITS, headers={}, taker=taker)
    assert [(200, {"content-length": "2"}), b"ok"] == seen
    assert (b"", 2) == (answer.body, answer.received)


async def test_what_a_taker_raises(server: Server, client: HttpClient) -> None:
    """An exception of a taker ends the request unchanged, and the rest of the body disturbs no later request."""
    server.says = [OK, OK]

    def taker(status: int, headers: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        await client.request("GET", "/", LIMITS, headers={}, taker=taker)
    assert b"ok" == (await get(client)).body
    assert 2 == len(server.connections)


def into(taken: bytearray) -> Taker:
    """Return a taker that collects the body."""

    def take(chunk: bytes | memoryview) -> bool:
        taken.extend(chunk)
        return True

    return lambda *_: take


LONG = random.Random(1).randbytes(3_000_000)  # noqa: S311


async def test_a_long_body(server: Server, client: HttpClient) -> None:
    """Many pieces arrive in order, and two requests at once do not mix, although they share a buffer."""
    server.says = [b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + LONG] * 3
    taken: list[bytearray] = [bytearray(), bytearray()]
    asked = [client.request("GET", "/", LIMITS, headers={}, taker=into(to)) for to in taken]
    answers = await asyncio.gather(*asked)
    assert [LONG, LONG] == taken
    assert [3_000_000] * 2 == [answer.received for answer in answers]
    assert LONG == (await get(client)).body


@pytest.mark.parametrize(
    "body",
    [b"Content-Length: 99999999999\r\n\r\n01234", b"Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n"],
)
async def test_a_taker_that_has_enough(server: Server, client: HttpClient, body: bytes) -> None:
    """A taker can end a body that does not end; its connection is closed, and the next request gets another."""
    server.says = [b"HTTP/1.1 200 OK\r\n" + body, OK, OK]
    taken: list[bytes] = []

    def take(chunk: bytes | memoryview) -> bool:
        taken.append(bytes(chunk))
        return False

    answer = await client.request("GET", "/", PATIENT, headers={}, taker=lambda *_: take)
    assert (200, [b"01234"]) == (answer.status, taken)
    assert b"ok" == (await get(client)).body
    assert 2 == len(server.connections)


async def test_what_a_taker_raises_late(server: Server, client: HttpClient) -> None:
    """An exception of a taker far into a body ends the request as well."""
    server.says = [b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + LONG, OK]
    taken = 0

    def take(chunk: bytes | memoryview) -> bool:
        nonlocal taken
        taken += len(chunk)
        if taken <= 1_000_000:
            return True
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        await client.request("GET", "/", LIMITS, headers={}, taker=lambda *_: take)
    assert taken < 2_000_000
    assert b"ok" == (await get(client)).body


@pytest.mark.parametrize("more", [1, 400_000])
async def test_more_than_the_length_says(server: Server, client: HttpClient, more: int) -> None:
    """Bytes after the end of a body are ignored, and the client does not use their connection again."""
    length = len(LONG) - more
    server.says = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + LONG, OK]
    assert LONG[:length] == (await get(client)).body
    await asyncio.wait_for(server.hung_up.wait(), 60)
    assert b"ok" == (await get(client)).body
    assert 2 == len(server.connections)


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    ],
)
@pytest.mark.parametrize(
    "behind",
    [
        b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nX-B: c\r\n\r\noops",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 4000000\r\n\r\noops",
        b"HTTP/1.1 500 Oops\r\n\r\nuntil the end",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"H",
        b"\0" * 100_000,
    ],
)
async def test_bytes_behind_an_answer(server: Server, client: HttpClient, answer: bytes, behind: bytes) -> None:
    """Nothing that follows a complete answer changes it or reaches its taker, and no other request gets it."""
    server.says = [answer + behind, OK]
    taken = bytearray()
    told: list[int] = []

    def taker(status: int, _: object) -> Take | None:
        told.append(status)
        return into(taken)(status, {})

    got = await client.request("GET", "/", PATIENT, headers={}, taker=taker)
    assert (200, 2, b"ok", [200]) == (got.status, got.received, bytes(taken), told)
    assert {"content-length", "transfer-encoding", "connection"} >= set(got.headers)
    await asyncio.wait_for(server.hung_up.wait(), 60)
    assert b"ok" == (await get(client)).body
    assert 2 == len(server.connections)


async def test_a_length_without_a_body(server: Server, client: HttpClient) -> None:
    """Some answers state a length but have no body."""
    server.says = [b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", OK]
    assert (304, b"") == ((answer := await get(client)).status, answer.body)
    assert b"ok" == (await get(client)).body


@pytest.mark.parametrize(
    "beginning",
    [b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nA: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: "],
)
async def test_headers_that_never_end(server: Server, client: HttpClient, beginning: bytes) -> None:
    """A first line, a header or a trailer that goes on and on ends the request after a megabyte or so."""
    server.says = [beginning + b"x" * (4 << 20)]
    with pytest.raises(HttpError, match="do not end"):
        await client.request("GET", "/a", PATIENT, headers={})


@pytest.mark.slow
async def test_many_headers(server: Server, client: HttpClient) -> None:
    """Headers without end are refused, line by line as well, and preliminary answers too."""
    server.says = [b"HTTP/1.1 200 OK\r\n" + b"A: x\r\n" * 400_000]
    with pytest.raises(HttpError, match="do not end"):
        await client.request("GET", "/a", PATIENT, headers={})
    server.says = [b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100_000]
    with pytest.raises(HttpError, match="do not end"):
        await client.request("GET", "/a", PATIENT, headers={})


async def test_the_smallest_chunks(server: Server, client: HttpClient) -> None:
    """A body in chunks of one byte is a body, though its framing is longer than itself."""
    chunk = b"1;" + b"e" * 20 + b"\r\nx\r\n"
    server.says = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 100_000 + b"0\r\n\r\n"]
    answer = await client.request("GET", "/a", PATIENT, headers={})
    assert b"x" * 100_000 == answer.body


async def slowly(client: HttpClient, limits: Limits, *, body: bytes = b"") -> Answer:
    """Send a request whose answer has any length."""
    return await client.request("POST" if body else "GET", "/", limits, headers={}, body=body)


@pytest.fixture
async def slow() -> AsyncIterator[tuple[asyncio.Queue[asyncio.StreamWriter], HttpClient]]:
    """Run a server that leaves each request to the test, and return the connections that it gets and a client."""
    got: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)  # so that the system does not take an upload
        made = await asyncio.start_server(lambda _, writer: got.put_nowait(writer), sock=listening, limit=2048)
        client = HttpClient(f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield got, client
        await client.close()
        while not got.empty():
            got.get_nowait().close()
        made.close()


Slow = tuple[asyncio.Queue[asyncio.StreamWriter], HttpClient]


async def test_silence_ends_a_request(slow: Slow) -> None:
    """A request whose answer does not come ends, and so does one whose answer stops in its middle."""
    got, client = slow
    for said in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"):
        asking = asyncio.ensure_future(slowly(client, Limits(0.3, 1)))
        writer = await got.get()
        writer.write(said)
        with pytest.raises(TooSlowError, match=r"moved in 0\.3 s"):
            await asking
        writer.close()


async def test_a_drip_ends_a_request(slow: Slow) -> None:
    """A request that gets a byte from time to time ends too: it must get so many bytes in each window."""
    got, client = slow
    asking = asyncio.ensure_future(slowly(client, Limits(0.6, 1024)))
    writer = await got.get()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    while not asking.done():
        writer.write(b"x")
        await asyncio.sleep(0.05)
    with pytest.raises(TooSlowError, match="fewer than 1,024 bytes moved"):
        await asking
    writer.close()


async def test_progress_keeps_a_request(slow: Slow) -> None:
    """A request can take many windows as long as enough bytes arrive in each."""
    got, client = slow
    begun = time.monotonic()
    asking = asyncio.ensure_future(slowly(client, Limits(1.0, 100)))
    writer = await got.get()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n")
    for _ in range(60):
        writer.write(b"x" * 100)
        await asyncio.sleep(0.05)
    assert b"x" * 6000 == (await asking).body
    assert time.monotonic() - begun > 2.5
    writer.close()


@pytest.mark.parametrize("size", [150_000, 600_000])
async def test_an_upload_that_moves(slow: Slow, size: int) -> None:
    """An upload can take many windows as long as the server takes enough bytes in each; then it must answer."""
    got, client = slow
    asking = asyncio.ensure_future(slowly(client, Limits(1.0, 100), body=b"x" * size))
    writer = await got.get()
    transport = writer.transport
    assert isinstance(transport, asyncio.Transport)
    taken, begun = 0, time.monotonic()
    reading = writer.transport.get_extra_info("socket")
    transport.pause_reading()
    while taken < size:
        with suppress(BlockingIOError):
            taken += len(socket.socket.recv(reading._sock, size // 50))
        await asyncio.sleep(0.05)
        assert not asking.done()
    assert time.monotonic() - begun > 2.0
    writer.write(OK)
    assert b"ok" == (await asking).body
    writer.close()


async def test_an_upload_that_nobody_takes(slow: Slow) -> None:
    """An upload that the server does not take any more ends."""
    got, client = slow
    with pytest.raises(TooSlowError):
        await slowly(client, Limits(1.0, 1024), body=b"x" * 9_000_000)
    (await got.get()).close()


async def test_a_request_that_is_cancelled(server: Server, client: HttpClient) -> None:
    """A cancelled request closes its connection, so that no other request gets its answer."""
    server.says = [b"", b""]
    asking = asyncio.ensure_future(get(client))
    await server.asked.wait()
    asking.cancel()
    await asyncio.wait([asking])
    await asyncio.wait_for(server.hung_up.wait(), 60)


async def test_closing_ends_what_is_under_way(server: Server, client: HttpClient) -> None:
    """A request under way fails when the client is closed, and no new one begins."""
    server.says = [b"", b""]
    asking = asyncio.ensure_future(get(client))
    await server.asked.wait()
    await client.close()
    with pytest.raises(HttpError):
        await asking
    with pytest.raises(HttpError):
        await get(client)


async def test_an_address_that_does_not_answer(server: Server) -> None:
    """The client uses the first address that accepts a connection; localhost is also ::1, where no server listens."""
    server.says = [OK]
    client = HttpClient(f"http://localhost:{server.port}")
    assert b"ok" == (await get(client)).body
    await client.close()


@pytest.fixture
def black_hole() -> Iterator[Address]:
    """Return an address that takes no connection and refuses none, as a network that drops all packets."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # they fill the queue of the connections to accept
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        yield Address(socket.AF_INET, listening.getsockname())
        for one in waiting:
            one.close()


async def test_an_address_into_a_black_hole(
    server: Server, client: HttpClient, black_hole: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second address gets its turn after a moment, and is the first one from then on."""
    good = Address(socket.AF_INET, ("127.0.0.1", server.port))
    tried: list[list[Address]] = []

    async def recorded(addresses: list[Address]) -> tuple[socket.socket, Address]:
        tried.append(addresses)
        return await dial.connected(addresses)

    async def both(host: str, port: int) -> list[Address]:
        return [black_hole, good]

    monkeypatch.setattr(http, "connected", recorded)
    monkeypatch.setattr(http, "resolved", both)
    server.says = [OK] * 9
    await asyncio.gather(get(client), get(client))
    await asyncio.gather(*(get(client) for _ in range(4)))
    assert [[black_hole, good]] * 2 + [[good, black_hole]] * 2 == tried


async def test_only_black_holes(client: HttpClient, black_hole: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """All addresses together have one time limit, and the error asks for fewer requests at once."""

    async def some(host: str, port: int) -> list[Address]:
        return [black_hole] * 3

    monkeypatch.setattr(http, "resolved", some)
    with pytest.raises(TooSlowError, match=r"longer than 0\.6 s to connect"):
        await get(client, limits=Limits(0.6, 1))


async def test_both_families_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """IPv4 and IPv6 take turns, so that a network without one of them costs one moment, however many addresses."""
    six, four = socket.AF_INET6, socket.AF_INET
    told = [(family, 1, 6, "", (f"{number}", 443)) for number, family in enumerate([six, six, six, four])]

    async def getaddrinfo(*_: object, **__: object) -> object:
        return told

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    assert ["0", "3", "1", "2"] == [address.where[0] for address in await resolved("host", 443)]


async def test_a_name_without_address() -> None:
    """A name without an address is an error, and each request looks it up again."""
    client = HttpClient("http://nowhere.invalid")
    for _ in range(2):
        with pytest.raises(HttpError, match="cannot connect"):
            await get(client)
        await asyncio.sleep(0)
    await client.close()
