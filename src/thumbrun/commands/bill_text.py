"""What a run would take and cost, in plain words: the answer, a table for several numbers of tasks, and the bill."""

from collections.abc import Iterator

from thumbrun.commands.columns import columns
from thumbrun.commands.summary import readable
from thumbrun.console import counted, dollars, printable
from thumbrun.preview.preview import Forecast, Preview
from thumbrun.pricing.bill import GIB, HOURS_A_MONTH, Bill, Line
from thumbrun.pricing.estimates import Estimate
from thumbrun.pricing.workload import Range
from thumbrun.settings.declared import BUDGET, DEADLINE, REGION

_WIDE = 74  # characters of a terminal that has room for the ranges of times
_WHAT = {"writes": "writes of thumbnails", "reads": "reads of images"}


def forecast_lines(found: Preview, width: int | None) -> list[str]:
    """Return the answer and what it rests on, or nothing if there is no image to decode.

    Args:
        found: The preview.
        width: The width of the terminal in characters, or None if there is none.
    """
    forecast = found.forecast
    if forecast is None:
        return []
    lines = [*_answer(found, forecast), "", *_table(forecast, width)]
    if forecast.asked.bill.lines:
        lines += ["", *_bill(found, forecast)]
    return [*lines, "", *_grounds(found, forecast)]


def _answer(found: Preview, forecast: Forecast) -> Iterator[str]:
    asked, advice = forecast.asked, forecast.advice
    yield f"{_who(asked, forecast)} would make the thumbnails in about {_between(asked.seconds)}{_for_dollars(asked)}."
    best = advice.estimate
    wanted = [setting.flag for setting in (DEADLINE, BUDGET) if getattr(found.settings, setting.name) is not None]
    if not advice.fits:
        yield (
            f"No number of tasks is sure to keep {' and '.join(wanted)}. Nearest: {_short(best)}, because {advice.why}."
        )
    elif best.tasks != asked.tasks:
        yield f"Recommended: {_short(best)}: {advice.why}."
    elif wanted:
        yield f"That keeps {' and '.join(wanted)}: {advice.why}."


def _who(asked: Estimate, forecast: Forecast) -> str:
    tasks = counted(asked.tasks, "task")
    return f"{tasks} on this machine" if forecast.conditions.machine else tasks


def _short(one: Estimate) -> str:
    return f"{counted(one.tasks, 'task')}, {_between(one.seconds)}{_for_dollars(one)}"


def _for_dollars(one: Estimate) -> str:
    """Return the dollars as the end of a sentence; nothing if nothing is billed."""
    if not one.bill.lines:
        return ""
    low, likely, high = map(dollars, one.usd)
    if one.bill.not_included:
        return f", for more than {low}"
    return f", for about {likely}" if low == high else f", for about {likely} ({low} to {high})"


def _table(forecast: Forecast, width: int | None) -> list[str]:
    wide, paid = width is None or width >= _WIDE, any(one.bill.lines for one in forecast.table)
    limited = forecast.conditions.ramp is not None
    heads = ["tasks", "time", *(["between"] if wide else []), "vCPU-s", *(["requests"] if paid else [])]
    rows = [[*heads, *(["writes/s "] if limited else []), *(["dollars"] if paid else [])]]
    for one in forecast.table:
        best = one.tasks == forecast.advice.estimate.tasks
        row = [("> " if best else "") + f"{one.tasks:,}", time_text(one.seconds.likely)]
        row += [_between_only(one.seconds)] if wide else []
        row += [f"{one.vcpu_seconds.likely:,.0f}", *([f"{one.requests.total:,}"] if paid else [])]
        row += [f"{one.peak_writes:,.0f}{'*' if one.is_held_back else ' '}"] if limited else []
        row += [dollars(one.usd.likely)] if paid else []
        rows.append(row)
    lines = columns(rows, ">" * len(rows[0]))
    lines.append("  > recommended")
    if limited and any(one.is_held_back for one in forecast.table):
        lines.append(f"  * held back: a bucket accepts about {forecast.conditions.ramp:,.0f} writes a second at first")
    return lines


