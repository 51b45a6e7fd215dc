"""Reads numbers bit by bit from the headers of coded pictures. Pure."""


class Bits:
    """Reads numbers bit by bit, the highest first."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next number of so many bits; raise EOFError at the end."""
        self._left -= count
        if self._left < 0:
            raise EOFError("the header is cut short")
        return self._value >> self._left & ((1 << count) - 1)

    def take_exponential(self) -> int:
        """Return the next number in the exponential code of Golomb (ITU-T H.265, 9.2); raise EOFError at the end."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)
