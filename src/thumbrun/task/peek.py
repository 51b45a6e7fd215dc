"""Whether to look at a large object's first bytes before the rest is read: not where that keeps being in vain. Pure.

A look takes a request of its own, a wait for the store, and 0.16 ms of processor time. With a progressive JPEG it saves
most of the bytes; with the others, which are all that most buckets hold, nothing. Both become the same thumbnail.
"""

_IN_VAIN = 16  # one after the other, until it is taken for the rule
_STILL_LOOKED_AT = 16  # one of so many, to see whether it still is
_LARGEST_UNSEEN = 4 << 20  # bytes; a request more is little beside a larger one


class PeekPolicy:
    """Remembers what looks at JPEG files were good for.

    Of other formats each is looked at: a GIF or TIFF seldom needs to be read whole, and what declares more pixels than
    are allowed is mostly PNG.
    """

    def __init__(self) -> None:
        """Start with looking at each."""
        self._in_vain = 0
        self._unseen = 0

    def should_peek(self, format_: str | None, size: int) -> bool:
        """Whether to look at an object first; counts it.

        Args:
            format_: That its type or name claims.
            size: Of it, in bytes.
        """
        if format_ != "jpeg" or size > _LARGEST_UNSEEN or self._in_vain < _IN_VAIN:
            return True
        self._unseen = (self._unseen + 1) % _STILL_LOOKED_AT
        return not self._unseen

    def record(self, format_: str | None, *, saved: bool) -> None:
        """Take to heart what a look was good for.

        Args:
            format_: As for `should_peek`.
            saved: Whether it saved reading the rest.
        """
        if format_ == "jpeg":
            self._in_vain = 0 if saved else self._in_vain + 1
