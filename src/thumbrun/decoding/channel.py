"""The task's end of a decoding process's socket: messages there, and their answers.

The socket is watched as long as it is open: to ask the event loop anew for each answer, as its `sock_recv` does,
takes two more system calls and a third of what handing an image over takes the task.
"""

import asyncio
import socket
from collections.abc import Sequence

from thumbrun.decoding import protocol

_CHUNK = 1 << 16  # more than nearly any answer; Python would have the system map, and clear, what is twice as long


class Channel:
    """A socket to a process. One caller at a time waits for an answer."""

    def __init__(self, ours: socket.socket) -> None:
        """Take over a socket that does not block, and watch it on the running loop."""
        self._socket = ours
        self._loop = asyncio.get_running_loop()
        self._received: bytes | bytearray = b""
        self._waiting: asyncio.Future[bytes | bytearray] | None = None
        self._ended: Exception | None = None
        self._loop.add_reader(ours, self._readable)

    @property
    def is_open(self) -> bool:
        """Whether the process lives, as far as is known, and waits to be asked."""
        return self._ended is None and not self._received

    async def send(self, buffers: Sequence[bytes], descriptors: Sequence[int] = ()) -> None:
        """Send messages; all but large ones go in one piece, since the process reads what it is sent.

        Args:
            buffers: That make up the messages.
            descriptors: Of files that travel beside them.

        Raises:
            OSError: The process is dead, and did not read it.
        """
        sent = socket.send_fds(self._socket, buffers, descriptors) if descriptors else self._socket.sendmsg(buffers)
        if sent < sum(map(len, buffers)):
            await self._loop.sock_sendall(self._socket, b"".join(buffers)[sent:])

    async def receive(self) -> bytes | bytearray:
        """Return the next message.

        Raises:
            EOFError: The process hung up: it is dead.
            OSError: It is dead, and had not read what it was sent.
            ValueError: It says what is no message.
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
        self._end(EOFError("the socket was closed"))
        self._socket.close()

    def _readable(self) -> None:
        """Take what the process says; hand it over once it is whole."""
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
        """Take more of what is said; return whether the first message is whole."""
        if not chunk:
            raise EOFError("the process hung up")
        if not self._received:
            self._received = chunk
        else:
            if isinstance(self._received, bytes):
                self._received = bytearray(self._received)
            self._received += chunk
        return not protocol.missing(self._received)

    def _first(self) -> bytes | bytearray:
        """Return the first message, which is whole, and keep what is behind it."""
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