def _bill(found: Preview, forecast: Forecast) -> Iterator[str]:
    bill = forecast.asked.bill
    yield f"What {counted(forecast.asked.tasks, 'task')} would cost:"
    known = sorted((line for line in bill.lines if line.usd is not None), key=lambda line: -(line.usd or 0))
    rows = [(_cents(line.usd or 0, bill), _what(line)) for line in known]
    if rows:
        yield from columns(rows, "><")
    for line in bill.monthly:
        size = readable(round(_bytes(line)))
        price = "price unknown" if line.usd is None else dollars(line.usd)
        yield f"  each month, as long as you keep them: {price} for {size} of thumbnails"
    yield from _not_included(found, forecast, bill)


def _cents(usd: float, bill: Bill) -> str:
    """Return the dollars of a line in whole cents, unless the whole bill has only a few of these."""
    if bill.usd < 0.1:
        return dollars(usd)
    return "<$0.01" if usd < 0.005 else f"${usd:,.2f}"


def _bytes(line: Line) -> float:
    """Return the bytes of a line of storage, which is in GiB-hours a month."""
    return line.amount / HOURS_A_MONTH * GIB


def _what(line: Line) -> str:
    amount = f"{line.amount:,.0f}" if line.amount >= 10 else f"{line.amount:.2g}"
    unit = line.unit.removesuffix("s") if line.amount == 1 else line.unit
    return f"{printable(_WHAT.get(line.what, line.what))}: {amount} {unit}"


def _not_included(found: Preview, forecast: Forecast, bill: Bill) -> Iterator[str]:
    if bill.not_included:
        unknown = ", ".join(printable(f"{line.what} ({line.price})") for line in bill.not_included)
        yield f"Not included, because the price is unknown: {unknown}."
    places = forecast.conditions.places
    if places.on_cloud_run and places.region is None:
        yield f"Not included, because the region of the job is unknown ({REGION.flag}): transfer between regions."
    elif places.on_cloud_run and None in (places.source.location, places.output.location):
        yield "Not included, because the region of a bucket is unknown: transfer between regions."


def _grounds(found: Preview, forecast: Forecast) -> Iterator[str]:
    """Yield what the estimates rest on."""
    sample = forecast.sampled
    if sample is None:
        yield "Times come from recorded rates; no image was read. --sample 20 tries some images, and writes nothing."
    else:
        failed = f", of which {sample.failed:,} got no thumbnail" if sample.failed else ""
        yield (
            f"Times come from {counted(sample.images, 'image')} that were tried here{failed}, and from recorded waits "
            "for the store."
        )
    if forecast.conditions.machine is None:
        shape = f"{counted(round(forecast.conditions.processors), 'vCPU')} and {forecast.conditions.memory_gib:g} GiB"
        yield f"Each task has {shape} (--cpu, --task-memory). The start of containers is not in the times."
    if forecast.asked.bill.lines:
        yield f"{_prices(found, forecast)} Free tiers, retries and a minimum time a task are not in the dollars."


def _prices(found: Preview, forecast: Forecast) -> str:
    prices = found.settings.price_table
    days = sorted({day for line in forecast.asked.bill.lines if (day := prices.date(line.price))})
    if not days:
        return "No price is known."
    when = f"on {days[0]}" if len(days) == 1 else f"between {days[0]} and {days[-1]}"
    return f"Prices were read {when}; --json names their sources, and --prices FILE replaces them."


def _between(seconds: Range) -> str:
    """Return a time with its range, such as `22 min (17 to 33 min)`."""
    likely, between = time_text(seconds.likely), _between_only(seconds)
    return likely if likely == between else f"{likely} ({between})"


def _between_only(seconds: Range) -> str:
    low, high = time_text(seconds.low), time_text(seconds.high)
    if low == high:
        return low
    number, _, unit = low.rpartition(" ")
    return f"{number} to {high}" if high.endswith(f" {unit}") else f"{low} to {high}"


def time_text(seconds: float) -> str:
    """Return a time as people say it, to two or three digits.

    >>> time_text(0.04), time_text(7.26), time_text(59.9), time_text(95), time_text(1300), time_text(13_320)
    ('0.1 s', '7.3 s', '60 s', '95 s', '22 min', '3.7 h')
    """
    if seconds < 9.95:
        return f"{max(0.1, seconds):.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
