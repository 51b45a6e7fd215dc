"""The known bytes of an object, and the error that asks for more. Pure."""


class MissingError(Exception):
    """Bytes are needed that are not known yet.

    Attributes:
        start: Where the missing bytes begin.
        end: Where the missing bytes end, exclusive; this is within the object.
    """

    def __init__(self, start: int, end: int) -> None:
        super().__init__(f"bytes {start} to {end} are needed")
        self.start = start
        self.end = end


class KnownBytes:
    """The known pieces of an object.

    Attributes:
        size: The size of the object, in bytes.
    """

    def __init__(self, size: int, head: bytes = b"") -> None:
        """Begin with the first bytes of the object."""
        self.size = size
        self._pieces: list[tuple[int, bytes]] = [(0, head)]

    def add(self, start: int, piece: bytes) -> None:
        """Add a piece, and join it with the piece that it continues, if any."""
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
        """All known bytes from the first one up to the first gap."""
        return self._pieces[0][1]

    def at(self, start: int, end: int) -> bytes:
        """Return the bytes of a range, fewer only if the object ends before it does.

        Raises:
            MissingError: The bytes are not known.
        """
        return bytes(self.view(start, end))

    def view(self, start: int, end: int) -> memoryview:
        """Return the bytes of a range without a copy, fewer only if the object ends before it does.

        Raises:
            MissingError: The bytes are not known.
        """
        end = min(end, self.size)
        if start >= end:
            return memoryview(b"")
        for begin, piece in self._pieces:
            if begin <= start and end <= begin + len(piece):
                return memoryview(piece)[start - begin : end - begin]
        raise MissingError(start, end)
