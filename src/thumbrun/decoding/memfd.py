"""Files without a name. Such a file is gone with the last process that holds it open, however that process ends.

The files are in memory (memfd_create). No mount limits them, unlike /dev/shm (64 MB in many containers). A temporary
file on a disk takes longer, and the system writes its bytes to that disk. thumbrun keeps some files for the next image,
because a kept file takes less time to write: its memory is already there, and in a processor's cache.

A decoding process gets a read-only descriptor. An attacker who takes the process over cannot change a later image in
the same file.
"""

import contextlib
import os
import sys
import tempfile
from bisect import bisect_left, insort
from dataclasses import dataclass, field

_MOST_KEPT = 16 << 20  # bytes of all kept files together
_MOST_FILES = 32  # each file takes two descriptors; a process has about a thousand


@dataclass(order=True)
class MemoryFile:
    """A file without a name. Files compare by their length.

    Attributes:
        length: The number of bytes in the file; the last ones can be an earlier image's.
        writable: The descriptor for writing.
        readable: The descriptor for a decoding process, once one needed it; `writable` again if the system has no
            other.
    """

    length: int
    writable: int = field(compare=False)
    readable: int | None = field(compare=False, default=None)

    @property
    def is_reusable(self) -> bool:
        """Whether another image can use the file: a decoding process had it, but could only read it."""
        return self.readable is not None and self.readable != self.writable

    def reader(self) -> int:
        """Return a descriptor for a decoding process, read-only if the system allows that."""
        if self.readable is None:
            self.readable = self.writable
            if sys.platform == "linux":
                with contextlib.suppress(OSError):  # without /proc, a file cannot be opened a second time
                    self.readable = os.open(f"/proc/self/fd/{self.writable}", os.O_RDONLY | os.O_CLOEXEC)
        return self.readable

    def close(self) -> None:
        """Close the file's descriptors."""
        os.close(self.writable)
        if self.readable is not None and self.readable != self.writable:
            os.close(self.readable)


class MemoryFiles:
    """Makes files, and keeps some used ones for later images."""

    def __init__(self, most: int = _MOST_KEPT) -> None:
        """Start without any file.

        Args:
            most: The number of bytes that all kept files together may have.
        """
        self._left = most
        self._kept: list[MemoryFile] = []

    def take(self, expected: int) -> MemoryFile:
        """Return a file for about `expected` bytes.

        This is the smallest kept file of at least that length, else the largest kept file, else a new one.
        """
        if not self._kept:
            return _new()
        at = bisect_left(self._kept, expected, key=lambda file: file.length)
        file = self._kept.pop(min(at, len(self._kept) - 1))
        self._left += file.length
        return file

    def give_back(self, file: MemoryFile) -> None:
        """Take a file back: keep it for later, or close it."""
        if file.length >= self._left or len(self._kept) == _MOST_FILES or not file.is_reusable:
            file.close()
        else:
            self._left -= file.length
            insort(self._kept, file)

    def close(self) -> None:
        """Close all kept files, and keep none from now on. Calling it twice is harmless."""
        for file in self._kept:
            file.close()
        self._kept.clear()
        self._left = 0


def _new() -> MemoryFile:
    """Return a new file in memory, or a temporary file if the system has no files in memory."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # some containers forbid it
            return MemoryFile(0, os.memfd_create("image", os.MFD_CLOEXEC))
    with tempfile.TemporaryFile(buffering=0) as file:
        descriptor = os.dup(file.fileno())
    return MemoryFile(0, descriptor, descriptor)
