"""Takes the bytes of an object as they arrive, counts them, and computes their checksum."""

from collections.abc import Callable

from crc32c import crc32c

from thumbrun.decoding.body import Body
from thumbrun.storage.base import Chunk, OpenFile, TransientError

HeadCheck = Callable[[Chunk], None]  # raises an error to end a read


class CheckedSink:
    """Writes bytes to a body, after the bytes that were read before.

    Attributes:
        size: The count of the bytes so far.
        crc32c: Their checksum.
    """

    def __init__(self, body: Body, size: int, head: bytes, check_head: HeadCheck | None) -> None:
        """Begin with the bytes that were read before.

        Args:
            body: The body to write to.
            size: The size of the object, in bytes.
            head: The bytes that were read before.
            check_head: Called with the first bytes when they arrive; can raise an error to end the read.
        """
        self._body = body
        self._most = size
        self._head = head
        self._head_check = check_head
        self.reset()

    @property
    def takes_file(self) -> bool:
        """Whether the body can take the open file of the object, so that nothing needs to be read."""
        return self._body.takes_file and not self._head and self._head_check is None

    def take_file(self, file: OpenFile) -> None:
        """Give the open file of the object to the body."""
        self._body.take_file(file)
        self.size = file.size

    def reset(self) -> None:
        """Forget all bytes but those that were read before."""
        self._body.reset()
        self.size = self.crc32c = 0
        if self._head:
            self.write(self._head)

    def write(self, chunk: Chunk) -> None:
        """Write the next bytes.

        Raises:
            TransientError: They are more than the object has.
        """
        if self._head_check is not None and not self.size:
            self._head_check(chunk)
        self.size += len(chunk)
        if self.size > self._most:
            raise TransientError(f"the store sends more than the {self._most:,} bytes that it lists for an object")
        self._body.write(chunk)
        self.crc32c = crc32c(chunk, self.crc32c)
