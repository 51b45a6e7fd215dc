"""What `thumbrun verify` finds: a closed set of kinds, how many of each, and the first of each by name. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from thumbrun.console import printable
from thumbrun.outcomes import Tally
from thumbrun.runs.records import VERSION

MOST_NAMED = 1000  # findings of each kind; all are counted
_MOST_SHOWN = 20  # of each kind, to people


class FindingKind(StrEnum):
    """What is not as it should be. Each value's meaning stands in `MEANINGS`."""

    NO_PLAN = "no-plan"
    BAD_RECORD = "bad-record"
    OPEN = "open"
    STRAY_OUTCOME = "stray-outcome"
    MISSING = "missing"
    NOT_ITS_OWN = "not-its-own"
    WRONG_LENGTH = "wrong-length"
    UNREADABLE = "unreadable"
    WRONG_FORMAT = "wrong-format"
    WRONG_SIZE = "wrong-size"
    UNEXPLAINED = "unexplained"
    WRONG_SUMMARY = "wrong-summary"


MEANINGS: dict[FindingKind, str] = {
    FindingKind.NO_PLAN: "the run has no plan yet, so nobody knows its items",
    FindingKind.BAD_RECORD: "a record of the run is missing or cannot be read, and with it what it says of items",
    FindingKind.OPEN: "the item has no outcome",
    FindingKind.STRAY_OUTCOME: "the ledger tells of an item that the plan does not hold",
    FindingKind.MISSING: "the item is done, but there is no thumbnail",
    FindingKind.NOT_ITS_OWN: "what lies there is not marked as this item's thumbnail",
    FindingKind.WRONG_LENGTH: "the thumbnail has other bytes in number than its outcome says",
    FindingKind.UNREADABLE: "the thumbnail cannot be decoded to its end",
    FindingKind.WRONG_FORMAT: "the thumbnail is of another format than the plan says",
    FindingKind.WRONG_SIZE: "the thumbnail has other pixels in number than its outcome says, or does not fit the box",
    FindingKind.UNEXPLAINED: "no outcome explains an object in the run's folder",
    FindingKind.WRONG_SUMMARY: "the summary counts other outcomes than the ledger holds",
}

IN_THE_WAY = frozenset(
    (
        FindingKind.NOT_ITS_OWN,
        FindingKind.WRONG_LENGTH,
        FindingKind.UNREADABLE,
        FindingKind.WRONG_FORMAT,
        FindingKind.WRONG_SIZE,
    )
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an item: the kind, and a sentence for people or nothing."""

    kind: FindingKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        kind: Which.
        source: URI of the item's source, or empty where no item is meant.
        object: URI of the thumbnail, record or other object, or empty.
        detail: A sentence for people, or empty.
        size: The box of the thumbnail, like `400x400`, where the run makes several; else empty.
    """

    kind: FindingKind
    source: str = ""
    object: str = ""
    detail: str = ""
    size: str = ""

    def to_record(self) -> dict[str, str]:
        """Return the finding as JSON holds it; what is empty is left out."""
        fields = {
            "kind": self.kind.value,
            "source": self.source,
            "object": self.object,
            "size": self.size,
            "detail": self.detail,
        }
        return {name: value for name, value in fields.items() if value}


@dataclass(slots=True)
class VerifyResult:
    """What was found of a run.

    Attributes:
        run_id: The run.
        source: URI of what it reads.
        folder: URI of its thumbnails.
        records: URI of its records.
        opened: Whether every thumbnail was read and decoded, not only listed.
        items: How many the plan holds.
        shards: How many the plan holds.
        tally: The outcomes.
        objects: How many lie in the folder.
        counts: Findings by kind.
        named: The first findings of each kind.
        advice: What to do, one command or sentence each.
    """

    run_id: str
    source: str
    folder: str
    records: str
    opened: bool
    items: int = 0
    shards: int = 0
    tally: Tally = field(default_factory=Tally)
    objects: int = 0
    counts: Counter[FindingKind] = field(default_factory=Counter)
    named: dict[FindingKind, list[Finding]] = field(default_factory=dict)
    advice: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether everything is as it should be."""
        return not self.counts

    def add(self, finding: Finding) -> None:
        """Take a finding."""
        self.counts[finding.kind] += 1
        named = self.named.setdefault(finding.kind, [])
        if len(named) < MOST_NAMED:
            named.append(finding)

    def to_record(self) -> dict[str, Any]:
        """Return everything as `--json` prints it."""
        kinds = [kind for kind in FindingKind if self.counts[kind]]
        return {
            "version": VERSION,
            "run": self.run_id,
            "source": self.source,
            "folder": self.folder,
            "records": self.records,
            "right": self.right,
            "opened": self.opened,
            "items": self.items,
            "shards": self.shards,
            "outcomes": self.tally.to_record(),
            "objects": self.objects,
            "counts": {kind.value: self.counts[kind] for kind in kinds},
            "findings": [finding.to_record() for kind in kinds for finding in self.named[kind]],
            "advice": list(self.advice),
        }


def verified_text(verified: VerifyResult, counted: str) -> str:
    """Return what was found in plain words.

    Args:
        verified: What was found.
        counted: The outcomes in plain words.
    """
    what = f"{verified.items:,} items in {verified.shards:,} shards, {counted}"
    lines = [f"Run {verified.run_id}: {what}. {verified.folder} holds {verified.objects:,} objects."]
    for kind in FindingKind:
        if not verified.counts[kind]:
            continue
        lines.append(f"\n{verified.counts[kind]:,} {kind}: {MEANINGS[kind]}")
        shown = verified.named[kind][:_MOST_SHOWN]
        lines += [f"  {printable(_line(finding))}" for finding in shown]
        if verified.counts[kind] > len(shown):
            lines.append(f"  … and {verified.counts[kind] - len(shown):,} more")
    if verified.right:
        opened = ", whole and of the right size" if verified.opened else ", by what the listing says; none was opened"
        lines.append(f"Every item has its one outcome, and every thumbnail is there{opened}.")
    elif verified.advice:
        lines += ["", "What to do:", *(f"  {printable(advice)}" for advice in verified.advice)]
    return "\n".join(lines)


def _line(finding: Finding) -> str:
    named = " -> ".join(part for part in (finding.source, finding.object) if part)
    return ": ".join(part for part in (named, finding.detail) if part)
