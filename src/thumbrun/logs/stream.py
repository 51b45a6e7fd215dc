"""A stream that is written line by line, and may go away: a task goes on when nobody listens any more."""

import os
from contextlib import suppress
from typing import TextIO


class Lines:
    """Writes whole lines.

    A reader that goes away, like `head`, costs the log and not the run. The file descriptor is pointed at nothing then,
    for Python would try to write the rest at its end, fail, and turn the exit code into 120
    (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
    """

    def __init__(self, stream: TextIO | None) -> None:
        """Write to `stream`; None, as `sys.stdout` is in a process without one: to nobody."""
        self._stream = stream

    def write(self, line: str) -> None:
        """Write a line, its end included, in one go, so that lines of other processes do not come between."""
        if self._stream is None:
            return
        try:
            self._stream.write(line)
            self._stream.flush()
        except BlockingIOError:
            pass  # a full terminal or pipe that does not wait: this line is lost, the next may not be
        except OSError:
            gone, self._stream = self._stream, None
            with suppress(OSError):
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, gone.fileno())
                os.close(nothing)


class Forgiving:
    """A terminal for a library that writes by itself: as `Lines`, it may go away, as when a connection is lost."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`."""
        self._lines = Lines(stream)
        self.encoding = stream.encoding
        self.isatty = stream.isatty

    def write(self, text: str) -> int:
        """Write text, in one go."""
        self._lines.write(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: what is written is flushed."""
