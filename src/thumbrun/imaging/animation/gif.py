"""Finds the frames of an animated GIF (GIF89a, 17 to 26; NETSCAPE2.0 is the block that says how often it is shown)."""

from typing import IO

from thumbrun.imaging.animation.animation import MOST_FRAMES, Animation, Disposal, Frame, exactly

_HEADER = 13
_IMAGE, _EXTENSION, _CONTROL, _APPLICATION = 0x2C, 0x21, 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_TRAILER = b";"
_MOST_BLOCKS = 1 << 21  # of data; usually of 255 bytes each
_DISPOSALS = {2: Disposal.CLEAR, 3: Disposal.RESTORE}
_NO_CONTROL = bytes((_EXTENSION, _CONTROL, 4, 0, 0, 0, 0, 0))


def animation(source: IO[bytes]) -> Animation | None:
    """Return the animation in a GIF; None if it holds less than two frames. See `animation.Reader`."""
    head = exactly(source, 0, _HEADER)
    head += exactly(source, _HEADER, _table(head[10]))
    frames, plays = _frames(_Walk(source, len(head)), MOST_FRAMES + 1)
    if len(frames) < 2:
        return None
    width, height = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    _, _, right, lower = frames[0].box  # browsers, too, make room for the first picture
    return Animation(max(width, right), max(height, lower), plays, tuple(frames), head)


def still(source: IO[bytes], animation: Animation, frame: Frame) -> bytes:
    """Return a GIF of a single frame. See `animation.Reader`."""
    size = frame.width.to_bytes(2, "little") + frame.height.to_bytes(2, "little")
    head = animation.head
    screen = b"GIF89a" + size + head[10:11] + bytes(2) + head[_HEADER:]
    ((start, length),) = frame.parts
    flags = exactly(source, start, 1)
    picture = exactly(source, start + 1, length - 1)
    return b"".join((screen, frame.control, bytes((_IMAGE,)), bytes(4), size, flags, picture, _TRAILER))


def only_picture(source: IO[bytes]) -> bytes:
    """Return the compressed pixels of the only picture of a GIF, which has no colours of its own."""
    head = exactly(source, 0, _HEADER)
    frame = _frames(_Walk(source, _HEADER + _table(head[10])), 1)[0][0]
    ((start, length),) = frame.parts
    return exactly(source, start + 1, length - 1)


def _frame(walk: "_Walk", control: bytes) -> Frame:
    place = walk.take(8)
    left, top, width, height = (int.from_bytes(place[at : at + 2], "little") for at in (0, 2, 4, 6))
    start = walk.at
    walk.take(_table(walk.take(1)[0]) + 1)  # its own colours, and the bits of a code
    walk.skip_data()
    if not width or not height:
        width = height = 0
    return Frame(
        *(left, top, width, height),
        milliseconds=10 * int.from_bytes(control[4:6], "little"),
        disposal=_DISPOSALS.get(control[3] >> 2 & 7, Disposal.KEEP),
        is_over=True,
        parts=((start, walk.at - start),),
        control=control,
    )


def _frames(walk: "_Walk", most: int) -> tuple[list[Frame], int]:
    """Return the frames, at most so many, and how often all of them are shown."""
    frames: list[Frame] = []
    plays, control = 1, _NO_CONTROL
    while len(frames) < most:
        kind = walk.take(1, at_end=True)
        if kind == bytes((_EXTENSION,)):
            label = walk.take(1)[0]
            start = walk.at
            walk.skip_data()
            if label == _CONTROL:
                control = bytes((_EXTENSION, label)) + walk.again(start, 6)
            elif label == _APPLICATION:
                plays = _plays(walk.again(start, min(17, walk.at - start)), plays)
        elif kind == bytes((_IMAGE,)):
            frames.append(_frame(walk, control))
            control = _NO_CONTROL
        else:
            break  # the end, or what nobody knows
    return frames, plays


def _plays(block: bytes, plays: int) -> int:
    """Return how often the animation is shown, by an application block, which counts the times after the first."""
    if block[:1] != b"\x0b" or block[1:12] not in _LOOPS or len(block) < 16 or block[12:14] != b"\x03\x01":
        return plays
    repeated = int.from_bytes(block[14:16], "little")
    return repeated + 1 if repeated else 0


def _table(flags: int) -> int:
    """Return the size of the colour table that flags announce, in bytes."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


class _Walk:
    """Walks through a file.

    Attributes:
        at: The position of the next byte.
    """

    def __init__(self, source: IO[bytes], at: int) -> None:
        self.at = at
        self._source = source
        self._left = _MOST_BLOCKS

    def again(self, start: int, length: int) -> bytes:
        """Return bytes that lie behind."""
        return exactly(self._source, start, length)

    def take(self, count: int, *, at_end: bool = False) -> bytes:
        """Return the next bytes; if `at_end`, the file can end here.

        Raises:
            EOFError: The file ends before.
        """
        self._source.seek(self.at)
        found = self._source.read(count)
        if len(found) < count and not at_end:
            raise EOFError("the animation is cut short")
        self.at += len(found)
        return found

    def skip_data(self) -> None:
        """Skip blocks of data, up to the empty one that ends them.

        Raises:
            EOFError: The file ends before that.
            ValueError: They are too many.
        """
        while length := self.take(1)[0]:
            self.at += length
            self._left -= 1
            if not self._left:
                raise ValueError("the animation is in too many pieces")
