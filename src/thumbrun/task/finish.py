"""Ends a run: its summary, and then its report, once every shard is complete."""

import asyncio

from thumbrun.clock import Clock
from thumbrun.concurrency import both
from thumbrun.console import counted
from thumbrun.errors import told
from thumbrun.ledger.reader import SHARDS_A_PAGE
from thumbrun.ledger.writer import LedgerWriter
from thumbrun.logs.events import Events
from thumbrun.outcomes import Tally
from thumbrun.planning.plan import Plan
from thumbrun.runs.find_run import AgreedRun
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.runs.rounds import Round
from thumbrun.runs.summaries import last_summary
from thumbrun.settings.named_run import run_arguments
from thumbrun.settings.planning_inputs import run_folder
from thumbrun.settings.resolved import Settings
from thumbrun.task.open_stores import Stores
from thumbrun.task.task_result import TaskResult


async def summarise(
    state: RecordStore, agreed: AgreedRun, plan: Plan, ledger: LedgerWriter, clock: Clock
) -> tuple[Tally | None, bool]:
    """Write the run's summary if every shard is complete.

    Returns:
        The tally of the run, or None while shards are open; and whether there was no summary before.

    Raises:
        RecordError: The ledger has another number of outcomes than the plan has items.
    """
    names = state.names.run(agreed.run_id)
    number = ledger.round.number
    summarised, finished = await both(
        state.store.stat(names.summary(number)), ledger.finished(len(plan.shards), number)
    )
    if summarised and (summary := await last_summary(state, agreed.run_id)):
        return Tally.from_record(summary), False
    if finished is None:
        return None, False
    tally, parts = finished
    if summarised:  # the summary is damaged
        return tally, False
    if tally.items != plan.items:
        problem = f"the ledger of run {agreed.run_id} has {counted(tally.items, 'outcome')} of {plan.items:,} items"
        raise RecordError(problem, hint="thumbrun verify says what is missing")
    record = {
        "run": agreed.run_id,
        "round": number,
        "began": agreed.began.isoformat(),
        "ended": clock.now().isoformat(),
        "items": plan.items,
        "parts": parts,
        **tally.to_record(),
    }
    # A small plan takes one listing and has few tasks, so the summary that was missing just now still is.
    small = len(plan.shards) <= SHARDS_A_PAGE
    written = await state.create_or_read(names.summary(number), record, agreed.run_id, likely_free=small)
    return Tally.from_record(written), True


async def unchanged(settings: Settings, stores: Stores, agreed: AgreedRun, seconds: float) -> TaskResult:
    """Return the result of a task that found nothing to do in a run: what the run's last summary says."""
    summary = await last_summary(stores.state, agreed.run_id)
    tally = Tally.from_record(summary) if summary else None
    return TaskResult(
        run_id=agreed.run_id,
        folder=stores.output.uri(run_folder(settings, agreed.run_id)),
        own=tally or Tally(),
        run=tally,
        seconds=seconds,
        listed=False,
        named=run_arguments(agreed.run_id, settings.output, settings.state),
        worked=Tally(),
    )


async def make_report(
    settings: Settings, stores: Stores, run_id: str, this_round: Round, events: Events, clock: Clock
) -> str:
    """Make the report of a complete run; return its URI, or an empty text if there is none. No error ends the task."""
    from thumbrun.reporting.create import create_report  # only the task that finishes last needs it

    try:
        made = await create_report(settings, stores.state, stores.output, run_id, this_round.number, clock)
    except asyncio.CancelledError:  # the task is told to stop, and has done all that it had to
        why = "the task was told to stop"
    except Exception as error:  # noqa: BLE001  (the run is complete without it)
        why = told(error)
    else:
        return made or ""
    named = run_arguments(run_id, settings.output, settings.state)
    events.warning("no-report", f"There is no report, because of this: {why}. To make it: thumbrun report {named}")
    return ""
