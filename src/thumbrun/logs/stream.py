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

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`."""
        self._stream = stream
        self._gone = False

    def write(self, line: str) -> None:
        """Write a line, its end included, in one go, so that lines of other processes do not come between."""
        if self._gone:
            return
        try:
            self._stream.write(line)
            self._stream.flush()
        except BlockingIOError:
            pass  # a full terminal or pipe that does not wait: this line is lost, the next may not be
        except OSError:
            self._gone = True
            with suppress(OSError):
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, self._stream.fileno())
                os.close(nothing)
