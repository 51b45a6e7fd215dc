"""Says what a person can do about an error that no code expects, instead of a traceback."""

from thumbrun.console import shortened
from thumbrun.errors import ThumbrunError, origin_of, told

_LONGEST = 300


def unexpected(error: Exception) -> ThumbrunError:
    """Return the error to report for one that nothing else expects."""
    said = shortened(told(error), _LONGEST)
    if isinstance(error, MemoryError | OSError) or "new thread" in said:
        return ThumbrunError(
            f"this machine or container does not give what thumbrun needs: {said}",
            hint="check the memory and the disk, and the number of processes, threads and open files that it allows",
        )
    return ThumbrunError(
        f"thumbrun has a fault: {said} (in {origin_of(error)})",
        hint="please report it, with what `python -X dev -m thumbrun` prints for the same command",
    )
