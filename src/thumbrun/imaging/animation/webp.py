"""Finds the frames of an animated WebP (RFC 9649, 2.7)."""

import struct
from typing import IO

from thumbrun.imaging.animation.animation import LONGEST, MOST_FRAMES, Animation, Disposal, Frame, exactly

_HEAD = struct.Struct("<4sI")
_FIRST = 12  # the position of the first chunk
_ANIMATED, _ALPHA = 0x02, 0x10  # flags of VP8X; those of metadata do not matter to the decoder
_CONTROL = 16  # bytes of a frame's chunk before its picture
_MOST_CHUNKS = 1 << 16
_OF_ALL = (b"ICCP", b"EXIF")
_MOST_KEPT = 1 << 24  # bytes of such a chunk


def animation(source: IO[bytes]) -> Animation | None:
    """Return the animation in a WebP; None if it holds less than two frames. See `animation.Reader`."""
    source.seek(0)
    head = source.read(30)
    if head[12:16] != b"VP8X" or len(head) < 30 or not head[20] & _ANIMATED:
        return None
    width, height = 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    end = 8 + int.from_bytes(head[4:8], "little")
    exactly(source, end - 1, 1)
    plays, frames, kept = 1, list[Frame](), list[bytes]()
    at = _FIRST
    for _ in range(_MOST_CHUNKS):
        if at + _HEAD.size > end or len(frames) > MOST_FRAMES:
            break
        name, length = _HEAD.unpack(exactly(source, at, _HEAD.size))
        if name == b"ANIM":
            plays = int.from_bytes(exactly(source, at + 12, 2), "little")
        elif name == b"ANMF":
            frames.append(_frame(source, at + _HEAD.size, length))
        elif name in _OF_ALL and length <= _MOST_KEPT:
            kept.append(exactly(source, at, _HEAD.size + length + length % 2))
        at += _HEAD.size + length + length % 2
    if len(frames) < 2:
        return None
    if any(frame.box[2] > width or frame.box[3] > height for frame in frames):
        raise ValueError("a frame lies beyond the picture")
    return Animation(width, height, plays, tuple(frames), b"".join(kept))


def still(source: IO[bytes], animation: Animation, frame: Frame) -> bytes:
    """Return a WebP of a single frame. See `animation.Reader`."""
    ((start, length),) = frame.parts
    picture = exactly(source, start, length)
    flags = 0 if picture[:4] == b"VP8 " else _ALPHA
    size = (frame.width - 1).to_bytes(3, "little") + (frame.height - 1).to_bytes(3, "little")
    extended = _HEAD.pack(b"VP8X", 10) + bytes((flags, 0, 0, 0)) + size
    content = b"WEBP" + extended + animation.head + picture
    return _HEAD.pack(b"RIFF", len(content)) + content


def _frame(source: IO[bytes], start: int, length: int) -> Frame:
    control = exactly(source, start, _CONTROL)
    left, top, width, height, milliseconds = (int.from_bytes(control[at : at + 3], "little") for at in range(0, 15, 3))
    exactly(source, start + length - 1, 1)
    return Frame(
        *(2 * left, 2 * top, 1 + width, 1 + height),
        milliseconds=min(LONGEST, milliseconds),
        disposal=Disposal.CLEAR if control[15] & 1 else Disposal.KEEP,
        is_over=not control[15] & 2,
        parts=((start + _CONTROL, length - _CONTROL),),
    )
