"""The messages between a task and its decoding processes: a JSON header and plain bytes, over a socket.

They are never pickles: a hostile image that took over a process could make the task run any code when it unpickles an
answer.
"""

import json
import struct
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from thumbrun.imaging.request import MOST_BYTES, Encoding, NeedsMemory, Refused, Rendered, Request
from thumbrun.imaging.shape import Shape

Verdict = Rendered | Refused | NeedsMemory

# Between a task and its fork server.
LAUNCH = struct.Struct("!Qd")  # bytes by which the process may grow, seconds that an image may take
NUMBER = struct.Struct("!i")  # a process id; later its exit code, or minus the signal that it died of

PREFIX = struct.Struct("!II")  # the lengths of header and data, in bytes
MOST_FILES = 4  # files whose descriptors travel at once; a decoding process can open few
_LONGEST_HEADER = 1 << 16
_LONGEST_DATA = MOST_BYTES


def frame(header: dict[str, Any], data: bytes = b"") -> list[bytes]:
    """Return a message as buffers to send one after another."""
    text = json.dumps(header).encode()
    return [PREFIX.pack(len(text), len(data)), text, data]


def missing(received: bytes | bytearray) -> int:
    """Return how many bytes the first message still lacks, 0 if it is complete.

    Raises:
        ValueError: The message announces more bytes than any message has.
    """
    if len(received) < PREFIX.size:
        return PREFIX.size - len(received)
    header: int
    data: int
    header, data = PREFIX.unpack_from(received)
    if header > _LONGEST_HEADER or data > _LONGEST_DATA:
        raise ValueError(f"the message is too long: {header} bytes of header, {data} bytes of data")
    return max(0, PREFIX.size + header + data - len(received))


def length(received: bytes | bytearray) -> int:
    """Return the length in bytes of the first message, which must be complete."""
    header: int
    data: int
    header, data = PREFIX.unpack_from(received)
    return PREFIX.size + header + data


def parts(received: bytes | bytearray) -> tuple[bytes | bytearray, bytes]:
    """Return the header's text and the data of the first message, which must be complete; ignore bytes after it."""
    length, size = PREFIX.unpack_from(received)
    start = PREFIX.size + length
    return received[PREFIX.size : start], bytes(memoryview(received)[start : start + size])


def split(received: bytes | bytearray) -> tuple[dict[str, Any], bytes]:
    """Return the header and data of a request, which a decoding process reads; `answers` reads what it says."""
    text, data = parts(received)
    header: dict[str, Any] = json.loads(text)
    return header, data


def ask(request: Request, body: bytes | None) -> list[bytes]:
    """Return the message that requests a thumbnail; the body is None if its file travels with the message."""
    text = _text(request, body is None)
    return [PREFIX.pack(len(text), len(body or b"")), text, body or b""]


@lru_cache(maxsize=64)
def _text(request: Request, in_file: bool) -> bytes:
    """Return a request's header. Nearly all images of a run have the same one."""
    return json.dumps({**asdict(request), "in_file": in_file}).encode()


def asked(header: dict[str, Any]) -> tuple[Request, bool]:
    """Return the request in a message's header, and whether the body is in a file."""
    in_file = header.pop("in_file")
    smaller = tuple((width, height) for width, height in header["smaller"])
    further = tuple(Encoding(*encoding) for encoding in header["further"])
    shape = Shape(**header["shape"])
    return Request(**{**header, "smaller": smaller, "further": further, "shape": shape}), in_file
