"""How much a task takes on at once, in bytes.

The memory setting M bounds what bodies and decoded pictures take together: a quarter for bodies, the rest for
decoding. Beside it the processes themselves take some 75 MiB, 35 MiB for each decoding process, and files that are
kept for later bodies 16 MiB.

    bodies held            <= M / 4
    decoded pictures       <= 3 M / 4, of which each decoding process has an equal share; a picture gets an eighth of
                              one, so that some are at hand when a process has decoded another; one whose header
                              declares more waits until that much is free, and is refused if it never can be
    a body beyond M / 4       has the task to itself: it waits until nothing else is held, and what it leaves of M
                              may be used to decode it; beyond M / 2 only a part of it can be had

So bodies and decoded pictures never exceed M, whatever the bucket holds.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from thumbrun.concurrency import Budget

_AT_HAND = 8  # pictures a process


class Admission:
    """Decides when a body may be fetched and a picture decoded."""

    def __init__(self, memory: int, renderer: int) -> None:
        """Divide `memory` bytes among bodies and `workers` decoding processes."""
        self._memory = memory
        self._bodies = Budget(memory // 4)
        self._decoding = Budget(memory - memory // 4)
        self._share = self._decoding.capacity // renderer
        self.largest_body = memory // 2

    @asynccontextmanager
    async def body(self, size: int) -> AsyncIterator["MemoryGrant"]:
        """Hold a body of `size` bytes, waiting until there is room.

        Raises:
            ValueError: It is larger than `largest_body`.
        """
        if size > self.largest_body:
            raise ValueError(f"{size} bytes of {self.largest_body}")
        if size <= self._bodies.capacity:
            async with self._bodies.take(size):
                yield MemoryGrant(self._share // _AT_HAND, self._share, self._decoding.capacity, self._decoding)
        else:
            # Whoever decodes holds a body, so with all of the bodies' part nobody decodes: this can not wait for ever.
            async with self._bodies.take(self._bodies.capacity), self._decoding.take(self._decoding.capacity):
                left = self._memory - size
                yield MemoryGrant(left, left, left, None)


@dataclass(frozen=True, slots=True)
class MemoryGrant:
    """A body that is held, and what its decoding may take.

    Attributes:
        first: Bytes to ask for at first, which are enough for nearly all.
        share: Bytes to ask for where more is needed than the header says.
        most: Bytes that may be asked for at most.
    """

    first: int
    share: int
    most: int
    _decoding: Budget | None

    @asynccontextmanager
    async def decoding(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes for a decoded picture, waiting until they are free.

        Raises:
            ValueError: More than `most` was asked for.
        """
        if size > self.most:
            raise ValueError(f"{size} bytes of {self.most}")
        if self._decoding is None:
            yield
        else:
            async with self._decoding.take(size):
                yield
