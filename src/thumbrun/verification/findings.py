"""The findings of `thumbrun verify`: a closed set of kinds, a count for each kind, and its first findings. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from thumbrun.console import counted, printable, shortened
from thumbrun.outcomes import OutcomeCounts, Reason, Tally
from thumbrun.runs.records import VERSION

MOST_NAMED = 1000  # findings of each kind that are named; all are counted
_MOST_SHOWN = 20  # findings of each kind that people see
_LONGEST_DETAIL = 1_000  # characters that people see; marks and records hold texts of strangers


class FindingKind(StrEnum):
    """The kind of a problem with a run. `MEANINGS` explains each value."""

    NO_PLAN = "no-plan"
    NOT_LISTED = "not-listed"
    BAD_RECORD = "bad-record"
    OPEN = "open"
    STRAY_OUTCOME = "stray-outcome"
    MISSING = "missing"
    NOT_ITS_OWN = "not-its-own"
    WRONG_LENGTH = "wrong-length"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    WRONG_FORMAT = "wrong-format"
    WRONG_SIZE = "wrong-size"
    UNEXPLAINED = "unexplained"
    WRONG_SUMMARY = "wrong-summary"


MEANINGS: dict[FindingKind, str] = {
    FindingKind.NO_PLAN: "the run has no plan yet, so its items are unknown",
    FindingKind.NOT_LISTED: "thumbrun could not list this part of the source, so the run lacks what it holds",
    FindingKind.BAD_RECORD: "a record of the run is missing, damaged, or that of another run or shard",
    FindingKind.OPEN: "the item has no outcome",
    FindingKind.STRAY_OUTCOME: "the ledger has an outcome for an item that is not in the plan",
    FindingKind.MISSING: "the item is done, but its thumbnail does not exist",
    FindingKind.NOT_ITS_OWN: "the object with the thumbnail's name is not marked as the thumbnail of this item",
    FindingKind.WRONG_LENGTH: "the thumbnail has a different number of bytes than its outcome says",
    FindingKind.DAMAGED: "the bytes of the thumbnail are not those that thumbrun wrote",
    FindingKind.UNREADABLE: "the thumbnail cannot be decoded to its end",
    FindingKind.WRONG_FORMAT: "the thumbnail has a different format than the plan says",
    FindingKind.WRONG_SIZE: "the thumbnail has a different width or height than its outcome says, or one that "
    "the box does not allow",
    FindingKind.UNEXPLAINED: "no outcome explains this object in the run's folder",
    FindingKind.WRONG_SUMMARY: "the summary has different counts than the ledger",
}

IN_THE_WAY = frozenset(
    (
        FindingKind.NOT_ITS_OWN,
        FindingKind.WRONG_LENGTH,
        FindingKind.DAMAGED,
        FindingKind.UNREADABLE,
        FindingKind.WRONG_FORMAT,
        FindingKind.WRONG_SIZE,
    )
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with an item: its kind, and a sentence for people or an empty string."""

    kind: FindingKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem with a run.

    Attributes:
        kind: The kind of the problem.
        source: The URI of the item's source, or empty if the problem is not with an item.
        object: The URI of the thumbnail, record or other object, or empty.
        detail: A sentence for people, or empty.
        size: What tells the thumbnail from others of the image, like `400x400` or `400x400 webp`; else empty.
    """

    kind: FindingKind
    source: str = ""
    object: str = ""
    detail: str = ""
    size: str = ""

    def to_record(self) -> dict[str, str]:
        """Return the finding in the form of JSON, without empty fields."""
        fields = {
            "kind": self.kind.value,
            "source": self.source,
            "object": self.object,
            "size": self.size,
            "detail": self.detail,
        }
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """The result of the check of a run.

    Attributes:
        run: The id of the run.
        source: The URI of the source.
        folder: The URI of the run's thumbnails.
        records: The URI of the run's records.
        right: Whether the run has no problem.
        opened: Whether every thumbnail was read and decoded, not only listed.
        items: How many items the plan holds.
        shards: How many shards the plan holds.
        outcomes: The counts of the outcomes.
        objects: How many objects the folder holds.
        counts: How many findings there are, by kind; a kind without any is not there.
        findings: The first findings of each kind.
        advice: What the user should do: each entry is a command or a sentence.
    """

    run: str
    source: str
    folder: str
    records: str
    right: bool
    opened: bool
    items: int
    shards: int
    outcomes: OutcomeCounts
    objects: int
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    advice: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the result in the form that `--json` prints."""
        return {
            "version": VERSION,
            "run": self.run,
            "source": self.source,
            "folder": self.folder,
            "records": self.records,
            "right": self.right,
            "opened": self.opened,
            "items": self.items,
            "shards": self.shards,
            "outcomes": self.outcomes.to_record(),
            "objects": self.objects,
            "counts": dict(self.counts),
            "findings": [finding.to_record() for finding in self.findings],
            "advice": list(self.advice),
        }


