"""What ends a task: errors with a hint, each with the exit code it leads to.

A single image's failure is a value (see `outcomes`); what is here concerns the whole task.
"""

from collections.abc import Sequence


class ThumbrunError(Exception):
    """The task cannot go on.

    Attributes:
        hint: What the user should check or do next; empty where the message says it all.
        exit_code: What the process exits with: 1 means that trying again may help.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class SettingsError(ThumbrunError):
    """One or more settings are wrong; nothing was written.

    Attributes:
        problems: One sentence for each wrong setting, naming its flag and variable and what would be right.
    """

    exit_code = 2

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class NothingToDoError(ThumbrunError):
    """No image lies under the source."""

    exit_code = 4


class InterruptedRunError(ThumbrunError):
    """The task was told to stop; what is done is recorded and the run can be resumed."""

    exit_code = 130
