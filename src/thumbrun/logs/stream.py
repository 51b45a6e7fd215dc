"""A stream that is written line by line; a task goes on if its reader goes away."""

import os
from contextlib import suppress
from typing import TextIO


class Lines:
    """Writes whole lines to a stream.

    If a reader goes away, as `head` does, the run loses its log and goes on. The file descriptor then points to
    `/dev/null`. Otherwise Python would try to write the rest at its exit, fail, and turn the exit code into 120
    (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
    """

    def __init__(self, stream: TextIO | None) -> None:
        """Set up the writer.

        Args:
            stream: The stream to write to, or None to write nowhere. `sys.stdout` is None in a process without
                standard output.
        """
        self._stream = stream

    def write(self, line: str) -> None:
        """Write a line with its line end at once, so that lines of other processes do not come between."""
        if self._stream is None:
            return
        try:
            self._stream.write(line)
            self._stream.flush()
        except BlockingIOError:
            pass  # the terminal or pipe is full and does not block: this line is lost, but the next can succeed
        except OSError:
            gone, self._stream = self._stream, None
            with suppress(OSError):
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, gone.fileno())
                os.close(nothing)


class ForgivingStream:
    """A terminal for a library that writes by itself.

    Like `Lines`, it goes on if its reader goes away, for example if a connection is lost.
    """

    def __init__(self, stream: TextIO) -> None:
        """Set up a terminal that writes to `stream`."""
        self._lines = Lines(stream)
        self.encoding = stream.encoding
        self.isatty = stream.isatty

    def write(self, text: str) -> int:
        """Write text at once."""
        self._lines.write(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: `write` flushes already."""
