"""The rounds of a run: the first works on every item, each later one on what failed or is missing so far. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from thumbrun.console import did_you_mean, quoted
from thumbrun.errors import SettingsError
from thumbrun.outcomes import SKIPS, Outcome, Reason, Status, Tally

MISSING = "missing"  # a reason to retry: the item has no outcome, or its thumbnail is gone

RETRIABLE = (MISSING, *(reason.value for reason in Reason))


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a run.

    Attributes:
        number: 0 for the run itself.
        reasons: The reasons that a later round retries: reasons of outcomes, and `missing`.
    """

    number: int = 0
    reasons: frozenset[str] = frozenset()

    def includes(self, outcome: Outcome) -> bool:
        """Return whether the round retries an item with this outcome."""
        return outcome.retry_round < self.number and str(outcome.reason) in self.reasons

    def checks_thumbnail(self, outcome: Outcome) -> bool:
        """Return whether the round checks that the thumbnail of an item with this outcome exists."""
        return outcome.status is Status.DONE and outcome.retry_round < self.number and MISSING in self.reasons

    def has_nothing_for(self, tally: Tally) -> bool:
        """Return whether the round has nothing to do in a shard, by the tally of the complete shard."""
        return MISSING not in self.reasons and not self.reasons & {*tally.failed, *tally.skipped}

    def to_record(self) -> dict[str, Any]:
        """Return the round in the form that its record holds."""
        return {"round": self.number, "reasons": sorted(self.reasons)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Round":
        """Return the round that a record holds."""
        return cls(record["round"], frozenset(record["reasons"]))


def reasons_of(named: Iterable[str]) -> frozenset[str]:
    """Return the reasons that a round retries: those that were named, else every failure and `missing`.

    Raises:
        SettingsError: There are no such reasons.
    """
    chosen = frozenset(map(str, named))
    known = ", ".join(sorted(RETRIABLE))
    problems = [
        f"--reason is {quoted(reason)}; it must be one of {known}{did_you_mean(reason, RETRIABLE)}"
        for reason in sorted(chosen.difference(RETRIABLE))
    ]
    if problems:
        raise SettingsError(problems)
    return chosen or frozenset(RETRIABLE) - SKIPS


FIRST = Round()
