"""Reads a run back from its stores, for its report.

It reads the ledger once, shard by shard, and keeps only bounded samples of the items. Then it reads, of the plan, only
the rows of the items that the report shows, and their thumbnails.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from thumbrun.clock import Clock
from thumbrun.concurrency import BoundedGroup
from thumbrun.ledger.reader import Ledger
from thumbrun.ledger.rows import choose, from_row
from thumbrun.outcomes import Reason, Status
from thumbrun.planning.plan import Plan, read_plan
from thumbrun.reporting.after_failures import after_failures, what_to_do
from thumbrun.reporting.cells import CellReader
from thumbrun.reporting.content import Cell, ReasonGroup, Report
from thumbrun.reporting.cost import Facts, dollars_of
from thumbrun.reporting.gather import Gathered
from thumbrun.reporting.work import break_seconds, work_of
from thumbrun.runs.record_names import RunNames
from thumbrun.runs.record_store import RecordStore
from thumbrun.settings.named_run import run_arguments
from thumbrun.settings.planning_inputs import run_folder
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import Entry, NotFoundError, Store

_SHARDS_AT_ONCE = 24
_EXAMPLES = 20  # of each reason
_SKEW = timedelta(hours=1)  # by which the clocks of tasks can differ


async def read_report(
    settings: Settings,
    state: RecordStore,
    output: Store,
    run_id: str,
    clock: Clock,
    *,
    round_number: int | None = None,
    notes: Mapping[str, str] | None = None,
) -> Report:
    """Return the report of a run, whether it is finished or not.

    Args:
        settings: The settings of the run.
        state: The store of the run's records.
        output: The store of its thumbnails.
        run_id: The id of the run.
        clock: Provides the time.
        round_number: The number of the round that the report is of; None: the latest.
        notes: Notes on some images, by their paths below the source.

    Raises:
        NotFoundError: There is no such run.
        RecordError: The claim or the plan cannot be read.
        StoreError: A store fails.
    """
    run = state.names.run(run_id)
    claim = await state.read(run.claim)
    if claim is None:
        raise NotFoundError(f"there is no run {run_id} in {settings.output.uri()}")
    plan = await read_plan(state, run) or Plan(run_id, 0, (), {})
    number = await _latest_round(state, run) if round_number is None else round_number
    summary = await state.read_spare(run.summary(number))
    began, now = datetime.fromisoformat(claim["began"]), clock.now()
    gathered = Gathered(began - _SKEW, now + _SKEW)
    await _gather(gathered, state, run_id, plan)
    reader = CellReader(settings, state, output, run, plan, notes or {})
    cells, slowest = await reader.read(gathered)
    rounds = gathered.attempts()
    complete = summary is not None
    until = [rounds.get(one, []) for one in range(number + 1)]
    # While a later round is at work, its few tasks say nothing of the run.
    shown_round = next((one for one in range(number, -1, -1) if (complete or one < number) and work_of(until[one])), 0)
    attempts = until[shown_round]
    work = work_of(attempts)
    facts = Facts(plan, gathered.tally, gathered.parts, [one for made in rounds.values() for one in made], work)
    named = run_arguments(run_id, settings.output, settings.state)
    ended = datetime.fromisoformat(summary["ended"]) if summary else None
    return Report(
        run_id=run_id,
        source=settings.source.uri(),
        thumbnails=output.uri(run_folder(settings, run_id)),
        named=named,
        began=began,
        ended=ended,
        break_seconds=break_seconds(began, ended, until) if ended else 0.0,
        at=now,
        round=number,
        items=plan.items,
        bytes_there=plan.size,
        tally=gathered.tally,
        next_commands=_next(gathered, named, number, complete=complete),
        reasons=_reasons(gathered, cells, named),
        cells=cells,
        names_hidden=reader.names_hidden,
        attempts=attempts,
        tasks_round=shown_round,
        work=work,
        timed=gathered.timed,
        milliseconds=gathered.milliseconds if gathered.timed else {},
        slowest=slowest,
        dollars=dollars_of(settings, facts),
        settings=settings.describe(),
    )


async def _latest_round(state: RecordStore, run: RunNames) -> int:
    name = await state.last_name(run.rounds)
    return run.number_of_round(name) if name else 0


async def _gather(gathered: Gathered, state: RecordStore, run_id: str, plan: Plan) -> None:
    """Gather what the ledger tells of all items and all tasks."""
    ledger, run = Ledger(state, run_id), state.names.run(run_id)

    async def add_shard(shard: int, parts: Sequence[Entry]) -> None:
        outcomes, row_of = {}, {}
        async for part, header, rows in ledger.rows(parts):
            began = min([row["began"] for row in rows if "began" in row], default=None)
            gathered.add_part(run.nonce_of_part(part), header, len(rows), began)
            outcomes[part] = [from_row(shard, row) for row in rows]
            row_of.update({row["item"]: row for row in rows})
        for item, outcome in choose(outcomes).items():
            if item < plan.shards[shard].items:  # else somebody else wrote it
                gathered.add(outcome, row_of[item])

    async with BoundedGroup(_SHARDS_AT_ONCE) as group:
        async for shard, parts in ledger.by_shard():
            if shard < len(plan.shards):
                await group.start(add_shard(shard, parts))


def _next(gathered: Gathered, named: str, number: int, *, complete: bool) -> list[tuple[str, str]]:
    """Return what to do next, each with the command that does it."""
    if not complete:
        command = f"thumbrun retry {named}" if number else f"thumbrun run --resume {named}"
        return [("To continue the run:", command)]
    advice = [*after_failures(gathered.tally.failed, named)]
    if gathered.tally.items:
        advice.append(f"To check that every thumbnail is there and right: thumbrun verify {named}")
    split = (line.partition(": thumbrun ") for line in advice)  # what needs no command, the reasons say
    return [(f"{words}:", f"thumbrun {rest}") for words, command, rest in split if command]


def _reasons(gathered: Gathered, cells: Iterable[Cell], named: str) -> list[ReasonGroup]:
    """Return the images without a thumbnail by reason: failures first, the most frequent reason first."""
    examples: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        if len(examples[str(cell.reason)]) < _EXAMPLES:
            examples[str(cell.reason)].append(cell)
    counts: tuple[tuple[Status, Counter[str]], ...] = (
        (Status.FAILED, gathered.tally.failed),
        (Status.SKIPPED, gathered.tally.skipped),
    )
    return [
        ReasonGroup(status, Reason(name), images, *what_to_do(Reason(name), named), examples[name])
        for status, counter in counts
        for name, images in counter.most_common()
    ]
