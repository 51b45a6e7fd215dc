"""The class of a bomb, and short names for its outcomes."""

from collections.abc import Callable
from dataclasses import dataclass

from thumbrun.outcomes import Reason

DONE = "done"
TOO_MANY = Reason.TOO_MANY_PIXELS
MEMORY = Reason.OUT_OF_MEMORY
UNREADABLE = Reason.UNREADABLE
TRUNCATED = Reason.TRUNCATED
TIMEOUT = Reason.TIMEOUT


@dataclass(frozen=True, slots=True)
class Bomb:
    """One bomb.

    Attributes:
        make: Returns the bytes of the bomb.
        expected: The outcome of the bomb: a reason, or `done` if it only looks dangerous.
    """

    make: Callable[[], bytes]
    expected: str
