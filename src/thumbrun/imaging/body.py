"""An image's bytes on their way to a decoding process: small ones through its pipe, larger ones in a mapped file.

Shared memory is not used: containers often have 64 MB of it, and beyond that a write kills the process.
"""

import tempfile
from mmap import ACCESS_READ, mmap
from pathlib import Path

IN_MEMORY = 64 * 1024  # below this, copying through a pipe costs less than making a file


class Body:
    """Takes an image's bytes as they arrive, and hands them over once.

    Attributes:
        size: Bytes written so far.
    """

    def __init__(self, expected: int, folder: Path) -> None:
        """Prepare.

        Args:
            expected: Bytes that will come, which decides where they are kept.
            folder: For the file.
        """
        self._chunks: list[bytes] = []
        self._file = (
            tempfile.NamedTemporaryFile(dir=folder, buffering=0) if expected > IN_MEMORY else None  # noqa: SIM115
        )
        self.size = 0

    def reset(self) -> None:
        """Forget what was written."""
        self._chunks.clear()
        self.size = 0
        if self._file:
            self._file.seek(0)
            self._file.truncate()

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.size += len(chunk)
        if not self._file:
            self._chunks.append(chunk)
            return
        view = memoryview(chunk)
        while view:
            view = view[self._file.write(view) :]

    def read(self) -> bytes:
        """Return all bytes."""
        if not self._file:
            return b"".join(self._chunks)
        return Path(self._file.name).read_bytes()

    def handed_over(self) -> bytes | str:
        """Return what a decoding process opens with `opened`: the bytes, or the path of their file."""
        return self._file.name if self._file else b"".join(self._chunks)

    def close(self) -> None:
        """Forget the bytes and remove the file. Calling it twice is harmless."""
        self._chunks.clear()
        if self._file:
            self._file.close()


def opened(handed_over: bytes | str) -> bytes | mmap:
    """Return the bytes that were handed over, mapped and not copied where they are in a file."""
    if isinstance(handed_over, bytes):
        return handed_over
    with Path(handed_over).open("rb") as file:
        try:
            return mmap(file.fileno(), 0, access=ACCESS_READ)
        except ValueError:  # an empty file cannot be mapped
            return b""
