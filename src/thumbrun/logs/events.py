"""The events that a task logs: each has a stable name, a severity, a message and fields.

The names and the fields are a promise to users who filter logs:

| event | severity | fields |
|---|---|---|
| run-agreed | INFO | began |
| plan-awaited | INFO | |
| plan-made, plan-read | INFO | items, bytes, shards |
| round-agreed | INFO | round |
| nothing-to-retry | NOTICE | |
| suspects | WARNING | items |
| others-awaited | INFO | items |
| cold-storage | WARNING | bytes, by storage class |
| not-listed | WARNING | parts |
| left-out | INFO | objects, kinds |
| names-shared | INFO | |
| pattern-unmatched | INFO | |
| not-confined | WARNING | |
| misspelt-variable | WARNING | |
| record-set-aside | WARNING | record |
| listing | INFO | found |
| progress | INFO | total, done, skipped, failed, reasons, source_bytes, output_bytes, run_total |
| image-skipped, image-failed | INFO, WARNING | source, shard, item, reason, detail |
| store-retry | NOTICE | operation, attempt, wait, requests |
| held-back | INFO | rate: requests a second |
| stopping | NOTICE | |
| task-done | INFO | done, skipped, failed, source_bytes, output_bytes, seconds |
| run-unfinished | INFO | run_total, run_finished |
| reason | INFO | reason |
| run-done | NOTICE | done, skipped, failed, source_bytes, output_bytes |
| report | INFO | report |
| no-report | WARNING | |
| next | INFO | |
| task-retried, task-output | WARNING | task |
| error | ERROR | hint |

In `progress`, `skipped` and `failed` are counts; in `task-done` and `run-done`, they are counts by reason. `reasons`
are the counts of failures by reason. `total` is the number of images of the task, `run_total` that of the whole run,
and `run_finished` how many images of the run have an outcome. Sizes are in bytes, and `wait` and `seconds` are in
seconds. `requests` is how many equal retries a line stands for. `began` is a time as in RFC 3339. In JSON, every line
also has these keys:

| key | value |
|---|---|
| severity | DEBUG, INFO, NOTICE, WARNING or ERROR |
| message | a text for people, which can change with any version |
| time | the time of the event, as in RFC 3339, in UTC |
| event | the event's name |
| logging.googleapis.com/labels | the event's name again, and run, task and attempt as far as they are known |
| logging.googleapis.com/trace | the trace, if the platform passes one |
| @type, serviceContext | of ERROR only: what makes Error Reporting show and group the error |
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from thumbrun.clock import Clock
from thumbrun.console import by_count, counted
from thumbrun.logs.secrets import redacted, redacted_value
from thumbrun.outcomes import Outcome, Reason, Status
from thumbrun.storage.retry import Retry

SEVERITIES = ("DEBUG", "INFO", "NOTICE", "WARNING", "ERROR")
_LISTING_SECONDS = 10.0  # between two `listing` events
_RETRY_SECONDS = 10.0  # between two `store-retry` events of the same kind
_REASONS = frozenset(map(str, Reason))
_COUNTS = ("total", "done", "skipped", "failed", "source_bytes", "output_bytes")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a task.

    Attributes:
        name: The stable name, from the table above.
        severity: The severity, as Cloud Logging spells it.
        message: The text for people. It can hold names of objects, so a sink must escape it before showing it.
        fields: The numbers and names of the event.
        labels: `run`, `task` and `attempt`, as far as they are known.
    """

    name: str
    severity: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a task's shards, or of several tasks together, as numbers of items and bytes.

    Attributes:
        reasons: How many items failed, by reason.
        run_total: The number of items in the whole run; 0 if nobody has said it.
        tasks: The progress of each task, by index, if these are several; None for one that has said nothing yet.
    """

    total: int = 0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    source_bytes: int = 0
    output_bytes: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    run_total: int = 0
    tasks: "tuple[Progress | None, ...]" = ()

    @property
    def finished(self) -> int:
        """The number of items with an outcome."""
        return self.done + self.skipped + self.failed

    @classmethod
    def of_tasks(cls, tasks: "Sequence[Progress | None]", run_total: int) -> "Progress":
        """Return the progress of several tasks, of all items of a run: some tasks might not have told theirs yet."""
        heard = [task for task in tasks if task is not None]
        numbers = {name: sum(getattr(task, name) for task in heard) for name in _COUNTS}
        reasons = sum((Counter(task.reasons) for task in heard), Counter[str]())
        numbers["total"] = numbers["run_total"] = max(numbers["total"], run_total)
        return cls(**numbers, reasons=reasons, tasks=tuple(tasks))

    @classmethod
    def from_event(cls, event: Event) -> "Progress | None":
        """Return the progress in a `progress` event, or None if it is another event."""
        if event.name != "progress":
            return None
        numbers = {name: event.fields.get(name, 0) for name in (*_COUNTS, "run_total")}
        reasons = event.fields.get("reasons", {})
        if not isinstance(reasons, Mapping) or not reasons.keys() <= _REASONS:
            return None
        if not all(type(number) is int for number in (*numbers.values(), *reasons.values())):
            return None
        return cls(**numbers, reasons=reasons)

    def to_fields(self) -> dict[str, Any]:
        """Return the fields of a `progress` event."""
        return {name: getattr(self, name) for name in (*_COUNTS, "run_total")} | {"reasons": dict(self.reasons)}


@dataclass(slots=True)
class _Retries:
    """The retries of one kind.

    Attributes:
        said_at: When the last of them was told.
        last: The last of them.
        untold: How many of them have not been told.
    """

    said_at: float
    last: Retry
    untold: int = 0


class Sink(Protocol):
    """The destination of events, which shows or writes them."""

    def event(self, event: Event) -> None:
        """Show an event."""

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Show the progress; this is called for every item, so a sink shows only as much as people can follow."""

    def close(self) -> None:
        """Show everything that is still pending; more events can follow."""


