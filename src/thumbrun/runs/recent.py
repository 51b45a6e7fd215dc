"""Which runs were begun: for whoever names one that is not there."""

from datetime import timedelta

from thumbrun.clock import Clock
from thumbrun.console import printable
from thumbrun.runs.record_store import RecordStore
from thumbrun.storage.base import BucketNotFoundError

_MOST_SHOWN = 5
_MOST_ASKED = 100  # requests: each shows one run
_AGES = (timedelta(days=1), timedelta(days=30))


async def recent_runs_text(state: RecordStore, clock: Clock) -> str:
    """Say in plain words which runs were begun last.

    Args:
        state: Where the records lie.
        clock: Tells today.

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
        return "no run was begun there"
    return f"runs there: {', '.join(printable(run_id) for run_id in sorted(found)[-_MOST_SHOWN:])}"


async def _runs(state: RecordStore, first: str) -> list[str]:
    """Return the ids of the runs from one on, at most so many; each is found by asking for the next name."""
    runs = state.names.runs
    start = runs + first
    found: list[str] = []
    for _ in range(_MOST_ASKED):
        page = await state.store.page(runs, start=start, limit=1)
        if page.entries:
            found.append(page.entries[0].name.removeprefix(runs).partition("/")[0])
            start = f"{runs}{found[-1]}0"  # the character behind the slash: beyond all records of the run
        elif page.more:
            start = page.resume_at
        else:
            break
    return found