@dataclass(slots=True)
class Found:
    """What a check has found so far; see `VerifyResult` for the fields.

    Attributes:
        tally: The counts of the outcomes.
        named: The first findings of each kind.
    """

    run: str
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

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        self.counts[finding.kind] += 1
        named = self.named.setdefault(finding.kind, [])
        if len(named) < MOST_NAMED:
            named.append(finding)

    def result(self) -> VerifyResult:
        """Return the result."""
        kinds = [kind for kind in FindingKind if self.counts[kind]]
        return VerifyResult(
            run=self.run,
            source=self.source,
            folder=self.folder,
            records=self.records,
            right=not self.counts,
            opened=self.opened,
            items=self.items,
            shards=self.shards,
            outcomes=self.tally.counts(),
            objects=self.objects,
            counts={kind.value: self.counts[kind] for kind in kinds},
            findings=tuple(finding for kind in kinds for finding in self.named[kind]),
            advice=tuple(self.advice),
        )


def verified_text(verified: VerifyResult, outcomes: str) -> str:
    """Return the result in plain words.

    Args:
        verified: The result.
        outcomes: The counts of the outcomes, in words.
    """
    counts = verified.counts
    if FindingKind.NO_PLAN in counts or (FindingKind.BAD_RECORD in counts and not verified.shards):
        lines = [f"Run {verified.run}: thumbrun found no plan that it can read, so it checked nothing."]
    else:
        what = f"{counted(verified.items, 'item')} in {counted(verified.shards, 'shard')}, {outcomes}"
        folder = f"{verified.folder} holds {counted(verified.objects, 'object')}"
        lines = [f"Run {verified.run}: {what}. {folder}."]
    for kind, count in counts.items():
        lines.append(f"\n{count:,} {kind}: {MEANINGS[FindingKind(kind)]}")
        shown = [finding for finding in verified.findings if finding.kind == kind][:_MOST_SHOWN]
        lines += [f"  {printable(_line(finding))}" for finding in shown]
        if count > len(shown):
            lines.append(f"  … and {count - len(shown):,} more")
    if verified.right:
        lines.append(_all_is_right(verified))
    elif verified.advice:
        lines += ["", "What to do:", *(f"  {printable(advice)}" for advice in verified.advice)]
    return "\n".join(lines)


def _all_is_right(verified: VerifyResult) -> str:
    if not verified.items:
        return "The plan has no items, so there is nothing else to check."
    of = " of the items that are done" if verified.outcomes.failed else ""
    taken = verified.outcomes.failed.get(Reason.NAME_TAKEN, 0)
    if verified.opened:
        said = f"Every item has exactly one outcome, and every thumbnail{of} is there, complete and of the right size."
    else:
        said = (
            f"Every item has exactly one outcome. By the listing, every thumbnail{of} is there; thumbrun opened none."
        )
    if not taken:
        return said
    return (
        f"{said} {counted(taken, 'item')} failed because another object has the name of a thumbnail "
        f"({Reason.NAME_TAKEN}); thumbrun did not check what lies under the names of their thumbnails."
    )


def _line(finding: Finding) -> str:
    named = " -> ".join(part for part in (finding.source, finding.object) if part)
    return ": ".join(part for part in (named, shortened(finding.detail, _LONGEST_DETAIL)) if part)
