"""Decides whether to peek at a large object: to read its first bytes before the rest. Pure.

A peek takes a request, a wait for the store and some processor time. It saves most of the bytes of a progressive JPEG,
and none of the other JPEGs, which are all that most buckets hold. So thumbrun peeks at few objects once many peeks have
saved nothing. The thumbnail is the same with and without a peek.
"""

from thumbrun.planning.shards import IN_VAIN, STILL_PEEKED_AT, always_peeked


class PeekPolicy:
    """Remembers whether peeks at JPEG files saved anything.

    thumbrun peeks at every object of another format: a GIF or TIFF seldom has to be read whole, and most images that
    declare too many pixels are PNG.
    """

    def __init__(self) -> None:
        """Start by peeking at every object."""
        self._in_vain = 0
        self._unpeeked = 0

    def should_peek(self, format_: str | None, size: int) -> bool:
        """Return whether to peek at an object, and count the object.

        Args:
            format_: The format that its content type or name claims.
            size: The size of the object, in bytes.
        """
        if always_peeked(size, format_) or self._in_vain < IN_VAIN:
            return True
        self._unpeeked = (self._unpeeked + 1) % STILL_PEEKED_AT
        return not self._unpeeked

    def record(self, format_: str | None, *, saved: bool) -> None:
        """Record whether a peek saved anything.

        Args:
            format_: The format, as for `should_peek`.
            saved: Whether the rest did not have to be read.
        """
        if format_ == "jpeg":
            self._in_vain = 0 if saved else self._in_vain + 1
