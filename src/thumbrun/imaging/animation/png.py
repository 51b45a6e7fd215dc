"""Finds the frames of an animated PNG (PNG, third edition, 11.3.6)."""

import struct
import zlib
from typing import IO

from thumbrun.imaging.animation.animation import LONGEST, MOST_FRAMES, Animation, Disposal, Frame, exactly
from thumbrun.imaging.png.chunks import SIGNATURE

_HEAD = struct.Struct(">I4s")
_CONTROL = struct.Struct(">IIIIIHHBB")
_MOST_CHUNKS = 1 << 17
_MOST_KEPT = 1 << 24  # bytes of a chunk that a frame's picture needs: a colour profile
_SEQUENCE = 4  # bytes before the data of a frame's chunk
_NOT_OF_STILL = (b"acTL", b"fcTL", b"fdAT", b"IDAT", b"IEND", b"IHDR")
_OF_ALL = (b"eXIf",)  # behind the pixels, too, it is about all frames


def animation(source: IO[bytes]) -> Animation | None:
    """Return the animation in a PNG; None if it holds less than two frames. See `animation.Reader`.

    The picture that all decoders show is a frame only if it says so.
    """
    reading = _Reading()
    at = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        source.seek(at)
        head = source.read(_HEAD.size)
        if len(head) < _HEAD.size:
            break
        length, name = _HEAD.unpack(head)
        if name == b"IEND" or not reading.take(source, at, length, name):
            break
        at += 12 + length
    return reading.animation()


def still(source: IO[bytes], animation: Animation, frame: Frame) -> bytes:
    """Return a PNG of a single frame. See `animation.Reader`."""
    size = struct.pack(">II", frame.width, frame.height)
    header = _chunk(b"IHDR", size + animation.head[8:13])
    data = [_chunk(b"IDAT", exactly(source, start, length)) for start, length in frame.parts]
    return b"".join((SIGNATURE, header, animation.head[13:], *data, _chunk(b"IEND", b"")))


class _Reading:
    """What the chunks of a file have told so far."""

    def __init__(self) -> None:
        self._header = b""
        self._kept: list[bytes] = []
        self._stated: tuple[int, int] | None = None  # the number of frames, and of plays
        self._controls: list[tuple[int, ...]] = []
        self._parts: list[list[tuple[int, int]]] = []
        self._begun = False  # whether the pixels have begun

    def take(self, source: IO[bytes], at: int, length: int, name: bytes) -> bool:
        """Take in a chunk; return whether more of the file matters.

        Raises:
            EOFError: The file is cut short.
            struct.error: The chunk is too short.
        """
        start = at + _HEAD.size
        if name == b"IHDR":
            self._header = exactly(source, start, 13)
        elif name == b"acTL" and not self._begun:
            frames, plays = struct.unpack(">II", exactly(source, start, 8))
            self._stated = frames, plays
        elif name == b"IDAT":
            if self._stated is None:
                return False
            self._begun = True
            if self._controls:
                self._add(source, start, length)
        elif name == b"fcTL":
            self._controls.append(_CONTROL.unpack(exactly(source, start, _CONTROL.size)))
            self._parts.append([])
            return len(self._controls) <= MOST_FRAMES
        elif name == b"fdAT" and self._controls and length >= _SEQUENCE:
            self._add(source, start + _SEQUENCE, length - _SEQUENCE)
        elif name not in _NOT_OF_STILL and length <= _MOST_KEPT and (not self._begun or name in _OF_ALL):
            self._kept.append(exactly(source, at, 12 + length))
        return True

    def _add(self, source: IO[bytes], start: int, length: int) -> None:
        exactly(source, start + length, 4)  # all of it is there, the checksum included
        self._parts[-1].append((start, length))

    def animation(self) -> Animation | None:
        """Return the animation; None if there is none.

        Raises:
            EOFError: Frames are missing.
            ValueError: Frames lie beyond the picture.
        """
        if self._stated is None or self._stated[0] < 2 or not self._header:
            return None
        if len(self._controls) < min(self._stated[0], MOST_FRAMES + 1) or not all(self._parts[:MOST_FRAMES]):
            raise EOFError("the animation is cut short")
        width, height = struct.unpack(">II", self._header[:8])
        frames = tuple(map(_frame, range(self._stated[0]), self._controls, self._parts))
        if any(frame.box[2] > width or frame.box[3] > height or not frame.width * frame.height for frame in frames):
            raise ValueError("a frame lies beyond the picture")
        return Animation(width, height, self._stated[1], frames, self._header + b"".join(self._kept))


def _frame(number: int, control: tuple[int, ...], parts: list[tuple[int, int]]) -> Frame:
    _, width, height, left, top, time, of, dispose, blend = control
    disposal = {1: Disposal.CLEAR, 2: Disposal.RESTORE if number else Disposal.CLEAR}.get(dispose, Disposal.KEEP)
    milliseconds = min(LONGEST, (2000 * time + (of or 100)) // (2 * (of or 100)))
    return Frame(left, top, width, height, milliseconds, disposal, blend == 1, tuple(parts))


def _chunk(name: bytes, content: bytes) -> bytes:
    return _HEAD.pack(len(content), name) + content + zlib.crc32(content, zlib.crc32(name)).to_bytes(4, "big")
