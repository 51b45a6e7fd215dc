"""`thumbrun status`: how far a run is, that others are working on. It writes nothing."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from datetime import timedelta

from rich.console import Console
from rich.live import Live
from rich.text import Text

from thumbrun.api.existing_run import opened_run
from thumbrun.clock import SystemClock
from thumbrun.commands.session import looking
from thumbrun.commands.standard_streams import show_result
from thumbrun.commands.summary import tally_text
from thumbrun.console import counted, printable
from thumbrun.ledger.status import LATE, RunStatus, State, TaskSeen, is_recent, read_status
from thumbrun.logs.events import Events
from thumbrun.logs.pace import duration_text, rate_text
from thumbrun.settings.named_run import run_arguments

_PAUSE = 5.0  # seconds between two looks
_MOST_TASKS = 20  # that are named

_STATES = {
    State.PLANNING: "is being planned: the source is listed",
    State.REFUSED: "was refused: the source holds more images, or costs more, than --max-images or --max-cost allow",
    State.AT_WORK: "is at work",
    State.SILENT: "is not finished, and nobody was at work on it lately",
    State.COMPLETE: "is complete",
}
_UNPLANNED = (State.PLANNING, State.REFUSED)


def status(run: str, flags: Mapping[str, str | None], *, as_json: bool, watch: bool) -> int:
    """Print how far a run is, and return the exit code.

    Args:
        run: The name of the run, as the user gave it.
        flags: The text of each flag that was given, by the setting's name.
        as_json: Whether to print JSON.
        watch: Whether to go on until the run is complete.
    """
    with looking() as events:
        asyncio.run(_status(run, flags, events, as_json=as_json, watch=watch))
    return 0


async def _status(text: str, flags: Mapping[str, str | None], events: Events, *, as_json: bool, watch: bool) -> None:
    clock = SystemClock()
    async with opened_run(text, os.environ, flags, events, clock) as (run, state, claim):
        named = run_arguments(run.run_id, run.output, run.state)

        async def look() -> RunStatus:
            return await read_status(state, run.run_id, claim, clock)

        found = await look()
        if watch and not as_json and sys.stdout.isatty():
            with Live(Text(status_text(found, named)), console=Console(highlight=False), auto_refresh=False) as live:
                while found.state is not State.COMPLETE:
                    await clock.sleep(_PAUSE)
                    found = await look()
                    live.update(Text(status_text(found, named)), refresh=True)
            return
        while True:
            if as_json:
                show_result(json.dumps(found.to_record(), indent=None if watch else 1))
            else:
                show_result(status_line(found) if watch else status_text(found, named))
            if not watch or found.state is State.COMPLETE:
                return
            await clock.sleep(_PAUSE)
            found = await look()


def status_text(found: RunStatus, named: str) -> str:
    """Return a status in several lines for people.

    Args:
        found: The status.
        named: The words that name the run on a command line.
    """
    empty = found.state is State.COMPLETE and not found.items
    what = "is complete: it found no images" if empty else _STATES[found.state]
    lines = [f"Run {printable(found.run_id)} {what}.", f"  source    {printable(found.source)}"]
    lines.append(f"  began     {found.began:%Y-%m-%d %H:%M} UTC, {duration_text(_age(found))} ago")
    if found.state not in _UNPLANNED and not empty:
        lines.append(f"  images    {_counts(found)}")
        lines.append(f"  outcomes  {tally_text(found.tally)}")
    if found.round:
        lines.append(f"  round     {found.round}, begun by thumbrun retry")
    if found.rate and found.seconds_left is not None:
        end = found.at + timedelta(seconds=found.seconds_left)
        lines.append(
            f"  speed     {rate_text(found.rate)} images a second; the end is expected in "
            f"{duration_text(found.seconds_left)}, at {end:%H:%M} UTC"
        )
    if found.tasks and found.state is not State.COMPLETE:
        lines += _task_lines(found)
    if found.state is State.REFUSED:
        lines.append("To go on, give a higher limit with the same command.")
    if found.state is State.SILENT:
        lines.append(f"Continue it with: thumbrun {'retry' if found.round else 'run --resume'} {printable(named)}")
    return "\n".join(lines)


def status_line(found: RunStatus) -> str:
    """Return a status in one line without control characters, for a log."""
    parts = [f"{found.at:%H:%M:%S} {found.state}"]
    if found.state not in _UNPLANNED:
        parts += [_counts(found), tally_text(found.tally)]
    if found.rate and found.seconds_left is not None:
        parts.append(f"{rate_text(found.rate)} images/s, {duration_text(found.seconds_left)} left")
    if found.state is State.AT_WORK:
        parts.append(f"{counted(len(_working(found)), 'task')} at work")
    return "; ".join(parts)


def _age(found: RunStatus) -> float:
    return max(0.0, (found.at - found.began).total_seconds())


def _counts(found: RunStatus) -> str:
    known = min(found.tally.items, found.items)
    share = f" ({100 * known // found.items} %)" if found.items else ""
    return (
        f"{known:,} of {found.items:,}{share}, {found.complete_shards:,} of {counted(found.shards, 'shard')} complete"
    )


def _working(found: RunStatus) -> list[TaskSeen]:
    return [task for task in found.tasks if is_recent(task.at, found.at)]


def _task_lines(found: RunStatus) -> list[str]:
    working = _working(found)
    lines = [f"  tasks     {len(working):,} of {found.tasks[-1].count:,} heard of in the last two minutes"]
    silent = sorted((task for task in found.tasks if not is_recent(task.at, found.at, LATE)), key=lambda task: task.at)
    for task in silent[:_MOST_TASKS]:
        since = duration_text(max(0.0, (found.at - task.at).total_seconds()))
        attempt = f", attempt {task.attempt}" if task.attempt else ""
        lines.append(
            f"            task {task.index}{attempt}: silent for {since}, after {counted(task.items, 'image')}"
        )
    if len(silent) > _MOST_TASKS:
        lines.append(f"            and {len(silent) - _MOST_TASKS:,} more")
    return lines
