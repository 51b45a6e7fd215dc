"""Standard input, output and error, each of which can be closed, full, or read by nobody."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from thumbrun.console import width_of, wrapped
from thumbrun.errors import ThumbrunError

_STREAMS = (0, 1, 2)


class OutputError(ThumbrunError):
    """The result of a command cannot be written to standard output."""


def open_standard_streams() -> None:
    """Open each standard stream that is closed on nothing.

    Otherwise the next file or connection that opens would get its number. The event loop aborts the process then, and
    a program that writes to its standard output would write to that file.
    """
    for number in _STREAMS:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number


def show_result(text: str) -> None:
    """Print the result of a command; do nothing if its reader has gone, as in `thumbrun plan SOURCE | head`.

    Raises:
        OutputError: The result cannot be written for another reason, such as a full disk.
    """
    with result_stream() as stream:
        print(wrapped(text, width_of(stream), indent="  "), file=stream)


@contextmanager
def result_stream() -> Iterator[TextIO]:
    """Yield the standard output for the result of a command, and end quietly if its reader has gone.

    Raises:
        OutputError: The result cannot be written for another reason, such as a full disk.
    """
    if sys.stdout is None:  # the process has no standard output
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123  (it is no file of a folder)
            yield nowhere
        return
    try:
        yield sys.stdout
        sys.stdout.flush()
    except OSError as error:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())  # what is still in the buffer would fail again when Python ends
        os.close(nothing)
        if not isinstance(error, BrokenPipeError):
            raise OutputError(
                f"the result cannot be written to standard output: {error.strerror}",
                hint="check the disk, or send the output elsewhere",
            ) from error
