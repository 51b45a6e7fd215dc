"""The exceptions that end a task, each with an exit code and a hint for the user.

The failure of a single image is not an exception but a value (see `outcomes`).
"""

import traceback
from collections.abc import Sequence


class ThumbrunError(Exception):
    """The task cannot continue.

    Attributes:
        hint: What the user should check or do next; empty if the message says it all.
        exit_code: The exit code of the process; 1 means that another attempt might succeed.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class SettingsError(ThumbrunError):
    """One or more settings are wrong; thumbrun has written nothing.

    Attributes:
        problems: One sentence for each wrong setting. It names the flag and the variable, and says what would be right.
        consequence: What a person reads before the problems.
    """

    exit_code = 2
    consequence = "thumbrun did nothing"

    def __init__(self, problems: Sequence[str], *, hint: str = "") -> None:
        super().__init__("; ".join(problems), hint=hint)
        self.problems = tuple(problems)


class NothingToDoError(ThumbrunError):
    """There is no image under the source."""

    exit_code = 4


class InterruptedRunError(ThumbrunError):
    """The task was told to stop; its results so far are recorded, and the run can be resumed."""

    exit_code = 130


class TooLateError(ThumbrunError):
    """The task has worked for as long as it may; its results so far are recorded, and another attempt goes on."""


class ReportedError(Exception):
    """An error ended a command and was reported already; only the exit code is left to act on.

    Attributes:
        exit_code: The exit code of the process.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def told(error: Exception) -> str:
    """Return an exception's type and text.

    >>> told(KeyError("a")), told(MemoryError())
    ("KeyError: 'a'", 'MemoryError')
    """
    name = type(error).__name__
    return f"{name}: {error}" if str(error) else name


def origin_of(error: Exception) -> str:
    """Return the module and the line that raised an exception."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{frame.f_globals.get('__name__', '?')}, line {line}"
