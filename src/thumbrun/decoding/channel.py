"""The task's end of the socket to a decoding process: it sends messages and receives their answers.

The event loop watches the socket for as long as it is open. Asking the loop again for each answer, as its `sock_recv`
does, takes two more system calls, which are a large part of the time that the task needs to hand an image over.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from thumbrun.decoding import protocol
from thumbrun.decoding.answers import ImproperAnswerError

# Nearly every answer is shorter. For a buffer twice as long, Python would have the system map and clear new memory.
_CHUNK = 1 << 16


class Channel:
    """The socket to one process. Only one caller at a time can wait for an answer.

    It holds at most the answers that the task asked for, each within its limit, and one chunk more. Bytes that nobody
    asked for, and an answer beyond its limit, end the channel.
    """

    def __init__(self, ours: socket.socket, first: int, misbehaved: Callable[[], None] = lambda: None) -> None:
        """Take over a non-blocking socket and watch it on the running event loop.

        Args:
            ours: The socket.
            first: The most bytes that the message can have that the process sends without a question.
            misbehaved: Called if the process says something that nobody asked for, or too much; must not raise.
        """
        self._socket = ours
        self._loop = asyncio.get_running_loop()
        self._received: bytes | bytearray = b""  # of the first message that is not complete
        self._messages: deque[bytes | bytearray] = deque()
        self._limits = deque([first])  # the most bytes of each message that is not complete
        self._waiting: asyncio.Future[bytes | bytearray] | None = None
        self._ended: Exception | None = None
        self._misbehaved = misbehaved
        self._loop.add_reader(ours, self._readable)

    @property
    def is_open(self) -> bool:
        """Whether, as far as the task knows, the process is alive and waits for a request."""
        return self._ended is None and not self._limits and not self._messages

    async def send(
        self, buffers: Sequence[bytes], descriptors: Sequence[int] = (), *, answers: Iterable[int] = ()
    ) -> None:
        """Send messages. All but large ones go in one piece, since the process reads everything that it is sent.

        Args:
            buffers: The buffers that make up the messages.
            descriptors: The descriptors of the files that travel with the messages.
            answers: The most bytes that the answer to each message can have.

        Raises:
            OSError: The process is dead and did not read the messages.
        """
        self._limits += answers
        sent = socket.send_fds(self._socket, buffers, descriptors) if descriptors else self._socket.sendmsg(buffers)
        if sent < sum(map(len, buffers)):
            await self._loop.sock_sendall(self._socket, b"".join(buffers)[sent:])

    async def receive(self) -> bytes | bytearray:
        """Return the next message.

        Raises:
            EOFError: The process closed its socket: it is dead.
            OSError: The process is dead and had not read its messages.
            ImproperAnswerError: The process sent more than an answer can have, or something that nobody asked for.
        """
        if self._messages:
            return self._messages.popleft()
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
            self._take(self._socket.recv(_CHUNK))
        except (BlockingIOError, InterruptedError):
            return
        except (EOFError, OSError) as error:
            self._end(error)
        except ImproperAnswerError as error:
            self._misbehaved()
            self._end(error)

    def _take(self, chunk: bytes) -> None:
        """Append more received bytes, and take the messages that are complete now."""
        if not chunk:
            raise EOFError("the process closed its socket")
        if not self._received:
            self._received = chunk
        else:
            if isinstance(self._received, bytes):
                self._received = bytearray(self._received)
            self._received += chunk
        while self._received:
            if not self._limits:
                raise ImproperAnswerError("it sent bytes that nobody asked for")
            if len(self._received) >= protocol.PREFIX.size and protocol.length(self._received) > self._limits[0]:
                raise ImproperAnswerError(f"its answer has more than {self._limits[0]:,} bytes")
            if protocol.missing(self._received):
                return
            self._limits.popleft()
            self._deliver(self._first())

    def _first(self) -> bytes | bytearray:
        """Return the first message, which is complete, and keep the bytes after it."""
        length = protocol.length(self._received)
        if length == len(self._received):
            first, self._received = self._received, b""
        else:
            first, self._received = self._received[:length], self._received[length:]
        return first

    def _deliver(self, message: bytes | bytearray) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(message)
        else:
            self._messages.append(message)

    def _end(self, why: Exception) -> None:
        if self._ended is None:
            self._ended = why
            self._loop.remove_reader(self._socket)
            if self._waiting is not None and not self._waiting.done():
                self._waiting.set_exception(why)
