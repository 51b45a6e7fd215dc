"""Put: create an item's thumbnail where its name is free; where it is not, see whose it is."""

from collections.abc import Callable
from dataclasses import dataclass

import google_crc32c

from thumbrun import formats
from thumbrun.imaging.recipe import Recipe
from thumbrun.imaging.request import Rendered
from thumbrun.marking import CHECKSUM_MARK, Marking
from thumbrun.outcomes import Outcome, Reason, Status, refusal
from thumbrun.planning.plan import Item
from thumbrun.planning.select import RUN_MARK
from thumbrun.storage.base import DamagedError, DeniedError, Entry, ExistsError, NameRefusedError, Store, StoreError

_LOOKS = 3  # creates that are refused with nothing there before it counts as a missing permission


@dataclass(frozen=True, slots=True)
class Work:
    """One item to be worked.

    Attributes:
        shard: The number of its shard.
        index: Its index in the shard.
        item: The item.
    """

    shard: int
    index: int
    item: Item


@dataclass(frozen=True, slots=True)
class Making:
    """What every item of a run has in common.

    Attributes:
        run_id: The run.
        folder: The prefix of its thumbnails in the output store, ending in `/`.
        recipe: What to make.
        max_pixels: Of one image.
        max_bytes: Of one object.
        cache_control: Header of the thumbnails, or None.
        hash_source: Whether the thumbnails carry a hash instead of the source's name.
    """

    run_id: str
    folder: str
    recipe: Recipe
    max_pixels: int
    max_bytes: int
    cache_control: str | None = None
    hash_source: bool = False


class Putter:
    """Creates thumbnails."""

    def __init__(self, output: Store, making: Making, source_uri: Callable[[str], str]) -> None:
        """Prepare.

        Args:
            output: Where thumbnails go.
            making: What all items have in common.
            source_uri: Returns the raw URI of a source's name.
        """
        self._output = output
        self._making = making
        self._marking = Marking(making.run_id, making.recipe.digest(), making.hash_source)
        self._source_uri = source_uri

    def name_problem(self, item: Item) -> str | None:
        """Say why the destination cannot hold the item's thumbnail, or None if it can."""
        return self._output.name_problem(self._name(item))

    async def look(self, work: Work) -> Outcome | None:
        """Return the outcome of an item whose thumbnail's name is taken, None where it is free."""
        existing = await self._output.stat(self._name(work.item))
        return self._existing(work, existing, 0) if existing else None

    async def put(self, work: Work, rendered: Rendered) -> Outcome:
        """Create the thumbnail; where the name is taken, or creating is refused, see what is there.

        Raises:
            StoreError: It can be neither created nor seen.
        """
        item = work.item
        refused: StoreError | None = None
        for _ in range(_LOOKS):
            try:
                await self._output.create(
                    self._name(item),
                    rendered.data,
                    content_type=formats.media_type_of(item.output_format),
                    metadata=self._marks(item) | {CHECKSUM_MARK: f"{google_crc32c.value(rendered.data):08x}"},
                    cache_control=self._making.cache_control,
                )
            except DamagedError as error:
                return refusal(work.shard, work.index, Reason.OUTPUT_DAMAGED, str(error), source_bytes=item.size)
            except NameRefusedError as error:
                return refusal(work.shard, work.index, Reason.NAME_INVALID, str(error), source_bytes=item.size)
            except (ExistsError, DeniedError) as error:
                refused = error
                if existing := await self._output.stat(self._name(item)):
                    return self._existing(work, existing, item.size)
            else:
                return Outcome(
                    work.shard,
                    work.index,
                    Status.DONE,
                    source_bytes=item.size,
                    output_bytes=len(rendered.data),
                    width=rendered.width,
                    height=rendered.height,
                )
        if isinstance(refused, DeniedError):
            raise refused
        raise StoreError(f"{self._output.uri(self._name(item))} can be neither created nor seen") from refused

    def _existing(self, work: Work, existing: Entry, source_bytes: int) -> Outcome:
        """Return the outcome where the thumbnail's name is taken: done if it is this very thumbnail, and whole."""
        marks = self._marks(work.item)
        if all(existing.metadata.get(key) == value for key, value in marks.items()):
            sent, stored = existing.metadata.get(CHECKSUM_MARK), existing.crc32c
            if sent and stored is not None and sent != f"{stored:08x}":
                detail = f"sent with crc32c {sent}, stored with {stored:08x}"
                return refusal(work.shard, work.index, Reason.OUTPUT_DAMAGED, detail, source_bytes=source_bytes)
            return Outcome(work.shard, work.index, Status.DONE, source_bytes=source_bytes, output_bytes=existing.size)
        owner = existing.metadata.get(RUN_MARK)
        detail = f"it holds another thumbnail of run {owner}" if owner else "it holds an object that is not thumbrun's"
        return refusal(work.shard, work.index, Reason.NAME_TAKEN, detail, source_bytes=source_bytes)

    def _marks(self, item: Item) -> dict[str, str]:
        return self._marking.marks(self._source_uri(item.source), item.generation)

    def _name(self, item: Item) -> str:
        return self._making.folder + item.output
