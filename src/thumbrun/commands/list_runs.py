"""`thumbrun list`: the runs that lie in a place. It writes nothing."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from thumbrun.api.existing_run import opened_state
from thumbrun.clock import Clock, SystemClock
from thumbrun.commands.session import looking
from thumbrun.commands.standard_streams import show_result
from thumbrun.commands.summary import readable
from thumbrun.concurrency import BoundedGroup
from thumbrun.console import counted, printable, quoted, shortened, width_of
from thumbrun.errors import SettingsError
from thumbrun.logs.events import Events
from thumbrun.planning.plan import read_plan
from thumbrun.planning.planner import was_refused
from thumbrun.runs.recent import run_ids
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.runs.summaries import last_summary
from thumbrun.settings.named_run import named_place
from thumbrun.storage.base import BucketNotFoundError

VERSION = 1  # of the JSON
_MOST = 10_000  # runs
_AT_ONCE = 16
_LONGEST_SOURCE = 60


def list_runs(place: str | None, flags: Mapping[str, str | None], *, as_json: bool) -> int:
    """Print the runs of a place, the latest first, and return the exit code.

    Args:
        place: The place, as the user gave it, or None.
        flags: The text of each flag that was given, by the setting's name.
        as_json: Whether to print JSON.
    """
    with looking() as events:
        where, runs = asyncio.run(_listed(place, flags, events))
    if as_json:
        show_result(json.dumps({"version": VERSION, "place": where, "runs": runs}, indent=1))
    else:
        show_result(runs_text(where, runs, width_of(sys.stdout)))
    return 0


async def _listed(
    text: str | None, flags: Mapping[str, str | None], events: Events
) -> tuple[str, list[dict[str, Any]]]:
    place, clock = named_place(text, os.environ, flags), SystemClock()
    found: dict[str, dict[str, Any]] = {}
    async with opened_state(place, events, clock) as state:

        async def add(run_id: str) -> None:
            found[run_id] = await _described(state, run_id, clock)

        try:
            names = await run_ids(state, most=_MOST)
        except BucketNotFoundError as error:
            raise SettingsError([f"PLACE is {quoted(text or place.output.uri())}; {error}"]) from error
        async with BoundedGroup(_AT_ONCE) as group:
            for run_id in names:
                await group.start(add(run_id))
    return place.output.uri(), sorted(found.values(), key=lambda run: (run["began"] or "", run["run"]), reverse=True)


async def _described(state: RecordStore, run_id: str, clock: Clock) -> dict[str, Any]:
    """Return what the records say of a run; what cannot be read is None."""
    described: dict[str, Any] = {"run": run_id, "began": None, "source": None, "state": "unreadable"}
    try:
        names = state.names.run(run_id)
        claim = await state.read(names.claim)
        if claim is not None:
            described |= {"began": claim["began"], "source": claim["source"], "state": "planning"}
        plan = await read_plan(state, names)
        if plan is None and claim is not None and await was_refused(state, names, clock):
            described["state"] = "refused"
        if plan is not None:
            described |= {"state": "unfinished", "items": plan.items, "bytes": plan.size}
            if summary := await last_summary(state, run_id):
                failed, skipped = (sum(summary[key].values()) for key in ("failed", "skipped"))
                described |= {"state": "complete", "done": summary["done"], "failed": failed, "skipped": skipped}
    except RecordError as error:
        described["error"] = str(error)
    return described


def runs_text(where: str, runs: list[dict[str, Any]], width: int | None) -> str:
    """Return the runs as a table for people; if that is too wide, as a few lines for each run.

    Args:
        where: The URI of the place.
        runs: The runs, as JSON has them.
        width: The width of the terminal in characters, or None if it does not matter.
    """
    if not runs:
        return (
            f"There are no runs in {printable(where)}\n"
            "Give the bucket, prefix or folder that was the --output of the runs"
        )
    rows = [("RUN", "BEGAN (UTC)", "STATE", "IMAGES", "SIZE", "SOURCE"), *map(_row, runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = [
        "  ".join([*(cell.ljust(wide) for cell, wide in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    ]
    if width is not None and any(len(line) > width for line in lines):
        lines = [line for row in rows[1:] for line in _narrow(row)]
    return "\n".join([*lines, f"{counted(len(runs), 'run')} in {printable(where)}"])


def _narrow(row: tuple[str, ...]) -> tuple[str, ...]:
    run, began, state, images, size, source = row
    if "?" in (began, images):
        return f"{run}  {began}", f"  {state}", f"  {source}"
    many = "image" if images == "1" else "images"
    return f"{run}  {began} UTC", f"  {state}; {images} {many}, {size}", f"  {source}"


def _row(run: Mapping[str, Any]) -> tuple[str, str, str, str, str, str]:
    began = datetime.fromisoformat(run["began"]).strftime("%Y-%m-%d %H:%M") if run["began"] else "?"
    state = f"{run['state']}, {run['failed']:,} failed" if run.get("failed") else run["state"]
    if run["state"] == "complete" and not run["items"]:
        state = "found no images"
    items = f"{run['items']:,}" if "items" in run else "?"
    size = readable(run["bytes"]) if "bytes" in run else "?"
    source = shortened(printable(run["source"] or "?"), _LONGEST_SOURCE)
    return printable(run["run"]), began, state, items, size, source
