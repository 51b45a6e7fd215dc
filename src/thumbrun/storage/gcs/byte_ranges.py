"""A range of an object's bytes: the HTTP request for it, and its part of an answer (RFC 9110, 14). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from thumbrun.storage.base import Chunk

WHOLE, PART, BEYOND = 200, 206, 416  # the statuses of an answer: a server is free to ignore a range

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` to before `end`; an `end` of None is the object's end."""

    start: int
    end: int | None

    @property
    def all(self) -> bool:
        """Whether the range is the whole object, whatever its size."""
        return self.start == 0 and self.end is None

    @property
    def header(self) -> str:
        """The value of the `Range` header, which includes the last byte."""
        return f"bytes={self.start}-{'' if self.end is None else self.end - 1}"

    def begins(self, status: int, headers: Mapping[str, str]) -> int:
        """Return the position in the object of the first byte of an answer.

        Args:
            status: The status of the answer.
            headers: The headers of the answer, with names in lower case.

        Raises:
            ValueError: The answer holds another range than thumbrun asked for.
        """
        if status != PART:
            return 0
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        if not found or int(found[1]) != self.start:
            raise ValueError(f"asked for bytes {self.start} to {self.end}, got {headers.get('content-range')}")
        after = int(found[2]) + 1
        if after != self.end and (found[3] == "*" or after != int(found[3])):
            raise ValueError(f"asked for bytes {self.start} to {self.end}, got {headers.get('content-range')}")
        return self.start

    def is_behind(self, at: int) -> bool:
        """Whether the range ends before a position in the object."""
        return self.end is not None and at > self.end

    def of(self, at: int, chunk: Chunk) -> Chunk:
        """Return the part of a chunk that belongs to the range, if the chunk starts at position `at` of the object."""
        if at >= self.start and (self.end is None or at + len(chunk) <= self.end):
            return chunk
        last = len(chunk) if self.end is None else max(0, self.end - at)
        return chunk[max(0, self.start - at) : last]
