"""The task's end of the socket to a decoding process: it sends messages and receives their answers.

The event loop watches the socket for as long as it is open. Asking the loop again for each answer, as its `sock_recv`
does, takes two more system calls, which are a large part of the time that the task needs to hand an image over.
"""

import asyncio
import socket
from collections.abc import Sequence

from thumbrun.decoding import protocol

# Nearly every answer is shorter. For a buffer twice as long, Python would have the system map and clear new memory.
_CHUNK = 1 << 16


class Channel:
    """The socket to one process. Only one caller at a time can wait for an answer."""

    def __init__(self, ours: socket.socket) -> None:
        """Take over a non-blocking socket and watch it on the running event loop."""
        self._socket = ours
        self._loop = asyncio.get_running_loop()
        self._received: bytes | bytearray = b""
        self._waiting: asyncio.Future[bytes | bytearray] | None = None
        self._ended: Exception | None = None
        self._loop.add_reader(ours, self._readable)

    @property
    def is_open(self) -> bool:
        """Whether, as far as the task knows, the process is alive and waits for a request."""
        return self._ended is None and not self._received

    async def send(self, buffers: Sequence[bytes], descriptors: Sequence[int] = ()) -> None:
        """Send messages. All but large ones go in one piece, since the process reads everything that it is sent.

        Args:
            buffers: The buffers that make up the messages.
            descriptors: The descriptors of the files that travel with the messages.

        Raises:
            OSError: The process is dead and did not read the messages.
        """
        sent = socket.send_fds(self._socket, buffers, descriptors) if descriptors else self._socket.sendmsg(buffers)
        if sent < sum(map(len, buffers)):
            await self._loop.sock_sendall(self._socket, b"".join(buffers)[sent:])

    async def receive(self) -> bytes | bytearray:
        """Return the next message.

        Raises:
            EOFError: The process closed its socket: it is dead.
            OSError: The process is dead and had not read its messages.
            ValueError: The process sent something that is not a message.
        """
        if self._received and not protocol.missing(self._received):
            return self._first()
        if self._ended is not None:
            raise self._ended
        self._waiting = self._loop.create_future()
        try:
            return await self._waiting
        finally:
            self._waiting = None

    def close(self) -> None:
        """Close the socket. Calling it twice is harmless."""
        self._end(EOFError("the task closed the socket"))
        self._socket.close()

    def _readable(self) -> None:
        """Read what the process sent; hand a message over once it is complete."""
        try:
            whole = self._take(self._socket.recv(_CHUNK))
        except (BlockingIOError, InterruptedError):
            return
        except (EOFError, OSError, ValueError) as error:
            self._end(error)
            return
        if whole and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._first())

    def _take(self, chunk: bytes) -> bool:
        """Append more received bytes; return whether the first message is complete."""
        if not chunk:
            raise EOFError("the process closed its socket")
        if not self._received:
            self._received = chunk
        else:
            if isinstance(self._received, bytes):
                self._received = bytearray(self._received)
            self._received += chunk
        return not protocol.missing(self._received)

    def _first(self) -> bytes | bytearray:
        """Return the first message, which is complete, and keep the bytes after it."""
        length = protocol.length(self._received)
        if length == len(self._received):
            first, self._received = self._received, b""
        else:
            first, self._received = self._received[:length], self._received[length:]
        return first

    def _end(self, why: Exception) -> None:
        if self._ended is None:
            self._ended = why
            self._loop.remove_reader(self._socket)
            if self._waiting is not None and not self._waiting.done():
                self._waiting.set_exception(why)
