"""A part of an object's bytes: how HTTP asks for it, and what of an answer belongs to it (RFC 9110, 14). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from thumbrun.storage.base import Chunk

WHOLE, PART, BEYOND = 200, 206, 416  # the statuses of an answer: a server may ignore what was asked

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` to before `end`, None for the object's end."""

    start: int
    end: int | None

    @property
    def all(self) -> bool:
        """Whether it is the whole object, whatever its size."""
        return self.start == 0 and self.end is None

    @property
    def header(self) -> str:
        """What a `Range` header says, inclusive of the last byte."""
        return f"bytes={self.start}-{'' if self.end is None else self.end - 1}"

    def begins(self, status: int, headers: Mapping[str, str]) -> int:
        """Return the place in the object of the first byte of an answer.

        Args:
            status: Its own.
            headers: Its own, their names in lower case.

        Raises:
            ValueError: It is another part than was asked for.
        """
        if status != PART:
            return 0
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        if not found or int(found[1]) != self.start:
            raise ValueError(f"bytes {self.start} to {self.end} were asked for, {headers.get('content-range')} came")
        after = int(found[2]) + 1
        if after != self.end and (found[3] == "*" or after != int(found[3])):
            raise ValueError(f"bytes {self.start} to {self.end} were asked for, {headers.get('content-range')} came")
        return self.start

    def of(self, at: int, chunk: Chunk) -> Chunk:
        """Return what belongs to the range, of a chunk that begins at a place in the object."""
        if at >= self.start and (self.end is None or at + len(chunk) <= self.end):
            return chunk
        last = len(chunk) if self.end is None else max(0, self.end - at)
        return chunk[max(0, self.start - at) : last]
