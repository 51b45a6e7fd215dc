"""Reads the outcomes and thumbnails of a run back from its stores, for the contact sheet."""

from collections.abc import AsyncIterator

from thumbrun import formats
from thumbrun.imaging.recipe import Recipe
from thumbrun.ledger.reader import Ledger
from thumbrun.outcomes import Status
from thumbrun.planning.plan import read_plan, read_shard
from thumbrun.reporting.content import Cell
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.base import NotFoundError, Store, read_bytes

_SHOWN = 128  # the side of a small tile, in pixels


async def collect(
    state: RecordStore, output: Store, run_id: str, folder: str, source_prefix: str, recipe: Recipe | None = None
) -> AsyncIterator[Cell]:
    """Yield a cell for each item that has an outcome, in the order of the plan.

    Args:
        state: The store of the run's records.
        output: The store of its thumbnails.
        run_id: The id of the run.
        folder: The prefix of its thumbnails.
        source_prefix: The prefix of the items' names.
        recipe: The recipe of the run; if it makes several sizes, the cells show one of them. None means that it makes
            one size.

    Raises:
        NotFoundError: The run has no plan.
    """
    run = state.names.run(run_id)
    plan = await read_plan(state, run)
    if plan is None:
        raise NotFoundError(f"run {run_id} has no plan")
    ledger = Ledger(state, run_id)
    number_shown, size = shown(recipe or Recipe())
    for number in range(len(plan.shards)):
        items = await read_shard(state, run, plan, number)
        for index, outcome in (await ledger.outcomes(number)).items():
            item = items[index]
            done = outcome.status is Status.DONE
            yield Cell(
                source=item.source.removeprefix(source_prefix),
                output=size + item.output,
                status=outcome.status,
                reason=outcome.reason,
                detail=outcome.detail,
                width=0 if number_shown else outcome.width,
                height=0 if number_shown else outcome.height,
                source_bytes=item.size,
                output_bytes=outcome.output_bytes,
                thumbnail=await read_bytes(output, folder + size + item.output) if done else None,
                media_type=formats.media_type_of(item.output_format),
            )


def shown(recipe: Recipe) -> tuple[int, str]:
    """Return the number and the folder of the size that a page shows.

    It is the smallest size that fills a tile, or the largest size if none does.
    """
    sizes = list(enumerate(recipe.boxes))
    fitting = [number for number, box in sizes if max(box) >= _SHOWN]
    number = fitting[-1] if fitting else 0
    return number, recipe.folders[number]
