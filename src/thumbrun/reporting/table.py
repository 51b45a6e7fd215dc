"""The ledger of a run as a table: a row for each item that has an outcome, for a spreadsheet or a database.

A cell of a spreadsheet that begins with `=`, `+`, `-` or `@` is a formula. Names come from strangers, but no cell here
begins with one: source and output are whole URIs, the words come from closed sets, a colour begins with `#`, a
placeholder with its kind, and the rest are numbers. So nothing needs to be changed in a name, and a database gets it as
it is.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from thumbrun.console import as_unicode
from thumbrun.ledger.reader import Ledger
from thumbrun.ledger.rows import choose, from_row
from thumbrun.outcomes import Status
from thumbrun.planning.plan import read_plan
from thumbrun.planning.thumbnail_names import recorded_name
from thumbrun.runs.record_store import RecordStore
from thumbrun.settings.planning_inputs import run_folder
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import Entry, Store

COLUMNS = (
    *("source", "output", "outcome", "reason", "source_bytes", "output_bytes", "width", "height"),
    *("source_width", "source_height", "colour", "placeholder"),
)

Row = tuple[str, str, str, str, int, int, int | None, int | None, int | None, int | None, str, str]

_SHARDS_AHEAD = 8


async def table(settings: Settings, state: RecordStore, output: Store, run_id: str) -> AsyncGenerator[list[Row], None]:
    """Yield the rows of each shard, in the order of the plan; only a few shards are in memory at once.

    `source_bytes` are the bytes that were read, `output_bytes` those of all thumbnails of the item. `output`, `width`
    and `height` are those of its largest thumbnail, `colour` and `placeholder` those of its smallest one. They and the
    size of the source are empty if there is no thumbnail, or if the ledger does not tell them.

    Args:
        settings: The settings of the run.
        state: The store of the run's records.
        output: The store of its thumbnails.
        run_id: The id of the run.

    Raises:
        RecordError: The plan cannot be read.
        StoreError: A store fails.
    """
    run = state.names.run(run_id)
    plan = await read_plan(state, run)
    shards = len(plan.shards) if plan else 0
    ledger = Ledger(state, run_id)
    above = replace(settings.source, prefix="").uri()
    folder = output.uri(run_folder(settings, run_id))

    async def read(shard: int, parts: Sequence[Entry]) -> list[Row]:
        outcomes, names = {}, {}
        async for part, _, rows in ledger.rows(parts):
            outcomes[part] = [from_row(shard, row) for row in rows]
            names.update({row["item"]: (row["source"], recorded_name(settings.recipe, row, 0)) for row in rows})
        made = []
        for item, outcome in choose(outcomes).items():
            source, name = names[item]
            made.append(
                (
                    as_unicode(above + source),
                    as_unicode(folder + name) if outcome.status is Status.DONE else "",
                    outcome.status.value,
                    outcome.reason.value if outcome.reason else "",
                    outcome.source_bytes,
                    outcome.output_bytes,
                    outcome.width or None,
                    outcome.height or None,
                    outcome.source_width or None,
                    outcome.source_height or None,
                    outcome.colour,
                    outcome.placeholder,
                )
            )
        return made

    ahead: deque[asyncio.Task[list[Row]]] = deque()
    try:
        async for shard, parts in ledger.by_shard():
            if shard < shards:
                ahead.append(asyncio.ensure_future(read(shard, parts)))
            if len(ahead) > _SHARDS_AHEAD:
                yield await ahead.popleft()
        while ahead:
            yield await ahead.popleft()
    finally:
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)