class Events:
    """The interface through which the parts of a task report events."""

    def __init__(self, sink: Sink, clock: Clock, **labels: str) -> None:
        """Set up the interface.

        Args:
            sink: The sink that shows the events.
            clock: The clock that limits how often repeated events are shown.
            labels: The labels of the task that are known already.
        """
        self._sink = sink
        self._clock = clock
        self._labels = dict(labels)
        self._listing_at = clock.monotonic()
        self._retries: dict[tuple[str, str], _Retries] = {}

    def label(self, **labels: str) -> None:
        """Add labels to all events from now on, such as the run once it is known."""
        self._labels |= labels

    def debug(self, name: str, message: str, /, **fields_: Any) -> None:
        """Report a detail that helps to find a fault; only JSON shows it."""
        self._say(name, "DEBUG", message, fields_)

    def info(self, name: str, message: str, /, **fields_: Any) -> None:
        """Report that something went as it should."""
        self._say(name, "INFO", message, fields_)

    def notice(self, name: str, message: str, /, **fields_: Any) -> None:
        """Report something that is worth a second look."""
        self._say(name, "NOTICE", message, fields_)

    def warning(self, name: str, message: str, /, **fields_: Any) -> None:
        """Report that something went wrong, but the task goes on."""
        self._say(name, "WARNING", message, fields_)

    def error(self, message: str, hint: str) -> None:
        """Report the error that ends the task, and a hint on what to do about it; nothing of before follows it."""
        self.close()
        self._say("error", "ERROR", f"{message}\n{hint}" if hint else message, {"hint": hint})

    def repeat(self, event: Event) -> None:
        """Show the event of another process."""
        if event.severity == "ERROR":
            self._sink.close()
        self._sink.event(event)

    def listing(self, found: int) -> None:
        """Report the number of images that the listing has found, at most every 10 seconds."""
        now = self._clock.monotonic()
        if now - self._listing_at >= _LISTING_SECONDS:
            self._listing_at = now
            self.info("listing", f"Listing: {found:,} image{'' if found == 1 else 's'} so far", found=found)

    def outcome(self, outcome: Outcome, source: str, meaning: str) -> None:
        """Report that an image was skipped or has failed: the detail if there is one, else what the reason means."""
        skipped = outcome.status is Status.SKIPPED
        self._say(
            "image-skipped" if skipped else "image-failed",
            "INFO" if skipped else "WARNING",
            f"{source} {outcome.status} ({outcome.reason}): {outcome.detail or meaning}",
            {
                "source": source,
                "shard": outcome.shard,
                "item": outcome.item,
                "reason": str(outcome.reason),
                "detail": outcome.detail,
            },
        )

    def retry(self, retry: Retry) -> None:
        """Report that a request failed and is retried; of many that fail alike, one line every 10 seconds."""
        now = self._clock.monotonic()
        kind = (retry.operation, type(retry.error).__name__)
        known = self._retries.get(kind)
        if known is None:
            known = self._retries[kind] = _Retries(float("-inf"), retry)
        known.last = retry
        known.untold += 1
        if now - known.said_at >= _RETRY_SECONDS:
            self._say_retries(known, now)

    def _say_retries(self, known: _Retries, now: float) -> None:
        retry, others = known.last, known.untold - 1
        like = f"; {others:,} more like it since the last such line" if others else ""
        self._say(
            "store-retry",
            "NOTICE",
            f"{retry.error}; thumbrun retries in {retry.wait:.1f} s (attempt {retry.attempt + 1}){like}",
            {
                "operation": retry.operation,
                "attempt": retry.attempt,
                "wait": round(retry.wait, 3),
                "requests": known.untold,
            },
        )
        known.said_at, known.untold = now, 0

    def progress(self, progress: Progress) -> None:
        """Report the progress of the work."""
        self._sink.progress(progress, self._labels)

    def close(self) -> None:
        """Show everything that is still pending; more events can follow."""
        for known in self._retries.values():
            if known.untold:
                self._say_retries(known, self._clock.monotonic())
        self._sink.close()

    def _say(self, name: str, severity: str, message: str, fields_: Mapping[str, Any]) -> None:
        self._sink.event(Event(name, severity, redacted(message), redacted_value(fields_), dict(self._labels)))


def progress_event(progress: Progress, labels: Mapping[str, str]) -> Event:
    """Return a `progress` event."""
    skipped = f", {progress.skipped:,} skipped" if progress.skipped else ""
    reasons = f" ({by_count(progress.reasons)})" if progress.reasons else ""
    failed = f", {progress.failed:,} failed{reasons}" if progress.failed else ""
    images = counted(progress.total, "image")
    if progress.run_total > progress.total:
        images += f" of this task (the run has {progress.run_total:,})"
    message = f"{progress.finished:,} of {images}{skipped}{failed}"
    return Event("progress", "INFO", message, progress.to_fields(), dict(labels))
