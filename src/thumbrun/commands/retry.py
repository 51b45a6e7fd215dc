"""`thumbrun retry`: retry what failed in a run, and what is missing."""

from collections.abc import Collection, Mapping

from thumbrun.commands.run import work
from thumbrun.commands.session import settings_of
from thumbrun.runs.rounds import reasons_of


def retry(run: str, reasons: Collection[str], flags: Mapping[str, str | None]) -> int:
    """Work on a new round of a run and return the exit code.

    Args:
        run: The name of the run, as the user gave it.
        reasons: The reasons to retry; empty: every reason for a failure, and `missing`.
        flags: The text of each flag that was given, by the setting's name.
    """
    return work(*settings_of(run, flags, retry=reasons_of(reasons)))
