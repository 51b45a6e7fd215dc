"""The last messages of a task: what it did, and the result of the run."""

import os

from thumbrun.console import by_count, counted
from thumbrun.logs.choose import DEMO_VARIABLE
from thumbrun.logs.events import Events
from thumbrun.logs.pace import rate_text
from thumbrun.outcomes import MEANINGS, Reason, Tally
from thumbrun.reporting.after_failures import after_failures
from thumbrun.task.task_result import TaskResult


def readable(size: int) -> str:
    """Return a number of bytes in plain words, with units in powers of ten.

    >>> readable(1), readable(999), readable(1_234_567)
    ('1 byte', '999 bytes', '1.2 MB')
    """
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return counted(size, "byte") if unit == "bytes" else f"{amount:.1f} {unit}"


def tally_text(tally: Tally) -> str:
    """Return a tally in words: `280 done, 2 skipped (2 unsupported), 3 failed (2 truncated, 1 timeout)`."""
    parts = [f"{tally.done:,} done"]
    for word, counts in (("skipped", tally.skipped), ("failed", tally.failed)):
        if counts:
            parts.append(f"{counts.total():,} {word} ({by_count(counts)})")
    return ", ".join(parts)


def say_task_result(result: TaskResult, events: Events) -> None:
    """Say what the task did, and the result of the run if every shard is complete."""
    own = result.own
    events.info("task-done", task_text(result), **own.to_record(), seconds=round(result.seconds, 3))
    if result.so_far is not None:
        events.info(
            "run-unfinished",
            f"The run so far: {tally_text(result.so_far)}, of {counted(result.planned, 'image')}. "
            "Other tasks have the rest",
            run_total=result.planned,
            run_finished=result.so_far.items,
        )
    if own.items and not result.worked.items and result.began:
        events.info(
            "next",
            f"The plan is of {result.began:%Y-%m-%d %H:%M} UTC. What was added or replaced since is not in it. "
            f"To make that too, with your other flags: {result.anew}",
        )
    say_run(result, events)


def task_text(result: TaskResult) -> str:
    """Return what this very process did, in words; what an earlier attempt did is not its work."""
    worked, before = result.worked, result.own.items - result.worked.items
    if not worked.items:
        done_before = f": {'it' if before == 1 else f'all {before:,}'} had an outcome before" if before else ""
        return f"This task had no image left to work on{done_before}"
    rate = worked.items / result.seconds if result.seconds else 0.0
    others = f" ({counted(before, 'image')} had an outcome before)" if before else ""
    return (
        f"This task: {tally_text(worked)}{others}. It read {readable(worked.source_bytes)} and wrote "
        f"{readable(worked.output_bytes)} in {result.seconds:.1f} s, {rate_text(rate)} images a second"
    )


def say_run(result: TaskResult, events: Events) -> None:
    """Say the result of a whole run if it is complete: what the reasons mean, and which commands can follow."""
    tally = result.run
    if tally is None:
        return
    where = f"Thumbnails: {result.folder}" if tally.done else "There are no thumbnails"
    events.notice("run-done", f"The run is complete: {tally_text(tally)}. {where}", **tally.to_record())
    for reason, _ in (tally.failed + tally.skipped).most_common():
        events.info("reason", f"  {reason}: {MEANINGS[Reason(reason)]}", reason=reason)
    if DEMO_VARIABLE in os.environ:
        return
    if result.report:
        to_see = f"To see the report: thumbrun report {result.named} --open"  # no browser opens the URI of an object
        text = to_see if result.report.startswith("gs://") else f"Report: {result.report}"
        events.info("report", text, report=result.report)
    for advice in after_failures(tally.failed, result.named):
        events.info("next", advice)
    if tally.items:
        events.info("next", f"To check the run: thumbrun verify {result.named}")
