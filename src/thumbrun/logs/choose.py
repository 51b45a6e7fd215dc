"""The choice of a sink for events, by the setting, the platform and the stream."""

import io
import re
from collections.abc import Mapping
from typing import TextIO

from thumbrun.clock import Clock
from thumbrun.logs.events import Event, Progress, Sink
from thumbrun.logs.lines import JSON_SECONDS, JsonLines, TextLines

CHILD_SECONDS = 0.5  # between two progress lines to a parent that draws a progress bar
LOCAL_TASKS_VARIABLE = "_THUMBRUN_LOCAL_TASKS"  # the parent of several tasks sets it
DEMO_VARIABLE = "_THUMBRUN_DEMO"  # the demo sets it, because its run is gone before a reader could follow an advice


def choose_sink(log_format: str, environ: Mapping[str, str], stream: TextIO | None, clock: Clock) -> Sink:
    """Return the sink for a stream.

    A stream of None is not a terminal; `sys.stdout` is None in a process without standard output.

    | log_format | environment | stream | sink |
    |---|---|---|---|
    | json | | | JSON lines |
    | auto | Cloud Run | no terminal | JSON lines |
    | auto, text | | terminal | progress bar |
    | auto, text | TERM=dumb | terminal | text lines |
    | auto, text | | no terminal | text lines |
    """
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a name that the stream cannot encode must not end a task
    on_cloud_run = bool(environ.get("CLOUD_RUN_JOB") or environ.get("CLOUD_RUN_EXECUTION"))
    terminal = stream is not None and stream.isatty()
    if log_format == "json" or (log_format == "auto" and on_cloud_run and not terminal):
        seconds = CHILD_SECONDS if environ.get(LOCAL_TASKS_VARIABLE) else JSON_SECONDS
        return JsonLines(stream, clock, seconds=seconds, trace=trace_of(environ))
    if stream is not None and terminal and environ.get("TERM") not in ("dumb", "unknown"):
        from thumbrun.logs.terminal import Terminal  # importing rich takes a tenth of a second

        return Terminal(stream, clock)
    return TextLines(stream, clock)


def trace_of(environ: Mapping[str, str]) -> str:
    """Return the name that Cloud Logging gives to the task's trace, or an empty text if there is no trace.

    The program that starts the task passes the trace's id in TRACEPARENT (https://www.w3.org/TR/trace-context/) and
    the project in GOOGLE_CLOUD_PROJECT.
    """
    project = environ.get("GOOGLE_CLOUD_PROJECT", "")
    found = re.fullmatch(
        r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*", environ.get("TRACEPARENT", "")
    )
    return f"projects/{project}/traces/{found[1]}" if project and found else ""


class Quiet:
    """A sink that shows only warnings and errors of those that it gets, by another sink."""

    def __init__(self, sink: Sink) -> None:
        """Set up a sink in front of another one."""
        self._sink = sink

    def event(self, event: Event) -> None:
        """Show a warning or an error."""
        if event.severity in ("WARNING", "ERROR"):
            self._sink.event(event)

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show everything that is still pending."""
        self._sink.close()
