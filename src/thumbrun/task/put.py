"""Creates an item's thumbnails; if a name is taken, checks whose object has it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from crc32c import crc32c

from thumbrun import formats
from thumbrun.imaging.request import Picture, Rendered
from thumbrun.outcomes import Outcome, Reason, Status, precedence, refusal
from thumbrun.planning.plan import Item
from thumbrun.planning.thumbnail_names import Thumbnail, thumbnails_of
from thumbrun.runs.object_metadata import (
    CHECKSUM_MARK,
    GENERATION_MARK,
    MOST_METADATA,
    RUN_MARK,
    ThumbnailMarks,
    fitting,
)
from thumbrun.storage.base import DamagedError, DeniedError, Entry, ExistsError, NameRefusedError, Store, StoreError
from thumbrun.task.item_rules import ItemRules
from thumbrun.task.refusals import RefusedItemError, Side
from thumbrun.task.work_item import WorkItem

_TRIES = 3  # creates that are refused although the name is free, before a permission counts as missing


class Putter:
    """Creates the thumbnails of items.

    Attributes:
        created: How many thumbnails it has created.
    """

    def __init__(self, output: Store, rules: ItemRules, source_uri: Callable[[str], str]) -> None:
        """Set up the putter; nothing is written yet.

        Args:
            output: The store of the thumbnails.
            rules: The settings that all items share.
            source_uri: Returns the raw URI of a source object, given its name.
        """
        self.created = 0
        self._output = output
        self._rules = rules
        self._thumbnail_marks = ThumbnailMarks(rules.run_id, rules.recipe.digest(), rules.hash_source)
        self._source_uri = source_uri

    def name_problem(self, item: Item) -> str | None:
        """Return why the destination cannot hold the item's thumbnails, or None if it can."""
        problems = (self._output.name_problem(self._name(one)) for one in self._thumbnails(item))
        return next((problem for problem in problems if problem), None)

    async def existing_outcome(self, work: WorkItem) -> Outcome | None:
        """Return an item's outcome if all its thumbnails exist, or if another object has the name of one; else None."""
        thumbnails = self._thumbnails(work.item)
        existing = await asyncio.gather(*(self._output.stat(self._name(one)) for one in thumbnails))
        found = [self._existing(work, entry, 0) if entry else None for entry in existing]
        there = [outcome for outcome in found if outcome is not None]
        if len(there) < len(thumbnails) and all(outcome.status is Status.DONE for outcome in there):
            return None
        return _together(thumbnails, found)

    async def put(self, work: WorkItem, rendered: Rendered) -> Outcome:
        """Create the thumbnails; if a name is taken, or a create is refused, check the object that is there.

        The outcome is done only if every thumbnail is there.

        Raises:
            RefusedItemError: The store refuses to create a thumbnail, and there is none.
            StoreError: The store fails.
        """
        outcome = await self._put_all(work, rendered.pictures)
        if outcome.status is not Status.DONE or outcome.made_of != work.item.generation:
            return outcome  # a thumbnail that is there can show another generation than the one that was rendered
        return replace(
            outcome,
            source_width=rendered.source_width,
            source_height=rendered.source_height,
            colour=rendered.colour,
            placeholder=rendered.placeholder,
        )

    async def _put_all(self, work: WorkItem, pictures: Sequence[Picture]) -> Outcome:
        thumbnails = self._thumbnails(work.item)
        if len(thumbnails) == 1:
            return await self._put(work, thumbnails[0], pictures[0])
        if self._rules.live and (mixed := await self._mixed(work, thumbnails)):
            return mixed
        puts = [self._put(work, one, picture) for one, picture in zip(thumbnails, pictures, strict=True)]
        # Wait for all of them, so that a thumbnail need not be created again because another one failed.
        results = await asyncio.gather(*puts, return_exceptions=True)
        outcomes = [None if isinstance(result, BaseException) else result for result in results]
        is_damaged = any(outcome and outcome.reason is Reason.OUTPUT_DAMAGED for outcome in outcomes)
        for result in results:
            # That something wrong lies there counts more than that the store refuses another thumbnail.
            if isinstance(result, BaseException) and not (is_damaged and isinstance(result, RefusedItemError)):
                raise result
        return _together(thumbnails, outcomes)

    async def _mixed(self, work: WorkItem, thumbnails: Sequence[Thumbnail]) -> Outcome | None:
        """Return the refusal of an item some of whose thumbnails show another generation than the live one, or None.

        Only a retry takes the live generation. It creates none of the others then, which would not fit those.
        """
        existing = await asyncio.gather(*(self._output.stat(self._name(one)) for one in thumbnails))
        for thumbnail, entry in zip(thumbnails, existing, strict=True):
            found = self._existing(work, entry, work.item.size) if entry else None
            if found and found.status is Status.DONE and found.made_of != work.item.generation:
                detail = (
                    f"{thumbnail.label} shows the image as it was before it was replaced; delete all thumbnails of the "
                    "image, and a retry makes all of them anew"
                )
                return refusal(work.shard, work.index, Reason.NAME_TAKEN, detail, source_bytes=work.item.size)
        return None

    async def _put(self, work: WorkItem, thumbnail: Thumbnail, picture: Picture) -> Outcome:
        item, name = work.item, self._name(thumbnail)
        refused: StoreError | None = None
        created = self.created
        for _ in range(_TRIES):
            try:
                await self._output.create(
                    name,
                    picture.data,
                    content_type=formats.media_type_of(thumbnail.format),
                    metadata=self._metadata(item, picture),
                    cache_control=self._rules.cache_control,
                )
            except DamagedError as error:
                return refusal(work.shard, work.index, Reason.OUTPUT_DAMAGED, str(error), source_bytes=item.size)
            except NameRefusedError as error:
                return refusal(work.shard, work.index, Reason.NAME_INVALID, str(error), source_bytes=item.size)
            except (ExistsError, DeniedError) as error:
                refused = error
                if existing := await self._output.stat(name):
                    return self._existing(work, existing, item.size)
            else:
                self.created += 1
                return Outcome(
                    work.shard,
                    work.index,
                    Status.DONE,
                    source_bytes=item.size,
                    output_bytes=len(picture.data),
                    width=picture.width,
                    height=picture.height,
                    made_of=item.generation,
                )
        if not isinstance(refused, DeniedError):
            refused = StoreError(f"thumbrun can neither create nor see {self._output.uri(name)}: {refused}")
        raise RefusedItemError(Side.OUTPUT, Reason.OUTPUT_DENIED, refused, created=created)

    def _existing(self, work: WorkItem, existing: Entry, source_bytes: int) -> Outcome:
        """Return the outcome of a thumbnail whose name is taken: done if the object is this thumbnail, and whole.

        It can show another generation of the source, which a retry found live.
        """
        made_of = existing.metadata.get(GENERATION_MARK, "")
        marks = self._marks(work.item._replace(generation=made_of))
        if all(existing.metadata.get(key) == value for key, value in marks.items()):
            sent, stored = existing.metadata.get(CHECKSUM_MARK), existing.crc32c
            if sent and stored is not None and sent != f"{stored:08x}":
                detail = f"it was sent with crc32c {sent} and is stored with {stored:08x}"
                return refusal(work.shard, work.index, Reason.OUTPUT_DAMAGED, detail, source_bytes=source_bytes)
            return Outcome(
                work.shard,
                work.index,
                Status.DONE,
                source_bytes=source_bytes,
                output_bytes=existing.size,
                made_of=made_of,
            )
        owner = existing.metadata.get(RUN_MARK)
        detail = f"run {owner} has a different thumbnail there" if owner else "the object there is not thumbrun's"
        return refusal(work.shard, work.index, Reason.NAME_TAKEN, detail, source_bytes=source_bytes)

    def metadata_remark(self, item: Item) -> str:
        """Return how many of the source's own metadata its thumbnails lack, for want of room; else an empty text."""
        lacking = len(item.metadata) - len(fitting(item.metadata, self._marks_of_any(item)))
        if not lacking:
            return ""
        noun = "key" if lacking == 1 else "keys"
        return f"its thumbnail lacks {lacking} {noun} of its metadata: an object has room for {MOST_METADATA:,} bytes"

    def _metadata(self, item: Item, picture: Picture) -> dict[str, str]:
        """Return the metadata of a thumbnail: its marks, and what it keeps of the source's."""
        marks = self._marks(item) | {CHECKSUM_MARK: f"{crc32c(picture.data):08x}"}
        return fitting(item.metadata, marks) | marks

    def _marks_of_any(self, item: Item) -> dict[str, str]:
        """Return marks as long as those of each thumbnail."""
        return self._marks(item) | {CHECKSUM_MARK: f"{0:08x}"}

    def _marks(self, item: Item) -> dict[str, str]:
        return self._thumbnail_marks.of(self._source_uri(item.source), item.generation)

    def _thumbnails(self, item: Item) -> list[Thumbnail]:
        return thumbnails_of(self._rules.recipe, item)

    def _name(self, thumbnail: Thumbnail) -> str:
        return self._rules.folder + thumbnail.name


