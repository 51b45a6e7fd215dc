"""Events as lines: JSON for Cloud Logging, and plain text for a pipe or a file."""

import json
import math
from collections.abc import Mapping
from datetime import UTC
from typing import Any, TextIO

from thumbrun.clock import Clock
from thumbrun.console import printable as printable  # the command line uses it for its own messages
from thumbrun.console import shortened
from thumbrun.logs.events import Event, Progress, progress_event
from thumbrun.logs.pace import Pace, duration_text, rate_text
from thumbrun.logs.stream import Lines
from thumbrun.version import __version__

_LABELS = "logging.googleapis.com/labels"
_TRACE = "logging.googleapis.com/trace"
_OWN_KEYS = frozenset(("severity", "message", "time", "event", _LABELS))
_NO_FIELDS = _OWN_KEYS | {_TRACE, "@type", "serviceContext"}
# The keys that Cloud Logging moves out of the payload (https://cloud.google.com/logging/docs/structured-logging).
_SPECIAL_KEYS = _NO_FIELDS | {"timestamp", "timestampSeconds", "timestampNanos", "httpRequest"}
_SPECIAL_PREFIX = "logging.googleapis.com/"
# What makes Error Reporting take an entry without a stack trace
# (https://cloud.google.com/error-reporting/docs/formatting-error-messages). It groups entries with alike messages.
_ERROR = {
    "@type": "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent",
    "serviceContext": {"service": "thumbrun", "version": __version__},
}
# A log entry has at most 256 KiB (https://cloud.google.com/logging/quotas), and an escaped character up to 12 bytes.
_LONGEST_TEXT = 4096
JSON_SECONDS = 30.0  # between two progress lines
TEXT_SECONDS = 10.0


def plain_message(event: Event) -> str:
    """Return an event's message for people, in one line, and its hint in a second line."""
    hint = str(event.fields.get("hint", "")) if event.name == "error" else ""
    message = event.message.removesuffix(f"\n{hint}") if hint else event.message
    return printable(message) + (f"\n  {printable(hint)}" if hint else "")


def marked_message(event: Event) -> str:
    """Return an event's message for people, with the severity before a warning or an error."""
    mark = f"{event.severity.lower()}: " if event.severity in ("WARNING", "ERROR") else ""
    return f"{mark}{plain_message(event)}"


class JsonLines:
    """A sink that writes one JSON object a line, in the form that Cloud Logging reads from standard output."""

    def __init__(self, stream: TextIO | None, clock: Clock, *, seconds: float = JSON_SECONDS, trace: str = "") -> None:
        """Set up the sink.

        Args:
            stream: The stream that the lines go to, or None.
            clock: The clock for the times of events and the wait between two progress lines.
            seconds: The least time between two progress lines, in seconds.
            trace: The resource name of the task's trace, or empty.
        """
        self._lines = Lines(stream)
        self._clock = clock
        self._seconds = seconds
        self._trace = {_TRACE: trace} if trace else {}
        self._said_at = float("-inf")
        self._last: tuple[Progress, Mapping[str, str]] | None = None

    def event(self, event: Event) -> None:
        """Write an event as one line."""
        record: dict[str, Any] = {
            "severity": event.severity,
            "message": shortened(event.message, _LONGEST_TEXT),
            "time": self._clock.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "event": event.name,
            _LABELS: {**event.labels, "event": event.name},
            **self._trace,
            **(_ERROR if event.severity == "ERROR" else {}),
        }
        for key, value in event.fields.items():
            # Cloud Logging would move a field of such a name out of the payload, so the field gets a prefix.
            special = key in _SPECIAL_KEYS or key.startswith(_SPECIAL_PREFIX)
            record[f"field_{key}" if special else key] = _json_value(value)
        # ASCII only, so that no name can break the line, and lone surrogates are valid.
        self._lines.write(json.dumps(record, ensure_ascii=True, allow_nan=False) + "\n")

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Write a line if the last progress line is `seconds` old."""
        self._last = progress, dict(labels)
        if self._clock.monotonic() - self._said_at >= self._seconds:
            self._say()

    def close(self) -> None:
        """Write the last progress, if it has not been said."""
        self._say()

    def _say(self) -> None:
        if self._last:
            self._said_at = self._clock.monotonic()
            self.event(progress_event(*self._last))
            self._last = None


def _json_value(value: Any) -> Any:
    """Return any value in a form that JSON can hold, because logging must never fail."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {shortened(str(key), _LONGEST_TEXT): _json_value(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_json_value(member) for member in value]
    return shortened(str(value), _LONGEST_TEXT)


def parse(line: str) -> Event | None:
    """Return the event in a line of `JsonLines`, or None if the line is something else."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not record.keys() >= _OWN_KEYS:
        return None
    fields = {key: value for key, value in record.items() if key not in _NO_FIELDS}
    name, severity, message, labels = (record[key] for key in ("event", "severity", "message", _LABELS))
    if not isinstance(labels, dict):
        return None
    if not all(isinstance(text, str) for text in (name, severity, message, *labels.values())):
        return None
    labels.pop("event", None)  # written twice, so that filters on labels and on the payload find it
    return Event(name, severity, message, fields, labels)


class TextLines:
    """A sink that writes each event as a line of plain text, for a pipe or a file."""

    def __init__(self, stream: TextIO | None, clock: Clock) -> None:
        """Set up a sink that writes to `stream`."""
        self._lines = Lines(stream)
        self._clock = clock
        self._said_at = clock.monotonic()
        self._pace = Pace()
        self._last: Progress | None = None

    def event(self, event: Event) -> None:
        """Write the event's message."""
        if event.severity != "DEBUG":
            self._lines.write(f"{marked_message(event)}\n")

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Write a line if the last progress line is 10 seconds old."""
        now = self._clock.monotonic()
        self._last = progress
        self._pace.note(now, progress.finished)
        if now - self._said_at >= TEXT_SECONDS:
            self._said_at = now
            self._say()

    def close(self) -> None:
        """Write the last progress, if it has not been said."""
        self._say()

    def _say(self) -> None:
        if self._last is None:
            return
        parts = [progress_event(self._last, {}).message]
        if self._last.finished < self._last.total:  # at the end, the task tells its rate over the whole time
            if rate := self._pace.rate:
                parts.append(f"{rate_text(rate)} a second")
            if (left := self._pace.left(self._last.total)) is not None:
                parts.append(f"{duration_text(left)} left")
        self._last = None
        self._lines.write(f"{', '.join(parts)}\n")
