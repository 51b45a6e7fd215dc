"""Files without a name: gone with the last process that holds them open, however that process ends.

They lie in memory (memfd_create), which no mount limits as /dev/shm is (64 MB in many containers); a temporary file on
a disk takes 0.06 ms more, and is written to that disk. Some are kept for the next image: their memory is there already,
and in a processor's cache, which takes a third off writing 2 MB (0.31 ms to a new file, 0.12 to one that was kept).

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
class File:
    """A file without a name, ordered by its length.

    Attributes:
        length: Bytes in it, of which the last may be an earlier image's.
        writable: Its descriptor.
        readable: Another, for a process that decodes; the same one where the system has no other.
    """

    length: int
    writable: int = field(compare=False)
    readable: int = field(compare=False)

    def close(self) -> None:
        """Close its descriptors."""
        os.close(self.writable)
        if self.readable != self.writable:
            os.close(self.readable)


class Files:
    """Makes files, and keeps some that are no longer needed for the next."""

    def __init__(self, most: int = _MOST_KEPT) -> None:
        """Start with none.

        Args:
            most: Bytes that those which are kept may have in all.
        """
        self._left = most
        self._kept: list[File] = []

    def take(self, expected: int) -> File:
        """Return a file for about so many bytes: of those kept the smallest that has them, a new one if none is."""
        if not self._kept:
            return _new()
        at = bisect_left(self._kept, expected, key=lambda file: file.length)
        file = self._kept.pop(min(at, len(self._kept) - 1))
        self._left += file.length
        return file

    def give_back(self, file: File) -> None:
        """Keep a file, or close it."""
        if file.length >= self._left or len(self._kept) == _MOST_FILES or file.readable == file.writable:
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


def _new() -> File:
    """Return a file in memory, or a temporary one where a system has no such."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # some containers forbid it
            return _with_reader(os.memfd_create("image", os.MFD_CLOEXEC))
    with tempfile.TemporaryFile(buffering=0) as file:
        descriptor = os.dup(file.fileno())
    return File(0, descriptor, descriptor)


def _with_reader(descriptor: int) -> File:
    readable = descriptor
    with contextlib.suppress(OSError):  # without /proc a file can be opened but once
        readable = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    return File(0, descriptor, readable)
