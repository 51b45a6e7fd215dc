"""Open a thumbnail that was made before, and say what is wrong with it."""

from thumbrun.concurrency import Budget
from thumbrun.decoding.pool import Renderer
from thumbrun.imaging.geometry import Box
from thumbrun.imaging.recipe import Recipe
from thumbrun.imaging.request import NeedsMemory, Refused, Rendered, Request
from thumbrun.outcomes import Outcome, Reason
from thumbrun.storage.base import Chunk, NotFoundError, Sink, Store
from thumbrun.verification.findings import FindingKind, Problem


class DecodeCheck:
    """Reads thumbnails and has them decoded, all of them, in processes that hold no credentials."""

    def __init__(self, store: Store, renderer: Renderer, recipe: Recipe, memory: int) -> None:
        """Prepare.

        Args:
            store: Where they lie.
            renderer: Decodes them.
            recipe: What they were made by.
            memory: Bytes that thumbnails on their way may take together, and decoding one of them.
        """
        self._store = store
        self._renderer = renderer
        self._recipe = recipe
        self._bytes = Budget(memory)
        # One pixel is made of a thumbnail: all of it is decoded for that, and hardly anything encoded.
        self._request = Request(
            width=1,
            height=1,
            output_format="png",
            quality=1,
            max_pixels=recipe.width * recipe.height,
            memory=memory,
        )

    async def wrong(self, name: str, format_: str, outcome: Outcome, box: Box | None = None) -> Problem | None:
        """Return what is wrong with a thumbnail, or None.

        Args:
            name: Of the object.
            format_: That it should be of.
            outcome: Of its item, done, with the bytes of this thumbnail.
            box: That it must fit; None: the recipe's largest.

        Raises:
            StoreError, DecoderPoolError: It cannot be told.
        """
        size = outcome.output_bytes
        async with self._bytes.take(min(size, self._bytes.capacity)):
            body = self._renderer.body(size)
            try:
                await self._store.read(name, _AtMost(size, body))
                if body.size < size:
                    return Problem(FindingKind.WRONG_LENGTH, f"{body.size:,} bytes, not {size:,}")
                verdict = await self._renderer.render(body, self._request)
            except _TooLongError:
                return Problem(FindingKind.WRONG_LENGTH, f"more than {size:,} bytes")
            except NotFoundError:
                return Problem(FindingKind.MISSING)
            finally:
                body.close()
        return self._judged(verdict, format_, outcome, box or self._recipe.boxes[0])

    def _judged(
        self, verdict: Rendered | Refused | NeedsMemory, format_: str, outcome: Outcome, box: Box
    ) -> Problem | None:
        match verdict:
            case Refused(reason=Reason.TOO_MANY_PIXELS):
                return Problem(FindingKind.WRONG_SIZE, verdict.detail)
            case Refused():
                return Problem(FindingKind.UNREADABLE, f"{verdict.reason}: {verdict.detail}")
            case NeedsMemory():
                return Problem(FindingKind.UNREADABLE, f"decoding takes {verdict.bytes:,} bytes")
        width, height = verdict.source_width, verdict.source_height
        if verdict.source_format != format_:
            return Problem(FindingKind.WRONG_FORMAT, f"{verdict.source_format}, not {format_}")
        if width > box[0] or height > box[1]:
            return Problem(FindingKind.WRONG_SIZE, f"{width} x {height} pixels, the box has {box[0]} x {box[1]}")
        if outcome.width and (width, height) != (outcome.width, outcome.height):
            return Problem(FindingKind.WRONG_SIZE, f"{width} x {height} pixels, not {outcome.width} x {outcome.height}")
        return None


class _TooLongError(Exception):
    """More bytes came than a thumbnail is to have."""


class _AtMost:
    """A sink that takes no more than so many bytes: what lies under a name may have been replaced meanwhile."""

    def __init__(self, size: int, sink: Sink) -> None:
        self._size = size
        self._sink = sink
        self._taken = 0

    def reset(self) -> None:
        """Forget what was written."""
        self._taken = 0
        self._sink.reset()

    def write(self, chunk: Chunk) -> None:
        """Take the next bytes."""
        self._taken += len(chunk)
        if self._taken > self._size:
            raise _TooLongError
        self._sink.write(chunk)
