"""Tells what a run cost, by what its records tell, and what its plan let expect. Pure.

Thumbnails, ledger parts and the time of the tasks are counted. How often an image was read, the plan tells. The records
do not tell whether the tasks ran on Cloud Run: as for the plan, they did if source and output are buckets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from thumbrun.outcomes import Tally
from thumbrun.planning.plan import Plan
from thumbrun.pricing.bill import Bill, Line, Use, bill_of
from thumbrun.pricing.estimates import Conditions, estimate
from thumbrun.pricing.prices import Prices
from thumbrun.pricing.requests import Requests, requests_of
from thumbrun.pricing.workload import Workload, workload_of
from thumbrun.reporting.content import Dollars
from thumbrun.reporting.work import Attempt, Work
from thumbrun.settings.pricing_inputs import conditions_of
from thumbrun.settings.resolved import Settings

_ON_CLOUD_RUN = "Processors and memory as on Cloud Run, with {gib:g} GiB for each task; free allowances are left out."
_HERE = "The processors of this machine cost nothing here; free allowances are left out."


@dataclass(frozen=True, slots=True)
class Facts:
    """What the records of a run tell of its use.

    Attributes:
        plan: The plan.
        tally: The outcomes.
        parts: The number of ledger parts.
        attempts: What each process of all rounds did.
        work: The tasks against a single job, or None if the ledger does not tell.
    """

    plan: Plan
    tally: Tally
    parts: int
    attempts: Sequence[Attempt]
    work: Work | None


def dollars_of(settings: Settings, facts: Facts) -> Dollars | None:
    """Return what a run cost beside the estimate, or None if no bucket is involved or nobody has worked yet."""
    if "gs" not in (settings.source.scheme, settings.output.scheme) or facts.work is None:
        return None
    prices, conditions = settings.price_table, conditions_of(settings)
    processors = max((attempt.processors or 1 for attempt in facts.attempts), default=1)
    if conditions.machine is None:
        conditions = replace(conditions, processors=processors)
    else:
        conditions = replace(conditions, machine=facts.work.processors or conditions.machine)
    workload = workload_of(facts.plan.seen, settings.recipe.box_of_each, settings.recipe.format_of_each)
    bill = bill_of(_use(facts, workload, facts.work.tasks, conditions), prices, conditions.places)
    expected = None
    if workload.images:
        expected = estimate(workload, facts.work.tasks, conditions, prices).usd.likely
    note = _ON_CLOUD_RUN.format(gib=conditions.memory_gib) if conditions.places.on_cloud_run else _HERE
    return Dollars(
        usd=bill.usd,
        estimate=expected,
        rows=[(_words(line), line.usd) for line in bill.lines],
        date=_dates(bill, prices),
        note=note,
    )


def _use(facts: Facts, workload: Workload, tasks: int, conditions: Conditions) -> Use:
    """Return what the run has used."""
    seconds = vcpu_seconds = 0.0
    for attempt in facts.attempts:
        own = (attempt.last - min(attempt.started or attempt.first, attempt.first)).total_seconds()
        seconds += own
        vcpu_seconds += own * (attempt.processors or 1)
    planned = requests_of(workload, tasks, report=conditions.report)
    requests = Requests(
        reads=planned.reads or {"STANDARD": facts.tally.items},
        writes=facts.tally.done,
        further=facts.tally.done * (workload.sizes - 1),
        listing=planned.listing,
        record_writes=len(facts.plan.shards) + facts.parts,
        record_reads=planned.record_reads,
    )
    share = facts.tally.source_bytes / facts.plan.size if facts.plan.size else 0.0
    read = {name: round(size * min(1.0, share)) for name, size in workload.read_by_class.items()}
    return Use(vcpu_seconds, seconds * conditions.memory_gib, requests, read, facts.tally.output_bytes)


def _words(line: Line) -> str:
    amount = f"{line.amount:,.0f}" if line.amount >= 10 else f"{line.amount:.2g}"
    return f"{line.what}: {amount} {line.unit}"


def _dates(bill: Bill, prices: Prices) -> str:
    """Return the dates of the prices, as `2026-09-20 to 2026-10-09`."""
    days = sorted({day for line in bill.lines if (day := prices.row(line.price).date)})
    return " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "unknown date"
