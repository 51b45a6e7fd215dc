"""Reads a range of one file, or opens all of it for others, and notices if the file changes meanwhile."""

import errno
import os
import stat

from thumbrun.storage.local.generation import generation_of, is_of_generation

_CHUNK = 1 << 18
_REGULAR_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
_IF_IN_MEMORY = getattr(os, "RWF_NOWAIT", None)  # Linux


class FileReading:
    """A file that is being read, by at most one thread at a time. It is an `OpenFile`.

    Attributes:
        begun: Whether the file was opened.
        generation: The generation of the file when it was opened.
        size: The number of bytes of the range, or of the whole file.
    """

    def __init__(self, path: str, start: int, end: int | None) -> None:
        self._path = path
        self._start = start
        self._end = end
        self._descriptor = -1
        self._at = 0
        self._last = 0
        self.begun = False
        self.generation = ""
        self.size = 0

    def open(self) -> bool:
        """Open the file and return whether it is a regular file, not a link, folder or device."""
        try:
            self._descriptor = os.open(self._path, _REGULAR_ONLY)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV):  # a link, a socket, a device
                return False
            raise
        self.begun = True
        status = os.fstat(self._descriptor)
        self.generation = generation_of(status)
        self._at = self._start
        self._last = status.st_size if self._end is None else min(self._end, status.st_size)
        self.size = max(0, self._last - self._start)
        return stat.S_ISREG(status.st_mode)

    def is_of(self, generation: str | None) -> bool:
        """Return whether the open file has the content of a generation; None stands for any."""
        return generation is None or is_of_generation(self.generation, generation)

    def next(self) -> bytes:
        """Return the next bytes, or no bytes at the end of the range or of the file as it was when it was opened."""
        chunk = os.pread(self._descriptor, max(0, min(_CHUNK, self._last - self._at)), self._at)
        self._at += len(chunk)
        return chunk

    def next_into_memory(self) -> bool:
        """Have the system read the next bytes that it does not hold in memory yet; return False if it holds the rest.

        Whoever reads the file then does not wait for a disk.
        """
        while self._at < self._last:
            if not self._is_in_memory():
                return bool(self.next())
            self._at += _CHUNK
        return False

    def _is_in_memory(self) -> bool:
        """Return whether the system holds the next bytes in memory; False if it does not tell."""
        if _IF_IN_MEMORY is None:
            return False
        try:
            return os.preadv(self._descriptor, [bytearray(1)], self._at, _IF_IN_MEMORY) == 1
        except OSError:  # it does not, or this file system cannot tell
            return False

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def has_changed(self) -> bool:
        """Return whether the file has changed since it was opened."""
        return generation_of(os.fstat(self._descriptor)) != self.generation

    def close(self) -> None:
        """Close the file. Calling it twice is harmless."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)
