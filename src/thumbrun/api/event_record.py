"""Keeps what a call has to tell, because a library prints nothing: for its result, and for `logging`.

The logger is `thumbrun`. It is silent unless the program sets up logging.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from thumbrun.api.keywords import named_by_keywords
from thumbrun.console import printable
from thumbrun.logs.events import Event, Progress

MOST_KEPT = 1000  # warnings, and failures; all are logged and counted

_LOGGER = logging.getLogger("thumbrun")
_LOGGER.addHandler(logging.NullHandler())  # else Python prints warnings that nobody has set up logging for
_LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "NOTICE": logging.INFO,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An image that failed.

    Attributes:
        source: The name of the image in its bucket, or its path in the folder.
        reason: The reason, as the reference lists them.
        detail: A sentence for people, or empty.
    """

    source: str
    reason: str
    detail: str = ""

    def to_record(self) -> dict[str, str]:
        """Return the failure in the form of JSON."""
        return {"source": self.source, "reason": self.reason, "detail": self.detail}


class EventRecord:
    """A sink that logs events, and keeps those that the caller must learn of.

    Attributes:
        warnings: The first warnings, apart from failed images.
        failures: The first images that failed.
        errors: The errors of tasks that are processes of their own.
        fault: What the caller's own function raised; it is called no more.
    """

    def __init__(self, progress: Callable[[Progress], object] | None = None, stop: asyncio.Event | None = None) -> None:
        """Set up the sink.

        Args:
            progress: The caller's function, which gets the progress after each item; None: there is none.
            stop: Is set if that function raises; None: its error is raised at once.
        """
        self.warnings: list[str] = []
        self.failures: list[Failure] = []
        self.errors: list[Event] = []
        self.fault: BaseException | None = None
        self._progress = progress
        self._stop = stop

    def event(self, event: Event) -> None:
        """Log an event, and keep it if it is a warning or an error."""
        extra = {"event": event.name, "fields": dict(event.fields), "labels": dict(event.labels)}
        _LOGGER.log(_LEVELS[event.severity], "%s", printable(event.message), extra=extra)
        if event.name == "image-failed":
            if len(self.failures) < MOST_KEPT:
                source, reason, detail = (str(event.fields.get(name) or "") for name in ("source", "reason", "detail"))
                self.failures.append(Failure(source, reason, named_by_keywords(detail)))
        elif event.severity == "WARNING" and len(self.warnings) < MOST_KEPT:
            self.warnings.append(event.message)
        elif event.severity == "ERROR":
            self.errors.append(event)

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Tell the caller's function. If it raises, the work stops in order, and the error is raised in the end."""
        if self._progress is None or self.fault is not None:
            return
        try:
            self._progress(progress)
        except BaseException as error:
            if self._stop is None:
                raise
            self.fault = error
            self._stop.set()

    def close(self) -> None:
        """Do nothing: nothing is pending."""
