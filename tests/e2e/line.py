"""A slow line: a TCP proxy before a server that lets so many bytes a second pass in each direction, and counts them."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

_TURNS_A_SECOND = 100  # in which all connections share the line, one piece each
_LARGEST_PIECE = 16 * 1024
_PACKET = 1400
_QUEUE = 8 * 1024  # bytes that the line takes before they have passed, as the queue of a router


class _Direction:
    """One direction of the line, on which pieces pass one after the other."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free_at = 0.0
        self.piece = max(_PACKET, min(_LARGEST_PIECE, int(rate / _TURNS_A_SECOND)))
        self.passed = 0

    async def take(self, size: int) -> None:
        """Wait until a piece has passed."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + size / self._rate
        self.passed += size
        await asyncio.sleep(self._free_at - now)


class Line:
    """A running line.

    Attributes:
        url: The address of its near end, in the form of `STORAGE_EMULATOR_HOST`.
    """

    def __init__(self, upstream: str, megabits: float) -> None:
        """Set up the line; `start` makes it listen.

        Args:
            upstream: The server at its far end.
            megabits: The megabits that pass in a second in each direction.
        """
        parts = urlsplit(upstream)
        self._far = (parts.hostname or "", parts.port or 80)
        self._up, self._down = (_Direction(megabits * 1e6 / 8) for _ in range(2))
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        self.url = ""

    @property
    def sent(self) -> int:
        """The bytes that have passed to the server."""
        return self._up.passed

    @property
    def received(self) -> int:
        """The bytes that have passed from the server."""
        return self._down.passed

    def start(self) -> None:
        """Start the thread, and wait until the line listens."""
        self._thread.start()
        if not self._ready.wait(60):
            raise AssertionError("the line does not start")

    def stop(self) -> None:
        """Cut all connections, and end the thread."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
            # The system must not take an upload at once, or its sender would learn nothing of the line.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _QUEUE)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _QUEUE)
            # On this machine a packet has 64 KB otherwise, and waits until there is room for it.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _PACKET)
            listening.setblocking(False)
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            self._ready.set()
            accepting = asyncio.ensure_future(self._accept(listening))
            await self._end.wait()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            del accepting

    async def _accept(self, listening: socket.socket) -> None:
        connections = set()
        while True:
            near, _ = await self._loop.sock_accept(listening)
            connection = asyncio.ensure_future(self._connect(near))
            connections.add(connection)
            connection.add_done_callback(connections.discard)

    async def _connect(self, near: socket.socket) -> None:
        with near, socket.socket() as far, contextlib.suppress(OSError):
            far.setblocking(False)
            await self._loop.sock_connect(far, self._far)
            ways = [
                asyncio.ensure_future(self._pass(near, far, self._up)),
                asyncio.ensure_future(self._pass(far, near, self._down)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(self, one: socket.socket, other: socket.socket, direction: _Direction) -> None:
        while piece := await self._loop.sock_recv(one, direction.piece):
            await direction.take(len(piece))
            await self._loop.sock_sendall(other, piece)


@contextmanager
def slow_line(upstream: str, megabits: float) -> Iterator[Line]:
    """Run a slow line to a server until the block ends."""
    line = Line(upstream, megabits)
    line.start()
    try:
        yield line
    finally:
        line.stop()
