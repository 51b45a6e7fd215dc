"""The language between a task and its decoding processes: a JSON header and plain bytes, over a socket.

Never pickles: a process that a hostile image has taken over could make whoever unpickles its answer run anything.
"""

import json
import struct
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from thumbrun.imaging.request import NeedsMemory, Picture, Refused, Rendered, Request
from thumbrun.outcomes import Reason

Verdict = Rendered | Refused | NeedsMemory

# Between a task and its fork server.
LAUNCH = struct.Struct("!Qd")  # bytes by which the process may grow, seconds that an image may take
NUMBER = struct.Struct("!i")  # a process id; later minus the signal that it died of, or its exit code

PREFIX = struct.Struct("!II")  # the lengths of header and data, in bytes
MOST_FILES = 4  # whose descriptors travel at once: a decoding process has few
_LONGEST_HEADER = 1 << 16
_LONGEST_DATA = 1 << 28


def frame(header: dict[str, Any], data: bytes = b"") -> list[bytes]:
    """Return a message as buffers to send one after the other."""
    text = json.dumps(header).encode()
    return [PREFIX.pack(len(text), len(data)), text, data]


def missing(received: bytes | bytearray) -> int:
    """Return how many bytes the first message still lacks, 0 when it is whole.

    Raises:
        ValueError: It announces more than any message has.
    """
    if len(received) < PREFIX.size:
        return PREFIX.size - len(received)
    header: int
    data: int
    header, data = PREFIX.unpack_from(received)
    if header > _LONGEST_HEADER or data > _LONGEST_DATA:
        raise ValueError(f"a message of {header} and {data} bytes")
    return max(0, PREFIX.size + header + data - len(received))


def length(received: bytes | bytearray) -> int:
    """Return how many bytes the first message has, of which nothing is missing."""
    header: int
    data: int
    header, data = PREFIX.unpack_from(received)
    return PREFIX.size + header + data


def split(received: bytes | bytearray) -> tuple[dict[str, Any], bytes]:
    """Return header and data of a whole message, whatever is behind it.

    Raises:
        ValueError: It is none.
    """
    length, size = PREFIX.unpack_from(received)
    start = PREFIX.size + length
    header = json.loads(received[PREFIX.size : start])
    if not isinstance(header, dict):
        raise ValueError("a header that is no object")  # noqa: TRY004  (what arrives is a value, not an argument)
    return header, bytes(memoryview(received)[start : start + size])


def ask(request: Request, body: bytes | None) -> list[bytes]:
    """Return the message that asks for a thumbnail; the body is None where its file travels beside it."""
    text = _text(request, body is None)
    return [PREFIX.pack(len(text), len(body or b"")), text, body or b""]


@lru_cache(maxsize=64)
def _text(request: Request, in_file: bool) -> bytes:
    """Return a request's header; nearly all images of a run are asked for in the same words."""
    return json.dumps({**asdict(request), "in_file": in_file}).encode()


def asked(header: dict[str, Any]) -> tuple[Request, bool]:
    """Return the request of a message's header, and whether the body is in a file."""
    in_file = header.pop("in_file")
    return Request(**{**header, "smaller": tuple((width, height) for width, height in header["smaller"])}), in_file


def answer(verdict: Verdict) -> list[bytes]:
    """Return the message that answers."""
    match verdict:
        case Rendered():
            size = {"width": verdict.width, "height": verdict.height}
            source = {"width": verdict.source_width, "height": verdict.source_height, "format": verdict.source_format}
            parts = [[picture.width, picture.height, len(picture.data)] for picture in verdict.smaller]
            data = b"".join(picture.data for picture in verdict.pictures) if parts else verdict.data
            return frame({"size": size, "source": source, "smaller": parts}, data)
        case Refused():
            return frame({"reason": verdict.reason.value, "detail": verdict.detail})
        case NeedsMemory():
            return frame({"needs": verdict.bytes})


def answered(received: bytes | bytearray) -> Verdict:
    """Return the verdict of a message, each of its parts checked for its type.

    Raises:
        ValueError, KeyError, TypeError: It is no answer.
    """
    header, data = split(received)
    if "reason" in header:
        return Refused(Reason(header["reason"]), str(header["detail"]))
    if "needs" in header:
        return NeedsMemory(int(header["needs"]))
    size, source = header["size"], header["source"]
    smaller = [(int(width), int(height), int(length)) for width, height, length in header["smaller"]]
    first = len(data) - sum(length for _, _, length in smaller)
    if first < 0 or any(length < 0 for _, _, length in smaller):
        raise ValueError("pictures of other lengths than were sent")
    others, at = [], first
    for width, height, length in smaller:
        others.append(Picture(data[at : at + length], width, height))
        at += length
    return Rendered(
        data[:first],
        int(size["width"]),
        int(size["height"]),
        int(source["width"]),
        int(source["height"]),
        str(source["format"]),
        tuple(others),
    )
