"""The findings of the oracle."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kind of a broken promise."""

    LOST = "lost"
    DOUBLED = "doubled"
    TORN = "torn"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise.

    Attributes:
        kind: The kind that it is counted as.
        promise: The number of the promise in docs/design.md, of the nine.
        text: A sentence that describes it.
    """

    kind: Kind
    promise: int
    text: str

    def __str__(self) -> str:
        return f"{self.kind} (promise {self.promise}): {self.text}"