def _together(thumbnails: Sequence[Thumbnail], outcomes: Sequence[Outcome | None]) -> Outcome:
    """Combine the outcomes of an item's thumbnails; of several failures, the one that `precedence` chooses counts.

    Args:
        thumbnails: The thumbnails of the item.
        outcomes: The outcome of each; None for one that is missing while another failed.
    """
    if len(outcomes) == 1 and outcomes[0]:
        return outcomes[0]
    known = [(one, outcome) for one, outcome in zip(thumbnails, outcomes, strict=True) if outcome]
    if failed := [(one, outcome) for one, outcome in known if outcome.status is not Status.DONE]:
        thumbnail, failure = min(failed, key=lambda pair: precedence(pair[1], part=""))
        return replace(failure, detail=f"{thumbnail.label}: {failure.detail}")
    done = [outcome for _, outcome in known]
    if len(done) < len(outcomes):
        raise AssertionError(f"{len(done)} of {len(outcomes)} thumbnails exist, but none has failed")
    if len({outcome.made_of for outcome in done}) > 1:
        detail = "some of its thumbnails show another generation of the image than the others"
        return refusal(done[0].shard, done[0].item, Reason.NAME_TAKEN, detail)
    each = tuple(outcome.output_bytes for outcome in done)
    return replace(done[0], output_bytes=sum(each), each=each)
