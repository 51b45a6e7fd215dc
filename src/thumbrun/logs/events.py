"""What a task says: events with a stable name, a severity, plain words and fields.

The names, and the fields of each, are a promise to whoever filters logs:

| event | severity | fields |
|---|---|---|
| run-agreed | INFO | began |
| plan-made, plan-read | INFO | items, bytes, shards |
| round-agreed | INFO | round |
| suspects | WARNING | items |
| cold-storage | WARNING | bytes, by storage class |
| listing | INFO | found |
| progress | INFO | total, done, skipped, failed, source_bytes, output_bytes |
| image-skipped, image-failed | INFO, WARNING | source, shard, item, reason, detail |
| store-retry | NOTICE | operation, attempt, wait |
| held-back | INFO | rate: requests a second |
| task-done | INFO | done, skipped, failed, source_bytes, output_bytes, seconds |
| reason | INFO | reason |
| run-done | NOTICE | done, skipped, failed, source_bytes, output_bytes |
| task-retried, task-output | WARNING | task |
| error | ERROR | hint |

In `progress`, skipped and failed are counts; in `task-done` and `run-done`, counts by reason. Sizes are in bytes,
`wait` and `seconds` in seconds, `began` is a time as in RFC 3339. As JSON, every line has besides:

| key | value |
|---|---|
| severity | DEBUG, INFO, NOTICE, WARNING or ERROR |
| message | plain words, which may change |
| time | RFC 3339, in UTC |
| event | the name |
| logging.googleapis.com/labels | the event's name again, and as far as known: run, task, attempt |
| logging.googleapis.com/trace | the trace, where the platform tells it |
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Protocol

from thumbrun.clock import Clock
from thumbrun.logs.secrets import redacted, redacted_value
from thumbrun.outcomes import Outcome, Status
from thumbrun.storage.retry import Retry

SEVERITIES = ("DEBUG", "INFO", "NOTICE", "WARNING", "ERROR")
_LISTING_SECONDS = 10.0  # between two words on how far the listing is


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        name: Stable, from the table above.
        severity: As Cloud Logging spells it.
        message: In plain words; may hold names from outside, so whoever shows it makes it harmless first.
        fields: Numbers and names.
        labels: `run`, `task` and `attempt`, as far as they are known.
    """

    name: str
    severity: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the items of a task's shards are: numbers of items, and bytes."""

    total: int = 0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    source_bytes: int = 0
    output_bytes: int = 0

    @property
    def finished(self) -> int:
        """Items with an outcome."""
        return self.done + self.skipped + self.failed

    def __add__(self, other: "Progress") -> "Progress":
        """Return the progress of both together."""
        return Progress(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Progress)))

    @classmethod
    def from_event(cls, event: Event) -> "Progress | None":
        """Return the progress that an event tells of, or None if it is another event."""
        if event.name != "progress":
            return None
        numbers = [event.fields.get(f.name, 0) for f in fields(cls)]
        return cls(*numbers) if all(type(number) is int for number in numbers) else None


class Sink(Protocol):
    """Shows events to somebody."""

    def event(self, event: Event) -> None:
        """Show one event."""

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Show how far the work is; called for every item, so a sink shows what its readers can follow."""

    def close(self) -> None:
        """Show what is left to be shown; more events may follow."""


class Events:
    """What the parts of a task call when something happens."""

    def __init__(self, sink: Sink, clock: Clock, **labels: str) -> None:
        """Prepare.

        Args:
            sink: Shows the events.
            clock: Time, for the rate of what is said again and again.
            labels: What is known of the task.
        """
        self._sink = sink
        self._clock = clock
        self._labels = dict(labels)
        self._listing_at = clock.monotonic()

    def label(self, **labels: str) -> None:
        """Say from now on what has become known: the run."""
        self._labels |= labels

    def debug(self, name: str, message: str, /, **fields_: Any) -> None:
        """Say what only those want to know who look for a fault; people are not shown it, JSON holds it."""
        self._say(name, "DEBUG", message, fields_)

    def info(self, name: str, message: str, /, **fields_: Any) -> None:
        """Say that something went as it should."""
        self._say(name, "INFO", message, fields_)

    def notice(self, name: str, message: str, /, **fields_: Any) -> None:
        """Say something that is worth a second look."""
        self._say(name, "NOTICE", message, fields_)

    def warning(self, name: str, message: str, /, **fields_: Any) -> None:
        """Say that something went wrong, and the task goes on."""
        self._say(name, "WARNING", message, fields_)

    def error(self, message: str, hint: str) -> None:
        """Say what ends the task, and what to do about it."""
        self._say("error", "ERROR", f"{message}\n{hint}" if hint else message, {"hint": hint})

    def repeat(self, event: Event) -> None:
        """Show the event of another process."""
        self._sink.event(event)

    def listing(self, found: int) -> None:
        """Say now and then how many images the listing has found so far."""
        now = self._clock.monotonic()
        if now - self._listing_at >= _LISTING_SECONDS:
            self._listing_at = now
            self.info("listing", f"Listing: {found:,} images so far", found=found)

    def outcome(self, outcome: Outcome, source: str, meaning: str) -> None:
        """Say that an image was skipped or has failed."""
        skipped = outcome.status is Status.SKIPPED
        detail = f": {outcome.detail}" if outcome.detail else ""
        self._say(
            "image-skipped" if skipped else "image-failed",
            "INFO" if skipped else "WARNING",
            f"{source} {outcome.status}, {outcome.reason} ({meaning}){detail}",
            {
                "source": source,
                "shard": outcome.shard,
                "item": outcome.item,
                "reason": str(outcome.reason),
                "detail": outcome.detail,
            },
        )

    def retry(self, retry: Retry) -> None:
        """Say that a request is tried again."""
        self._say(
            "store-retry",
            "NOTICE",
            f"{retry.error}; attempt {retry.attempt + 1} in {retry.wait:.1f} s",
            {"operation": retry.operation, "attempt": retry.attempt, "wait": round(retry.wait, 3)},
        )

    def progress(self, progress: Progress) -> None:
        """Say how far the work is."""
        self._sink.progress(progress, self._labels)

    def close(self) -> None:
        """Show what is left to be shown; more may be said afterwards."""
        self._sink.close()

    def _say(self, name: str, severity: str, message: str, fields_: Mapping[str, Any]) -> None:
        self._sink.event(Event(name, severity, redacted(message), redacted_value(fields_), dict(self._labels)))


def progress_event(progress: Progress, labels: Mapping[str, str]) -> Event:
    """Return the event that tells of progress."""
    skipped = f", {progress.skipped:,} skipped" if progress.skipped else ""
    failed = f", {progress.failed:,} failed" if progress.failed else ""
    message = f"{progress.finished:,} of {progress.total:,} images{skipped}{failed}"
    return Event("progress", "INFO", message, asdict(progress), dict(labels))
