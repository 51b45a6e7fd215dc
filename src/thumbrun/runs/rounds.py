"""Rounds of a run: the first works every item, each later one what failed, or is missing, so far. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from thumbrun.outcomes import SKIPS, Outcome, Reason, Status, Tally

MISSING = "missing"  # among the reasons of failures: items without an outcome, and thumbnails that are gone

RETRIABLE = (MISSING, *(reason.value for reason in Reason))


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a run.

    Attributes:
        number: 0 for the run itself.
        reasons: What a later round works again: reasons of outcomes, and `missing`.
    """

    number: int = 0
    reasons: frozenset[str] = frozenset()

    def includes(self, outcome: Outcome) -> bool:
        """Whether an item with this outcome is worked again."""
        return outcome.retry_round < self.number and str(outcome.reason) in self.reasons

    def checks_thumbnail(self, outcome: Outcome) -> bool:
        """Whether the thumbnail of an item with this outcome has to be looked for."""
        return outcome.status is Status.DONE and outcome.retry_round < self.number and MISSING in self.reasons

    def has_nothing_for(self, tally: Tally) -> bool:
        """Whether there is nothing to do in a complete shard of an earlier round, as its tally tells."""
        return MISSING not in self.reasons and not self.reasons & {*tally.failed, *tally.skipped}

    def to_record(self) -> dict[str, Any]:
        """Return the round as its record holds it."""
        return {"round": self.number, "reasons": sorted(self.reasons)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Round":
        """Return the round that a record holds."""
        return cls(record["round"], frozenset(record["reasons"]))


def reasons_of(named: Iterable[str]) -> frozenset[str]:
    """Return what a round works again: the reasons that were named, or every failure and whatever is missing."""
    return frozenset(named) or frozenset(RETRIABLE) - SKIPS


FIRST = Round()
