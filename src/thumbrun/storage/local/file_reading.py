"""Reads a range of one file, and notices if the file changes meanwhile."""

import errno
import os
import stat

from thumbrun.storage.local.generation import generation_of, is_of_generation

_CHUNK = 1 << 18
_REGULAR_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)


class FileReading:
    """A file that is being read, by at most one thread at a time."""

    def __init__(self, path: str, start: int, end: int | None) -> None:
        self._path = path
        self._start = start
        self._end = end
        self._descriptor = -1
        self._left = 0
        self.begun = False
        self.generation = ""

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
        last = status.st_size if self._end is None else min(self._end, status.st_size)
        self._left = max(0, last - self._start)
        if self._start:
            os.lseek(self._descriptor, self._start, os.SEEK_SET)
        return stat.S_ISREG(status.st_mode)

    def is_of(self, generation: str | None) -> bool:
        """Return whether the open file has the content of a generation; None stands for any."""
        return generation is None or is_of_generation(self.generation, generation)

    def next(self) -> bytes:
        """Return the next bytes, or no bytes at the end of the range or of the file as it was when it was opened."""
        chunk = os.read(self._descriptor, min(_CHUNK, self._left))
        self._left -= len(chunk)
        return chunk

    def changed(self) -> bool:
        """Return whether the file has changed since it was opened."""
        return generation_of(os.fstat(self._descriptor)) != self.generation

    def close(self) -> None:
        """Close the file. Calling it twice is harmless."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)
