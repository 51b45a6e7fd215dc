"""Finds the latest summary of a run."""

from typing import Any

from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError


async def last_summary(state: RecordStore, run_id: str) -> dict[str, Any] | None:
    """Return the summary of the latest round that has one, or None; one that is damaged is set aside.

    Raises:
        RecordError: The plan cannot be read, which says how many items a summary counts.
    """
    run = state.names.run(run_id)
    name = await state.last_name(run.summaries) or run.summary()
    summary = await state.read_spare(name)
    plan = None if summary is None else await state.read(run.plan)
    if summary and plan and (error := wrong_items(state.store.uri(name), summary, plan["items"])):
        state.set_aside(name, error)
        return None
    return summary


def wrong_items(uri: str, summary: dict[str, Any], items: int) -> RecordError | None:
    """Return an error if a summary is of another number of items than the plan has, else None."""
    if summary["items"] == items:
        return None
    return RecordError(f"{uri} is damaged: it is of {summary['items']:,} items, but the plan has {items:,}")
