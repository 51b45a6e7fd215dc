"""Finds the latest summary of a run."""

from typing import Any

from thumbrun.runs.record_store import RecordStore


async def last_summary(state: RecordStore, run_id: str) -> dict[str, Any] | None:
    """Return the summary of the latest round that has one, or None; one that is damaged is set aside."""
    run = state.names.run(run_id)
    return await state.read_spare(await state.last_name(run.summaries) or run.summary())
