"""Files without a name. Such a file is gone with the last process that holds it open, however that process ends.

The files are in memory (memfd_create). No mount limits them, unlike /dev/shm (64 MB in many containers). A temporary
file on a disk takes longer, and the system writes its bytes to that disk. thumbrun keeps some files for the next image,
because a kept file takes less time to write: its memory is already there, and in a processor's cache.

For each hand-over the file is opened anew, for reading only. So an attacker who takes a decoding process over cannot
change a later image in the same file, and cannot move the position at which another process reads.
"""

import contextlib
import os
import sys
import tempfile
from bisect import bisect_left, insort
from dataclasses import dataclass, field

_MOST_KEPT = 16 << 20  # bytes of all kept files together
_MOST_FILES = 32  # each file takes a descriptor; a process has about a thousand


@dataclass(order=True)
class MemoryFile:
    """A file without a name. Files compare by their length.

    Attributes:
        length: The number of bytes in the file; the last ones can be an earlier image's.
        writable: The descriptor for writing.
        is_reusable: Whether another image can use the file: no decoding process can write to it.
    """

    length: int
    writable: int = field(compare=False)
    is_reusable: bool = field(compare=False, default=True)

    def opened(self) -> int:
        """Return a new descriptor for one decoding process, which the caller closes.

        It is read-only and has a position of its own, if the system allows that. If not, the file serves no other
        image, so the processes that share its position all have the same image.
        """
        opened, is_apart = reopened(self.writable)
        self.is_reusable = self.is_reusable and is_apart
        return opened

    def close(self) -> None:
        """Close the file, and free its memory, even if a decoding process that was taken over keeps it open."""
        with contextlib.suppress(OSError):
            os.ftruncate(self.writable, 0)
        os.close(self.writable)


def reopened(descriptor: int) -> tuple[int, bool]:
    """Return a new read-only descriptor of an open file, and whether it has a position of its own.

    If the system cannot open a file a second time, both descriptors share the position and the right to write.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # there is no /proc, or a local file can no longer be read
            return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC), True
    return os.dup(descriptor), False


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
    return MemoryFile(0, descriptor)
