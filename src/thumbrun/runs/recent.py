"""Lists the ids of the runs of a place, and names recent ones to a user whose run does not exist."""

from datetime import timedelta

from thumbrun.clock import Clock
from thumbrun.console import printable
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.base import BucketNotFoundError

_MOST_SHOWN = 5
_MOST_ASKED = 100  # requests, each of which finds one run
_AGES = (timedelta(days=1), timedelta(days=30))


async def recent_runs(state: RecordStore, clock: Clock) -> list[str]:
    """Return the ids of some runs in ascending order: those of the last day, else of the last 30 days, else any.

    Args:
        state: The store of the records.
        clock: The source of today's date.

    Raises:
        StoreError: The state cannot be read.
    """
    found: list[str] = []
    for age in _AGES:
        if found := await run_ids(state, (clock.now() - age).strftime("%Y%m%d"), most=_MOST_ASKED):
            break
    return sorted(found or await run_ids(state, most=_MOST_ASKED))[-_MOST_SHOWN:]


async def recent_runs_text(state: RecordStore, clock: Clock) -> str:
    """Return a text that names some runs, as `recent_runs` finds them.

    Args:
        state: The store of the records.
        clock: The source of today's date.

    Raises:
        StoreError: The state cannot be read.
    """
    try:
        found = await recent_runs(state, clock)
    except BucketNotFoundError as error:
        return str(error)
    if not found:
        return "there are no runs there"
    shown = [printable(run_id) for run_id in found]
    return f"{'there is a run' if len(shown) == 1 else 'there are runs'} there: {', '.join(shown)}"


async def run_ids(state: RecordStore, first: str = "", *, most: int) -> list[str]:
    """Return the ids of the runs from `first` on, in ascending order. Each request finds the next one.

    Args:
        state: The store of the records.
        first: The least id.
        most: The most requests.

    Raises:
        StoreError: The state cannot be read.
    """
    runs = state.names.runs
    start = runs + first
    found: list[str] = []
    for _ in range(most):
        page = await state.store.page(runs, start=start, limit=1)
        if page.entries:
            found.append(page.entries[0].name.removeprefix(runs).partition("/")[0])
            start = f"{runs}{found[-1]}0"  # 0 follows the slash in ASCII, so this name follows all records of the run
        elif page.more:
            start = page.resume_at
        else:
            break
    return found
