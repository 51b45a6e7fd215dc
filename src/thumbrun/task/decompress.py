"""Decompresses the body of an object that is stored with gzip, within bounds on both forms."""

import asyncio
import zlib
from collections.abc import Callable, Iterator

from thumbrun.decoding.body import Body
from thumbrun.outcomes import Reason
from thumbrun.task.unfit import UnfitError

_CHUNK = 1 << 20  # bytes to decompress at once


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
    decompressor = zlib.decompressobj(wbits=31)
    try:
        for chunk in body.chunks(_CHUNK):
            for made in _inflated(decompressor, chunk):
                _check_size(plain.size + len(made), most_bytes, room)
                plain.write(made)
            await asyncio.sleep(0)  # other items go on
        if not decompressor.eof:
            raise UnfitError(Reason.TRUNCATED, "its gzip stream ends early")  # noqa: TRY301  (the body must be closed)
    except zlib.error as error:
        plain.close()
        raise UnfitError(Reason.UNREADABLE, f"its contentEncoding is gzip, its bytes are not: {error}") from error
    except BaseException:
        plain.close()
        raise
    return plain


def _inflated(decompressor: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
    """Yield what a chunk is when decompressed, a few bytes at a time."""
    while chunk and not decompressor.eof:
        yield decompressor.decompress(chunk, _CHUNK)
        chunk = decompressor.unconsumed_tail


def _check_size(size: int, most_bytes: int, room: int) -> None:
    """Raise UnfitError if a decompressed body has too many bytes."""
    if size > most_bytes:
        raise UnfitError(Reason.TOO_LARGE, f"it has more than {most_bytes:,} bytes when decompressed")
    if size > room:
        raise UnfitError(
            Reason.OUT_OF_MEMORY,
            f"decompressed it has more than the {room:,} bytes that --memory / THUMBRUN_MEMORY leaves for it",
        )
