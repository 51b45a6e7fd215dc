"""Open an existing thumbnail, and report what is wrong with it."""

import math

from crc32c import crc32c

from thumbrun.concurrency import Budget
from thumbrun.console import counted
from thumbrun.decoding.pool import Renderer
from thumbrun.imaging.geometry import Box, box_name
from thumbrun.imaging.recipe import Recipe
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Outcome, Reason
from thumbrun.runs.object_metadata import CHECKSUM_MARK
from thumbrun.storage.base import Chunk, NotFoundError, Sink, Store
from thumbrun.verification.findings import FindingKind, Problem


class DecodeCheck:
    """Reads thumbnails and decodes them completely, in processes that hold no credentials."""

    def __init__(self, store: Store, renderer: Renderer, recipe: Recipe, memory: int) -> None:
        """Set up the check.

        Args:
            store: The store that holds the thumbnails.
            renderer: Decodes the thumbnails.
            recipe: The recipe that made the thumbnails.
            memory: How many bytes the thumbnails in memory may take together, and the decoding of one thumbnail.
        """
        self._store = store
        self._renderer = renderer
        self._recipe = recipe
        self._bytes = Budget(memory)
        # The check makes one pixel from a thumbnail. That decodes all of it, and encodes hardly anything.
        self._request = Request(
            width=1,
            height=1,
            output_format="png",
            quality=1,
            max_pixels=max(math.prod(recipe.shape.largest(box)) for box in recipe.boxes),
            memory=memory,
        )

    async def wrong(self, name: str, format_: str, outcome: Outcome, box: Box | None = None) -> Problem | None:
        """Return what is wrong with a thumbnail, or None.

        Args:
            name: The name of the object.
            format_: The format that it should have.
            outcome: The outcome of its item, which is done, with the size of this thumbnail in bytes.
            box: The box that it was made for; None: the recipe's largest box.

        Raises:
            StoreError, DecoderPoolError: The thumbnail cannot be checked.
        """
        size = outcome.output_bytes
        async with self._bytes.take(min(size, self._bytes.capacity)):
            body = self._renderer.body(size)
            sink = _AtMost(size, body)
            try:
                stated = await self._store.read(name, sink)
                if body.size < size:
                    return Problem(FindingKind.WRONG_LENGTH, f"it has {counted(body.size, 'byte')} instead of {size:,}")
                if stated is None and await self._sent(name) not in (None, f"{sink.crc32c:08x}"):
                    return Problem(FindingKind.DAMAGED)
                verdict = await self._renderer.render(body, self._request)
            except _TooLongError:
                return Problem(FindingKind.WRONG_LENGTH, f"it has more than {counted(size, 'byte')}")
            except NotFoundError:
                return Problem(FindingKind.MISSING)
            finally:
                body.close()
        return self._judged(verdict, format_, outcome, box or self._recipe.boxes[0])

    async def _sent(self, name: str) -> str | None:
        """Return the checksum of the bytes that thumbrun sent, as the thumbnail's own metadata hold it."""
        entry = await self._store.stat(name)
        return entry.metadata.get(CHECKSUM_MARK) if entry else None

    def _judged(
        self, verdict: Rendered | Refused | NeedsMemory, format_: str, outcome: Outcome, box: Box
    ) -> Problem | None:
        match verdict:
            case Refused(reason=Reason.TOO_MANY_PIXELS):
                return Problem(FindingKind.WRONG_SIZE, verdict.detail)
            case Refused():
                return Problem(FindingKind.UNREADABLE, f"{verdict.reason}: {verdict.detail}")
            case NeedsMemory():
                return Problem(FindingKind.UNREADABLE, f"decoding it needs {counted(verdict.bytes, 'byte')} of memory")
        width, height = verdict.source_width, verdict.source_height
        if verdict.source_format != format_:
            return Problem(FindingKind.WRONG_FORMAT, f"its format is {verdict.source_format} instead of {format_}")
        if not self._recipe.shape.allows((width, height), box):
            detail = f"it has {width} x {height} pixels, which the box {box_name(box)} does not allow"
            return Problem(FindingKind.WRONG_SIZE, detail)
        if outcome.width and (width, height) != (outcome.width, outcome.height):
            detail = f"it has {width} x {height} pixels instead of {outcome.width} x {outcome.height}"
            return Problem(FindingKind.WRONG_SIZE, detail)
        return None


class _TooLongError(Exception):
    """The object has more bytes than its outcome says."""


class _AtMost:
    """A sink that refuses bytes beyond a limit, because the object might have been replaced by a larger one.

    Attributes:
        crc32c: The checksum of all bytes so far.
    """

    def __init__(self, size: int, sink: Sink) -> None:
        self._size = size
        self._sink = sink
        self._taken = 0
        self.crc32c = 0

    def reset(self) -> None:
        """Forget all bytes so far."""
        self._taken = self.crc32c = 0
        self._sink.reset()

    def write(self, chunk: Chunk) -> None:
        """Take the next bytes."""
        self._taken += len(chunk)
        if self._taken > self._size:
            raise _TooLongError
        self.crc32c = crc32c(chunk, self.crc32c)
        self._sink.write(chunk)
