"""What a bomb is: small, made here, and far more than it seems."""

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
        make: Returns its bytes.
        expected: What becomes of it: a reason, or `done` where it only looks dangerous.
    """

    make: Callable[[], bytes]
    expected: str
