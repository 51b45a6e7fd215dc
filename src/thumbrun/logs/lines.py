"""Events as lines: JSON for Cloud Logging, plain words for a pipe."""

import json
from collections.abc import Mapping
from typing import Any, TextIO

from thumbrun.clock import Clock
from thumbrun.logs.events import Event, Progress, progress_event

_LABELS = "logging.googleapis.com/labels"
_OWN_KEYS = frozenset(("severity", "message", "time", "event", _LABELS))
JSON_SECONDS = 30.0  # between two progress lines
TEXT_SECONDS = 10.0


def plain(text: str) -> str:
    r"""Return text that cannot move a terminal's cursor, end a line or turn the writing direction.

    >>> plain("a\x1b[2Jb\nc")
    'a\\x1b[2Jb\\nc'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def plain_message(event: Event) -> str:
    """Return an event's message for people: only the line before its hint may end."""
    hint = str(event.fields.get("hint", "")) if event.name == "error" else ""
    message = event.message.removesuffix(f"\n{hint}") if hint else event.message
    return plain(message) + (f"\n  {plain(hint)}" if hint else "")


class JsonLines:
    """One JSON object a line, as Cloud Logging takes it from standard output."""

    def __init__(self, stream: TextIO, clock: Clock, *, seconds: float = JSON_SECONDS) -> None:
        """Write to `stream`, progress every so many seconds at most."""
        self._stream = stream
        self._clock = clock
        self._seconds = seconds
        self._said_at = float("-inf")
        self._last: tuple[Progress, Mapping[str, str]] | None = None

    def event(self, event: Event) -> None:
        """Write one line."""
        record: dict[str, Any] = {
            "severity": event.severity,
            "message": event.message,
            "time": self._clock.now().isoformat().replace("+00:00", "Z"),
            "event": event.name,
            _LABELS: dict(event.labels),
            **{key: value for key, value in event.fields.items() if key not in _OWN_KEYS},
        }
        # ASCII only: no name can break the line, and lone surrogates pass.
        self._stream.write(json.dumps(record, ensure_ascii=True, default=str) + "\n")
        self._stream.flush()

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Write a line now and then."""
        self._last = progress, labels
        if self._clock.monotonic() - self._said_at >= self._seconds:
            self._say()

    def close(self) -> None:
        """Write the last progress."""
        self._say()

    def _say(self) -> None:
        if self._last:
            self._said_at = self._clock.monotonic()
            self.event(progress_event(*self._last))
            self._last = None


def parse(line: str) -> Event | None:
    """Return the event that a line of `JsonLines` tells of, or None if it is another line."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or not record.keys() >= _OWN_KEYS:
        return None
    fields = {key: value for key, value in record.items() if key not in _OWN_KEYS}
    return Event(record["event"], record["severity"], record["message"], fields, record[_LABELS])


class TextLines:
    """Plain words, a line an event, for a pipe or a file."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        """Write to `stream`."""
        self._stream = stream
        self._clock = clock
        self._began = clock.monotonic()
        self._said_at = clock.monotonic()
        self._last: tuple[Progress, Mapping[str, str]] | None = None

    def event(self, event: Event) -> None:
        """Write the event's message, its severity first where it matters."""
        if event.severity == "DEBUG":
            return
        mark = f"{event.severity.lower()}: " if event.severity in ("WARNING", "ERROR") else ""
        self._stream.write(f"{mark}{plain_message(event)}\n")
        self._stream.flush()

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Write a line now and then."""
        self._last = progress, labels
        now = self._clock.monotonic()
        if now - self._said_at >= TEXT_SECONDS:
            self._said_at = now
            self._say(progress.settled / max(now - self._began, 1e-9))

    def close(self) -> None:
        """Write the last progress, if it has not been said."""
        if self._last:
            self._say(self._last[0].settled / max(self._clock.monotonic() - self._began, 1e-9))

    def _say(self, rate: float) -> None:
        if self._last:
            event = progress_event(*self._last)
            self._last = None
            self._stream.write(f"{event.message}, {rate:,.0f} a second\n")
            self._stream.flush()
