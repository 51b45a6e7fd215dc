"""Limits the memory that the bodies and decoded pictures of a task take at once, in bytes.

The memory setting M bounds bodies and decoded pictures together: a quarter is for bodies, the rest is for decoding.
More memory comes on top (`memory_of_task`): about 75 MiB for the processes themselves, 35 MiB for each decoding
process, 16 MiB for the files that are kept for later bodies, and 16 MiB for finished thumbnails.

    bodies held            <= M / 4
    decoded pictures       <= 3 M / 4. Each decoding process has an equal share. A picture gets an eighth of a share, so
                              that the next ones are ready when a process has decoded one. If its header declares
                              more, it waits until that much is free; thumbrun refuses it if that can never be.
    a body beyond M / 4       has the task to itself: it waits until nothing else is held. Its decoding can use what
                              the body leaves of M. Beyond M / 2, thumbrun can read only a part of it.

    finished thumbnails       wait for the store outside of M if 16 MiB hold them. Thumbnails for which there is no room
                              yet keep the memory in which they were made, so that the decoders wait for the store.

So bodies and decoded pictures together never exceed M, whatever the bucket holds.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from thumbrun.concurrency import Budget

_AT_HAND = 8  # pictures that can be ready for each process
FINISHED = 16 << 20  # bytes of thumbnails on their way to the store
_ITSELF, _A_WORKER = ((75 + 16) << 20) + FINISHED, 35 << 20


def memory_of_task(memory: int, workers: int) -> int:
    """Return about how many bytes a task takes at most, with the memory setting's `memory` bytes and its processes."""
    return memory + _ITSELF + _A_WORKER * workers


def share(memory: int, workers: int) -> int:
    """Return the bytes for decoding that each of `workers` processes has, of the memory setting's `memory` bytes."""
    return (memory - memory // 4) // workers


class Admission:
    """Decides when a body may be fetched and when a picture may be decoded.

    Attributes:
        largest_body: The most bytes of a body.
        largest_of_several: The most bytes of a body that is held beside others.
    """

    def __init__(self, memory: int, workers: int, finished: int = FINISHED) -> None:
        """Divide `memory` bytes among bodies and `workers` decoding processes; beside them, keep `finished` bytes."""
        self._memory = memory
        self.largest_of_several = memory // 4
        self._bodies = Budget(self.largest_of_several)
        self._decoding = Budget(memory - memory // 4)
        self._finished = Budget(finished)
        self._share = share(memory, workers)
        self.largest_body = memory // 2

    @asynccontextmanager
    async def body(self, size: int) -> AsyncIterator["MemoryGrant"]:
        """Hold a body of `size` bytes; wait until there is room.

        Raises:
            ValueError: The body is larger than `largest_body`.
        """
        if size > self.largest_body:
            raise ValueError(f"the body has {size} bytes, the limit is {self.largest_body}")
        if size <= self._bodies.capacity:
            async with self._bodies.take(size):
                first, most = self._share // _AT_HAND, self._decoding.capacity
                yield MemoryGrant(first, self._share, most, self._finished, self._decoding)
        else:
            # Every decoding holds a body. Once this holds all memory for bodies, nothing decodes, so the wait ends.
            async with AsyncExitStack() as alone:
                for budget in (self._bodies, self._decoding):
                    await alone.enter_async_context(budget.take(budget.capacity))
                left = self._memory - size
                yield MemoryGrant(left, left, left, self._finished, None, alone)


@dataclass(frozen=True, slots=True)
class MemoryGrant:
    """The permission to hold a body, and the memory that its decoding can take.

    Attributes:
        first: The bytes to ask for first; nearly all pictures need no more.
        share: The bytes to ask for if the decoder needs more than the header says.
        most: The most bytes that can be asked for.
    """

    first: int
    share: int
    most: int
    _finished: Budget
    _decoding: Budget | None
    _alone: AsyncExitStack | None = None  # holds all memory, for a body that has the task to itself

    @asynccontextmanager
    async def decoding(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes for a decoded picture; wait until they are free.

        Raises:
            ValueError: `size` is more than `most`.
        """
        if size > self.most:
            raise ValueError(f"decoding asks for {size} bytes, the limit is {self.most}")
        if self._decoding is None:
            yield
        else:
            async with self._decoding.take(size):
                yield

    async def keep(self, size: int, decoding: AsyncExitStack, kept: AsyncExitStack) -> None:
        """Hold thumbnails of `size` bytes; wait until there is room, and leave them their decoding's memory until then.

        Args:
            size: The bytes of the thumbnails.
            decoding: Holds the memory of their decoding.
            kept: Gets what holds the thumbnails: the room, or that memory if there can never be room.
        """
        if size <= self._finished.capacity:
            await kept.enter_async_context(self._finished.take(size))
        else:
            kept.push_async_exit((self._alone or decoding).pop_all())
