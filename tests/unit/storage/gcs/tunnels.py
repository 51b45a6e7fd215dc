"""A proxy that tunnels connections, whatever host they are for, to one server on this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Tunnels:
    """A running proxy.

    Attributes:
        port: Its port.
        answer: Its answer to CONNECT; it tunnels only if that is a success.
        asked: The heads of the requests.
    """

    def __init__(self, server_port: int) -> None:
        """Set up the proxy for a server."""
        self._server_port = server_port
        self.port = 0
        self.answer = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n"
        self.asked: list[str] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        self._open.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
            for part in (self.answer[:9], self.answer[9:]):  # in two pieces, as a network can deliver it
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.01)
            if b" 200 " in self.answer:
                to, there = await asyncio.open_connection("127.0.0.1", self._server_port)
                self._open.add(there)
                await asyncio.gather(self._pass(reader, there), self._pass(to, writer))
        writer.close()

    async def end(self) -> None:
        """Cut all connections."""
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*self._serving)

    async def _pass(self, one: asyncio.StreamReader, other: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await one.read(1 << 16):
                other.write(piece)
                await other.drain()
        other.close()


@asynccontextmanager
async def tunnels_to(server_port: int) -> AsyncIterator[Tunnels]:
    """Run a proxy for a server until the block ends."""
    made = Tunnels(server_port)
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listening.close()
        await made.end()
