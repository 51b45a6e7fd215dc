"""The answers of a decoding process: one closed schema, written and read here.

An attacker who takes a decoding process over chooses every byte of its answers. So the task accepts exactly what an
honest process can say about the request, and nothing else:

| header | meaning |
|---|---|
| `{"ready": true, "confined": …}` | the process can take requests, and whether the system confines it; once, at first |
| `{"took": [decode, encode], …}` | what the image took in the process, in microseconds; in each of the following |
| `{"reason": …, "detail": …}` | a refusal, for a reason in `_REASONS`; the detail is one short printable line |
| `{"needs": …}` | a number of bytes, more than the request allows |
| `{"source": [width, height, format], "pictures": [[width, height, bytes], …]}` | the thumbnails |
| `… "remark": …}` | after these, if the image has one: its place in `REMARKS` |
| `… "colour": …}` | after these, if the thumbnail has one: its dominant colour, in the form of `appearance` |
| `… "placeholder": …}` | after these, if the request asks for one: the placeholder, in the form of `appearance` |

A thumbnail must begin like a file of the requested format. The answer and the thumbnail's own header must state the
size that the geometry gives for the source. An answer that breaks a rule is an `ImproperAnswerError`.

Nothing here can tell whether the process states its times truly. Whoever uses them compares them with the time that it
waited for the answer (`task.stopwatch`).
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NoReturn

from thumbrun import formats
from thumbrun.decoding import protocol
from thumbrun.imaging import sniff
from thumbrun.imaging.animation.animation import MOST_FRAMES, MOST_MADE
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.looks.appearance import is_colour, is_placeholder
from thumbrun.imaging.partial import dispatch
from thumbrun.imaging.partial.known_bytes import KnownBytes, MissingError
from thumbrun.imaging.request import (
    REMARKS,
    NeedsMemory,
    Picture,
    Refused,
    Rendered,
    Request,
    Took,
    too_many_pixels,
)
from thumbrun.outcomes import SKIPS, Reason

MOST_READY = 128  # bytes of the message that a process sends first
_MOST_HEADER = 4096  # bytes; a detail of 200 characters takes up to 2,400
_HEADER_OF_PICTURE = 64  # bytes that each picture adds to the header
_MOST_DETAIL = 300  # characters
_DEEPEST = 2  # lists within the object
_MOST_MEMORY = 1 << 50  # bytes; no machine has as many
_MOST_SIDE = 1 << 31
_MOST_MICROSECONDS = 1 << 40  # twelve days; the time limit of an image is shorter, but does not count pauses
# A thumbnail that is larger than this is none: noise with alpha takes most, 5.3 bytes a pixel as AVIF of quality 100.
_OVERHEAD, _BYTES_A_PIXEL = 1 << 16, 6
_OVERHEAD_OF_FRAMES = _OVERHEAD + (MOST_FRAMES << 10)  # each frame of a GIF has a table of colours
_MORE = frozenset(("remark", "colour", "placeholder"))
_REASONS = {
    reason.value: reason
    for reason in (
        *(Reason.UNSUPPORTED, Reason.NOT_AN_IMAGE, Reason.UNREADABLE, Reason.TRUNCATED),
        *(Reason.TOO_MANY_PIXELS, Reason.OUT_OF_MEMORY),
    )
}


class ImproperAnswerError(Exception):
    """A decoding process said something that is no answer to its request. Somebody else controls it."""


def write(verdict: protocol.Verdict) -> list[bytes]:
    """Return the message that carries a verdict."""
    took = {"took": [_microseconds(verdict.took.decode), _microseconds(verdict.took.encode)]}
    match verdict:
        case Rendered():
            source = [verdict.source_width, verdict.source_height, verdict.source_format]
            pictures = [[picture.width, picture.height, len(picture.data)] for picture in verdict.pictures]
            data = b"".join(picture.data for picture in verdict.pictures) if verdict.others else verdict.data
            more: dict[str, Any] = {"remark": REMARKS.index(verdict.remark)} if verdict.remark else {}
            more |= {"colour": verdict.colour} if verdict.colour else {}
            more |= {"placeholder": verdict.placeholder} if verdict.placeholder else {}
            return protocol.frame(took | {"source": source, "pictures": pictures, **more}, data)
        case Refused():
            return protocol.frame(took | {"reason": verdict.reason.value, "detail": verdict.detail})
        case NeedsMemory():
            return protocol.frame(took | {"needs": min(verdict.bytes, _MOST_MEMORY)})


def longest(request: Request) -> int:
    """Return the most bytes that the answer to a request can have."""
    thumbnails = request.thumbnails
    still = sum(
        _most_bytes(request.shape.largest(box)) for box, encoding in thumbnails if not request.animates(encoding)
    )
    moving = [request.shape.largest(box) for box, encoding in thumbnails if request.animates(encoding)]
    most = still + len(moving) * _OVERHEAD_OF_FRAMES + _BYTES_A_PIXEL * _pixels_of_frames(moving)
    return protocol.PREFIX.size + _MOST_HEADER + len(thumbnails) * _HEADER_OF_PICTURE + most


def read(message: bytes | bytearray, request: Request) -> protocol.Verdict:
    """Return the verdict in a complete message.

    Raises:
        ImproperAnswerError: The message is no answer to the request.
    """
    text, data = protocol.parts(message)
    header = _parsed(text, _MOST_HEADER + len(request.thumbnails) * _HEADER_OF_PICTURE)
    match header:
        case {"took": [decode, encode], **verdict}:
            return replace(_verdict(verdict, data, request), took=Took(_seconds(decode), _seconds(encode)))
    raise ImproperAnswerError("its answer has no known form")


def _verdict(header: dict[Any, Any], data: bytes, request: Request) -> protocol.Verdict:
    match header:
        case {"source": source, "pictures": pictures, **others} if others.keys() <= _MORE:
            return _with_more(_rendered(source, pictures, data, request), others, request)
        case {"reason": str(reason), "detail": str(detail), **others} if not others and not data:
            return _refused(reason, detail, request)
        case {"needs": needed, **others} if not others and not data:
            return NeedsMemory(_number(needed, request.memory + 1, _MOST_MEMORY))
    raise ImproperAnswerError("its answer has no known form")


def _with_more(rendered: Rendered, header: dict[Any, Any], request: Request) -> Rendered:
    """Return the thumbnails with what an answer says of the image beside them."""
    remark, colour, placeholder = header.get("remark"), header.get("colour", ""), header.get("placeholder", "")
    if "colour" in header and not (isinstance(colour, str) and is_colour(colour)):
        raise ImproperAnswerError("its colour is none")
    if request.placeholder:
        if not isinstance(placeholder, str) or not is_placeholder(placeholder, request.placeholder):
            raise ImproperAnswerError(f"its placeholder is no {request.placeholder}")
    elif "placeholder" in header:
        raise ImproperAnswerError("it gives a placeholder that was not requested")
    told = request.remarks[_number(remark, 0, len(request.remarks) - 1)] if "remark" in header else ""
    return replace(rendered, remark=told, colour=colour, placeholder=placeholder)


def _microseconds(seconds: float) -> int:
    return min(max(0, round(seconds * 1e6)), _MOST_MICROSECONDS)


def _seconds(microseconds: Any) -> float:
    return _number(microseconds, 0, _MOST_MICROSECONDS) / 1e6


def write_ready(confined: bool) -> list[bytes]:
    """Return the first message of a process."""
    return protocol.frame({"ready": True, "confined": confined})


def read_ready(message: bytes | bytearray) -> bool:
    """Return whether the system confines a process, from its first message.

    Raises:
        ImproperAnswerError: It is another message.
    """
    text, data = protocol.parts(message)
    match _parsed(text, MOST_READY):
        case {"ready": True, "confined": bool(confined), **others} if not others and not data:
            return confined
    raise ImproperAnswerError("its first message has no known form")


def _refused(reason: str, detail: str, request: Request) -> Refused:
    if reason not in _REASONS or (request.claimed and _REASONS[reason] in SKIPS):
        raise ImproperAnswerError("it gives a reason that is not a decoder's to give")
    if len(detail) > _MOST_DETAIL or not detail.isprintable():
        raise ImproperAnswerError("its detail is not one short line")
    return Refused(_REASONS[reason], detail)


def _rendered(source: Any, pictures: Any, data: bytes, request: Request) -> Rendered:
    match source:
        case [across, down, str(name)] if name in formats.BY_NAME:
            size = _number(across, 1, _MOST_SIDE), _number(down, 1, _MOST_SIDE)
        case _:
            raise ImproperAnswerError("it does not tell the size and format of the source")
    if too_many_pixels(*size, request.max_pixels):
        raise ImproperAnswerError("it decoded more pixels than max-pixels allows")
    if not isinstance(pictures, list) or len(pictures) != len(request.thumbnails):
        raise ImproperAnswerError("it does not have one thumbnail for each box in each encoding")
    made, at = [], 0
    for picture, (box, encoding) in zip(pictures, request.thumbnails, strict=True):
        expected = request.shape.placement(*size, box).size
        match picture:
            case [width, height, length] if (width, height) == expected:
                most = _most_bytes(expected, animated=request.animates(encoding))
                end = at + _number(length, 1, min(most, len(data) - at))
            case _:
                raise ImproperAnswerError(f"a thumbnail does not have {expected[0]} x {expected[1]} pixels")
        made.append(_checked(data if end - at == len(data) else data[at:end], expected, encoding.format))
        at = end
    if at != len(data):
        raise ImproperAnswerError("the lengths of the thumbnails do not match the data")
    first, *others = made
    return Rendered(first.data, first.width, first.height, *size, name, tuple(others))


def _checked(data: bytes, size: Box, output_format: str) -> Picture:
    """Return a thumbnail, if its own header states the format and size that it must have."""
    if sniff.format_of(data[: sniff.HEAD]) != output_format:
        raise ImproperAnswerError(f"a thumbnail does not begin like {output_format}")
    try:
        stated = dispatch.declared_size(KnownBytes(len(data), data))
    except MissingError:
        stated = None
    if stated != size:
        raise ImproperAnswerError(f"a thumbnail's header does not state {size[0]} x {size[1]} pixels")
    return Picture(data, *size)


def _most_bytes(size: Box, *, animated: bool = False) -> int:
    if animated:
        return _OVERHEAD_OF_FRAMES + _BYTES_A_PIXEL * _pixels_of_frames([size])
    return _OVERHEAD + _BYTES_A_PIXEL * size[0] * size[1]


def _pixels_of_frames(boxes: Iterable[Box]) -> int:
    return min(MOST_MADE, MOST_FRAMES * sum(width * height for width, height in boxes))


def _number(value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:  # a bool is an int
        raise ImproperAnswerError("a number is none, or out of bounds")
    return value


def _parsed(text: bytes | bytearray, most: int) -> Any:
    """Parse a header. It has no fractions, no infinities, no name twice, and few levels."""
    if len(text) > most:
        raise ImproperAnswerError("its header is too long")
    if text.count(b"[") > _DEEPEST and _depth(text) > _DEEPEST:
        raise ImproperAnswerError("its header is too deep")
    try:
        return _DECODER.decode(text.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise ImproperAnswerError("its header is no JSON") from error


def _depth(text: bytes | bytearray) -> int:
    """Return how deep lists are nested, outside of strings. Objects do not nest in a proper header."""
    depth = deepest = 0
    quoted = escaped = False
    for byte in text:
        if quoted:
            quoted = escaped or byte != 0x22
            escaped = not escaped and byte == 0x5C
        elif byte == 0x22:
            quoted = True
        else:
            depth += (byte == 0x5B) - (byte == 0x5D)
            deepest = max(deepest, depth)
    return deepest


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"not allowed: {text[:20]}")


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    header: dict[str, Any] = {}
    for name, value in pairs:
        if name in header:
            raise ValueError("a name occurs twice")
        header[name] = value
    return header


_DECODER = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse, object_pairs_hook=_once)
