"""The last messages of a task: what it did, and the result of the run."""

from thumbrun.console import counted
from thumbrun.logs.events import Events
from thumbrun.outcomes import MEANINGS, Reason, Tally
from thumbrun.task.runner import TaskResult


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
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in counts.most_common())
            parts.append(f"{counts.total():,} {word} ({reasons})")
    return ", ".join(parts)


def say_task_result(result: TaskResult, events: Events) -> None:
    """Say what the task did, and the result of the run if every shard is complete."""
    own = result.own
    rate = own.items / result.seconds if result.seconds else 0.0
    events.info(
        "task-done",
        f"This task: {tally_text(own)}. It read {readable(own.source_bytes)} and wrote {readable(own.output_bytes)} "
        f"in {result.seconds:.1f} s, {rate:,.1f} images a second",
        **own.to_record(),
        seconds=round(result.seconds, 3),
    )
    if result.run is not None:
        say_run(result.run, result.folder, events)


def say_run(tally: Tally, folder: str, events: Events) -> None:
    """Say the result of a whole run, and what the reasons for its skips and failures mean."""
    where = f"Thumbnails: {folder}" if tally.done else "There are no thumbnails"
    events.notice("run-done", f"The run is complete: {tally_text(tally)}. {where}", **tally.to_record())
    for reason, _ in (tally.failed + tally.skipped).most_common():
        events.info("reason", f"  {reason}: {MEANINGS[Reason(reason)]}", reason=reason)
