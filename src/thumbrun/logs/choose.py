"""Which form events take: by the setting, the platform and the stream."""

from collections.abc import Mapping
from typing import TextIO

from thumbrun.clock import Clock
from thumbrun.logs.events import Sink
from thumbrun.logs.lines import JsonLines, TextLines

CHILD_SECONDS = 0.5  # between two progress lines to a parent that draws a bar


def choose_sink(log_format: str, environ: Mapping[str, str], stream: TextIO, clock: Clock) -> Sink:
    """Return the sink for a stream.

    | log_format | environment | stream | sink |
    |---|---|---|---|
    | json | | | JSON lines |
    | auto | Cloud Run | no terminal | JSON lines |
    | auto, text | | terminal | progress bar |
    | auto, text | | no terminal | text lines |
    """
    on_cloud_run = bool(environ.get("CLOUD_RUN_JOB") or environ.get("CLOUD_RUN_EXECUTION"))
    if log_format == "json":
        return JsonLines(stream, clock, seconds=CHILD_SECONDS if environ.get(FLEET_VARIABLE) else 30.0)
    if log_format == "auto" and on_cloud_run and not stream.isatty():
        return JsonLines(stream, clock)
    if stream.isatty():
        from thumbrun.logs.terminal import Terminal  # rich takes a tenth of a second to import

        return Terminal(stream)
    return TextLines(stream, clock)


FLEET_VARIABLE = "_THUMBRUN_FLEET"  # set by the parent of several tasks
