"""Makes the cells of a report: of chosen items, their rows of the plan and their thumbnails, within bounds."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from thumbrun import formats
from thumbrun.concurrency import BoundedGroup
from thumbrun.console import shortened
from thumbrun.imaging.recipe import Recipe
from thumbrun.outcomes import Status
from thumbrun.planning.plan import Item, Plan, read_some_items
from thumbrun.planning.thumbnail_names import recorded_name
from thumbrun.reporting.content import Cell, Slow
from thumbrun.reporting.gather import MOST_CELLS, Chosen, Gathered
from thumbrun.reporting.html_text import attribute
from thumbrun.runs.record_forms import TIMES
from thumbrun.runs.record_names import RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.settings.planning_inputs import run_folder
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import Chunk, Store, StoreError

_SHOWN = 128  # the side of a small tile, in pixels
_SHARDS_AT_ONCE = 24
_LONGEST_NAME, _LONGEST_DETAIL = 300, 500  # characters
_NAMES_SHOWN = 3  # how often a name stands in the HTML of a tile
_TILE = 700  # bytes of its other HTML
_MOST_BYTES = 3_000_000  # of the contact sheet in the page, thumbnails and names
_MOST_THUMBNAIL = 300_000  # bytes of one thumbnail
_THUMBNAILS_AT_ONCE = 48
_SECONDS_A_THUMBNAIL, _SECONDS = 10.0, 30.0  # to read one, and all of them; then the page goes without
_HASH_SHOWN = 16  # hexadecimal digits of what stands for a name


class CellReader:
    """Makes cells of chosen items: reads their rows of the plan, and their thumbnails.

    Attributes:
        names_hidden: Whether the run's settings keep names private.
    """

    def __init__(
        self,
        settings: Settings,
        state: RecordStore,
        output: Store,
        run: RunNames,
        plan: Plan,
        notes: Mapping[str, str],
    ) -> None:
        """Set up the reader; nothing is read yet.

        Args:
            settings: The settings of the run.
            state: The store of the run's records.
            output: The store of its thumbnails.
            run: The names of its records.
            plan: Its plan.
            notes: Notes on some images, by their paths below the source.
        """
        self._settings = settings
        self._state = state
        self._output = output
        self._run = run
        self._plan = plan
        self._notes = notes
        self._number = shown(settings.recipe)
        self.names_hidden = settings.source_metadata == "hash"
        self._items: dict[tuple[int, int], Item] = {}

    async def read(self, gathered: Gathered) -> tuple[list[Cell], list[Slow]]:
        """Return the cells of the contact sheet, failures first, and the slowest items."""
        refused = [*gathered.failed.in_turn(), *gathered.skipped.in_turn()]
        made = list(gathered.done.in_turn())[: MOST_CELLS - len(refused)]
        await self._read_items([*refused, *made, *gathered.slowest])
        chosen = [*refused, *made]
        cells = await self._filled(chosen, [self._cell(one) for one in chosen])
        order = sorted(
            range(len(cells)),
            key=lambda place: (
                cells[place].status is not Status.FAILED,
                chosen[place].outcome.shard,
                chosen[place].outcome.item,
            ),
        )
        slow = [
            Slow(self._cell(one), {name: getattr(one.outcome.timing, name) for name in TIMES})
            for one in gathered.slowest
        ]
        return [cells[place] for place in order], slow

    async def _read_items(self, chosen: Iterable[Chosen]) -> None:
        """Read the rows of the plan that belong to some items; what cannot be read stays unknown."""
        wanted: dict[int, set[int]] = defaultdict(set)
        for one in chosen:
            wanted[one.outcome.shard].add(one.outcome.item)

        async def read(shard: int, indices: set[int]) -> None:
            name = self._run.shard(self._plan.planner, self._plan.shards[shard].label)
            try:
                items = await read_some_items(self._state, name, sorted(indices))
            except (RecordError, StoreError):
                return
            self._items.update({(shard, index): item for index, item in items.items()})

        async with BoundedGroup(_SHARDS_AT_ONCE) as group:
            for shard, indices in wanted.items():
                await group.start(read(shard, indices))

    def _cell(self, chosen: Chosen) -> Cell:
        outcome = chosen.outcome
        item = self._items.get((outcome.shard, outcome.item))
        path = chosen.source.removeprefix(self._settings.source.prefix) or chosen.source
        done = outcome.status is Status.DONE
        named = done and not self.names_hidden
        sized = done and self._number < len(self._settings.recipe.formats)
        return Cell(
            source=self._private(chosen.source) if self.names_hidden else shortened(path, _LONGEST_NAME),
            output=shortened(self._output_name(chosen), _LONGEST_NAME) if named else "",
            status=outcome.status,
            reason=outcome.reason,
            detail="" if self.names_hidden else shortened(outcome.detail, _LONGEST_DETAIL),
            note=self._notes.get(path, ""),
            width=outcome.width if sized else 0,
            height=outcome.height if sized else 0,
            source_width=outcome.source_width,
            source_height=outcome.source_height,
            colour=outcome.colour,
            placeholder=outcome.placeholder,
            source_bytes=item.size if item else outcome.source_bytes,
            output_bytes=self._bytes_of(chosen),
            format=(item.format or "") if item else "",
            media_type=formats.media_type_of(item.output_format) if item else "",
        )

    def _private(self, source: str) -> str:
        """Return what stands for a name: the beginning of the hash that the thumbnail's mark holds, too."""
        location = self._settings.source
        uri = replace(location, prefix="").uri() + source
        return hashlib.sha256(uri.encode("utf-8", "surrogateescape")).hexdigest()[:_HASH_SHOWN]

    def _output_name(self, chosen: Chosen) -> str:
        """Return the name, below the run's folder, of the thumbnail that the page shows."""
        return recorded_name(self._settings.recipe, chosen.row, self._number)

    def _bytes_of(self, chosen: Chosen) -> int:
        """Return the size of the thumbnail that the page shows, or 0 if the ledger does not tell."""
        outcome = chosen.outcome
        return outcome.each[self._number] if self._number < len(outcome.each) else outcome.output_bytes

    async def _filled(self, chosen: Sequence[Chosen], cells: Sequence[Cell]) -> list[Cell]:
        """Return the cells with their thumbnails, and only as many as the page can hold."""
        left, taken = _MOST_BYTES, list[Cell]()
        for cell in cells:
            left -= _TILE + _NAMES_SHOWN * len(attribute(cell.source).encode()) + cell.output_bytes * 4 // 3
            if left < 0:
                break
            taken.append(cell)

        loop = asyncio.get_running_loop()
        end = loop.time() + _SECONDS

        async def fill(place: int) -> None:
            until = min(end, loop.time() + _SECONDS_A_THUMBNAIL)
            taken[place] = await self._with_thumbnail(chosen[place], taken[place], until)

        async with BoundedGroup(_THUMBNAILS_AT_ONCE) as group:
            for place, cell in enumerate(taken):
                if cell.status is Status.DONE and cell.media_type and 0 < cell.output_bytes <= _MOST_THUMBNAIL:
                    await group.start(fill(place))
        return taken

    async def _with_thumbnail(self, chosen: Chosen, cell: Cell, until: float) -> Cell:
        """Return a cell with its thumbnail, if that is still there, has its size, and is read by a time of the loop."""
        name = run_folder(self._settings, self._plan.run_id) + self._output_name(chosen)
        sink = _Exactly(cell.output_bytes)
        try:
            async with asyncio.timeout_at(until):
                await self._output.read(name, sink)
        except (StoreError, _OtherSizeError, TimeoutError):
            return cell
        body = bytes(sink.body)
        return replace(cell, thumbnail=body) if len(body) == cell.output_bytes else cell


class _OtherSizeError(Exception):
    """An object has more bytes than the thumbnail that the run made."""


class _Exactly:
    """A sink for an object of a known size."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.body = bytearray()

    def reset(self) -> None:
        """Forget all bytes written so far."""
        self.body.clear()

    def write(self, chunk: Chunk) -> None:
        """Copy the next bytes.

        Raises:
            _OtherSizeError: They are too many.
        """
        if len(self.body) + len(chunk) > self._size:
            raise _OtherSizeError
        self.body += chunk


def shown(recipe: Recipe) -> int:
    """Return the number of the thumbnail that a page shows, among those of an image.

    It is of the smallest size that fills a tile, or of the largest size if none does, and of the first format.
    """
    fitting = [number for number, box in enumerate(recipe.boxes) if max(box) >= _SHOWN]
    return (fitting[-1] if fitting else 0) * len(recipe.formats)
