"""An animation: its frames, and the limits within which thumbrun keeps them. Pure."""

from dataclasses import dataclass
from enum import Enum
from typing import IO, Protocol

# The formats of animated thumbnails. A GIF is made of a GIF only, because its times and colours are coarse.
FORMATS = frozenset(("webp", "gif"))
MOST_FRAMES = 500
MOST_READ = 1 << 27  # pixels of all frames of an image; decoding and reducing as many takes some 3 seconds
# Pixels of all frames of all animated thumbnails of an image; their encoder takes some 2 seconds for as many.
MOST_MADE = 1 << 24
LONGEST = 1 << 22  # milliseconds of a frame: 70 minutes; the times of all frames must add up to less than 2^31


class Disposal(Enum):
    """What becomes of a frame before the next one is drawn."""

    KEEP = 0
    CLEAR = 1  # its place becomes transparent
    RESTORE = 2  # its place becomes what it was before


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame, and where its file holds its picture.

    Attributes:
        left: The place of its left edge, in pixels of the animation.
        top: The place of its upper edge.
        width: The width of its picture, in pixels; 0 if it draws nothing.
        height: The height of its picture.
        milliseconds: How long it is shown.
        disposal: What becomes of it before the next one is drawn.
        is_over: Whether one sees what is below its transparent pixels; if not, it replaces that.
        parts: The first byte and the length of each part of its picture in the file.
        control: The control block of a GIF, which says which colour is transparent; else empty.
    """

    left: int
    top: int
    width: int
    height: int
    milliseconds: int
    disposal: Disposal
    is_over: bool
    parts: tuple[tuple[int, int], ...]
    control: bytes = b""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Its left, upper, right and lower edge."""
        return self.left, self.top, self.left + self.width, self.top + self.height


@dataclass(frozen=True, slots=True)
class Animation:
    """An animation.

    Attributes:
        width: The width, as stored, in pixels.
        height: The height, as stored, in pixels.
        plays: How often it is shown; 0 means without an end.
        frames: The frames, at most one more than `MOST_FRAMES`.
        head: What a file of a single frame needs of the whole file; each format has its own use for it.
    """

    width: int
    height: int
    plays: int
    frames: tuple[Frame, ...]
    head: bytes

    @property
    def pixels(self) -> int:
        """The pixels of all frames together, each as large as the animation, or as its picture if that is larger."""
        return sum(max(self.width * self.height, frame.width * frame.height) for frame in self.frames)

    @property
    def largest(self) -> int:
        """The pixels of the largest frame's picture."""
        return max(frame.width * frame.height for frame in self.frames)


class Reader(Protocol):
    """A module that reads the animations of one format."""

    def animation(self, source: IO[bytes]) -> Animation | None:
        """Return the animation in a file, without decoding it; None if the file holds a still picture.

        Raises:
            EOFError: The file is cut short.
            ValueError: The animation is broken.
        """

    def still(self, source: IO[bytes], animation: Animation, frame: Frame) -> bytes:
        """Return a file of the same format that holds the picture of one frame alone."""


def exactly(source: IO[bytes], start: int, length: int) -> bytes:
    """Return some bytes of a file.

    Raises:
        EOFError: The file is cut short.
    """
    source.seek(start)
    found = source.read(length)
    if len(found) < length:
        raise EOFError("the animation is cut short")
    return found
