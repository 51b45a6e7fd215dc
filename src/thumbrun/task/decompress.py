"""Decompresses the body of an object that is stored with gzip, within bounds on both forms."""

import asyncio
import zlib
from collections.abc import Callable, Iterator

from thumbrun.decoding.body import Body
from thumbrun.outcomes import Reason
from thumbrun.task.unfit import UnfitError

_CHUNK = 1 << 20  # bytes to decompress at once
_MAGIC = b"\x1f\x8b"  # the first bytes of a member
_GZIP = 31  # zlib's number for members with header and checksum


async def decompressed(body: Body, new_body: Callable[[int], Body], most_bytes: int, room: int) -> Body:
    """Return a new body with the decompressed bytes. The caller closes both bodies.

    Args:
        body: The compressed bytes.
        new_body: Returns a body for about so many bytes.
        most_bytes: The most bytes that the decompressed form may have.
        room: The most bytes that memory has left for it beside the compressed form.

    Raises:
        UnfitError: The bytes are not gzip, end early, or are too many.
    """
    plain = new_body(min(most_bytes, room, 4 * body.size))
    members = _Members()
    try:
        for chunk in body.chunks(_CHUNK):
            for made in members.inflated(chunk):
                _check_size(plain.size + len(made), most_bytes, room)
                plain.write(made)
            await asyncio.sleep(0)  # other items go on
        if not members.at_end:
            raise UnfitError(Reason.TRUNCATED, "its gzip stream ends early")  # noqa: TRY301  (the body must be closed)
    except zlib.error as error:
        plain.close()
        raise UnfitError(Reason.UNREADABLE, f"its contentEncoding is gzip, its bytes are not: {error}") from error
    except BaseException:
        plain.close()
        raise
    return plain


class _Members:
    """Decompresses the members of a gzip file, which follow each other (RFC 1952, 2.2).

    As gzip does, it ignores what follows the last one: zeros that fill a block, or anything else that begins no member.

    Attributes:
        at_end: Whether a member has ended, and no other one has begun.
    """

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=_GZIP)
        self._between = b""  # what came since the last member, if that can be the beginning of another one
        self._is_over = False
        self.at_end = False

    def inflated(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what a chunk is when decompressed, a few bytes at a time.

        Raises:
            zlib.error: The bytes are not gzip.
        """
        while chunk and not self._is_over:
            if self.at_end:
                chunk = self._next_member(chunk)
                continue
            yield self._member.decompress(chunk, _CHUNK)
            chunk = self._member.unconsumed_tail
            if self._member.eof:
                chunk, self.at_end = self._member.unused_data, True

    def _next_member(self, chunk: bytes) -> bytes:
        """Return the bytes of the next member; nothing if no member begins there, or if it is not clear yet."""
        self._between += chunk
        if len(self._between) < len(_MAGIC) and _MAGIC.startswith(self._between):
            return b""
        found, self._between = self._between, b""
        if not found.startswith(_MAGIC):
            self._is_over = True
            return b""
        self._member = zlib.decompressobj(wbits=_GZIP)
        self.at_end = False
        return found


def _check_size(size: int, most_bytes: int, room: int) -> None:
    """Raise UnfitError if a decompressed body has too many bytes."""
    if size > most_bytes:
        limit = f"--max-bytes / THUMBRUN_MAX_BYTES is {most_bytes:,}"
        raise UnfitError(Reason.TOO_LARGE, f"decompressed it has too many bytes; {limit}")
    if size > room:
        raise UnfitError(
            Reason.OUT_OF_MEMORY,
            f"decompressed it has more than the {room:,} bytes that --memory / THUMBRUN_MEMORY leaves for it",
        )
