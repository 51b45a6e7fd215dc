"""Lists recent runs, for a message to a user who named a run that does not exist."""

from datetime import timedelta

from thumbrun.clock import Clock
from thumbrun.console import printable
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.base import BucketNotFoundError

_MOST_SHOWN = 5
_MOST_ASKED = 100  # requests, each of which finds one run
_AGES = (timedelta(days=1), timedelta(days=30))


async def recent_runs_text(state: RecordStore, clock: Clock) -> str:
    """Return a text that names some runs: those of the last day, else of the last 30 days, else any.

    Args:
        state: The store of the records.
        clock: The source of today's date.

    Raises:
        StoreError: The state cannot be read.
    """
    try:
        for age in _AGES:
            if found := await _runs(state, (clock.now() - age).strftime("%Y%m%d")):
                break
        else:
            found = await _runs(state, "")
    except BucketNotFoundError as error:
        return str(error)
    if not found:
        return "there are no runs there"
    shown = [printable(run_id) for run_id in sorted(found)[-_MOST_SHOWN:]]
    return f"{'there is a run' if len(shown) == 1 else 'there are runs'} there: {', '.join(shown)}"


async def _runs(state: RecordStore, first: str) -> list[str]:
    """Return the run ids from `first` on, at most `_MOST_ASKED` of them; each request finds the next id."""
    runs = state.names.runs
    start = runs + first
    found: list[str] = []
    for _ in range(_MOST_ASKED):
        page = await state.store.page(runs, start=start, limit=1)
        if page.entries:
            found.append(page.entries[0].name.removeprefix(runs).partition("/")[0])
            start = f"{runs}{found[-1]}0"  # 0 follows the slash in ASCII, so this name follows all records of the run
        elif page.more:
            start = page.resume_at
        else:
            break
    return found
