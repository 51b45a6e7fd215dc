"""The bytes of an object that are known, and the error of asking for others. Pure."""


class MissingError(Exception):
    """Bytes are needed that are not known yet.

    Attributes:
        start: Where they begin.
        end: Where they end, exclusive; within the object.
    """

    def __init__(self, start: int, end: int) -> None:
        super().__init__(f"bytes {start} to {end}")
        self.start = start
        self.end = end


class KnownBytes:
    """Pieces of an object.

    Attributes:
        size: Of the object, in bytes.
    """

    def __init__(self, size: int, head: bytes = b"") -> None:
        """Begin with the first bytes."""
        self.size = size
        self._pieces: list[tuple[int, bytes]] = [(0, head)]

    def add(self, start: int, piece: bytes) -> None:
        """Add a piece; one that continues another is joined with it."""
        for index, (begin, there) in enumerate(self._pieces):
            if begin + len(there) == start:
                self._pieces[index] = (begin, there + piece)
                return
        self._pieces.append((start, piece))

    @property
    def count(self) -> int:
        """How many bytes are known."""
        return sum(len(piece) for _, piece in self._pieces)

    @property
    def head(self) -> bytes:
        """All bytes known from the first on."""
        return self._pieces[0][1]

    def at(self, start: int, end: int) -> bytes:
        """Return the bytes of a range, fewer only where the object ends before it.

        Raises:
            MissingError: They are not known.
        """
        end = min(end, self.size)
        if start >= end:
            return b""
        for begin, piece in self._pieces:
            if begin <= start and end <= begin + len(piece):
                return piece[start - begin : end - begin]
        raise MissingError(start, end)
