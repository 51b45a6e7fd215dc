"""What the oracle may find."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What became of an item or a record that is not as promised."""

    LOST = "lost"
    DOUBLED = "doubled"
    TORN = "torn"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as promised.

    Attributes:
        kind: What it is counted as.
        promise: Which of the nine of docs/design.md it breaks.
        text: What was found.
    """

    kind: Kind
    promise: int
    text: str

    def __str__(self) -> str:
        return f"{self.kind} (promise {self.promise}): {self.text}"
