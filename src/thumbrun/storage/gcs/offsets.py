"""The range of names that a listing asks Cloud Storage for.

A range that begins just behind a name begins with that name and NUL: no string lies between. Nothing says that Cloud
Storage takes NUL in an offset, so no request holds one. The request asks for the name itself too, and its entry is left
out of the answer.
"""

from collections.abc import Mapping

from thumbrun.storage.base import Entry

_AFTER_NUL = "!"  # an end with this character instead of NUL includes all names that the end with NUL includes

Entries = tuple[Entry, ...]


class Offsets:
    """The names from `start` on and before `end`, as the parameters of a listing.

    Attributes:
        query: The parameters.
        more: The number of entries to ask for beyond those that are wanted.
        first: The first name that the answer can have.
    """

    def __init__(self, prefix: str, start: str, end: str) -> None:
        self._start, self._end = start, end
        first, nul, _ = start.partition("\0")
        last, nul_at_end, _ = end.partition("\0")
        self.more = len(nul)
        self._cut_at_end = bool(nul_at_end)
        self.first = max(prefix, first)
        query = {}
        if first > prefix:
            query["startOffset"] = first
        if end:
            query["endOffset"] = last + _AFTER_NUL if nul_at_end else end
        self.query: Mapping[str, str] = query

    def fitting(self, listed: Entries, limit: int, *, more: bool) -> tuple[Entries, bool]:
        """Return those of the listed entries that belong to the range, at most `limit`, and whether more might follow.

        Args:
            listed: The entries of an answer.
            limit: The most entries to return.
            more: Whether the answer says that more follow.
        """
        if self._cut_at_end and listed and listed[-1].name >= self._end:
            listed, more = tuple(entry for entry in listed if entry.name < self._end), False
        if self.more:
            listed = tuple(entry for entry in listed if entry.name >= self._start)
            listed, more = listed[:limit], more or len(listed) > limit
        return listed, more
