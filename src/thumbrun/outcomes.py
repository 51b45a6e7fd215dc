"""What became of an item: the closed set of outcomes, and the choice where several meet. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Done, skipped or failed; nothing else."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class Reason(StrEnum):
    """Why an item was skipped or has failed. Each value's meaning stands in `MEANINGS`."""

    UNSUPPORTED = "unsupported"
    NOT_AN_IMAGE = "not-an-image"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    TOO_LARGE = "too-large"
    TOO_MANY_PIXELS = "too-many-pixels"
    OUT_OF_MEMORY = "out-of-memory"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    POISON = "poison"
    SOURCE_CHANGED = "source-changed"
    SOURCE_GONE = "source-gone"
    SOURCE_DAMAGED = "source-damaged"
    SOURCE_DENIED = "source-denied"
    NAME_TAKEN = "name-taken"
    NAME_INVALID = "name-invalid"
    OUTPUT_DAMAGED = "output-damaged"


MEANINGS: dict[Reason, str] = {
    Reason.UNSUPPORTED: "an image by type or name, of a format that thumbrun never opens",
    Reason.NOT_AN_IMAGE: "its first bytes are those of no image format (only with detect=content)",
    Reason.UNREADABLE: "the bytes are no image of a format that thumbrun reads, or a broken one",
    Reason.TRUNCATED: "the image ends before its last pixel",
    Reason.TOO_LARGE: "the object has more bytes than max-bytes allows",
    Reason.TOO_MANY_PIXELS: "the header declares more pixels than max-pixels allows",
    Reason.OUT_OF_MEMORY: "decoding it needs more memory than the task may use",
    Reason.TIMEOUT: "decoding it took longer than image-timeout",
    Reason.CRASHED: "the decoding process died of it",
    Reason.POISON: "the task itself died, twice, while it worked on nothing else",
    Reason.SOURCE_CHANGED: "the object was replaced after the plan was made, and its planned generation is gone",
    Reason.SOURCE_GONE: "the object was deleted after the plan was made",
    Reason.SOURCE_DAMAGED: "the bytes read do not match the object's own checksum, again and again",
    Reason.SOURCE_DENIED: "this object may not be read, though others may",
    Reason.NAME_TAKEN: "the thumbnail's name is taken by an object that is not this run's",
    Reason.NAME_INVALID: "the destination cannot hold an object of that name",
    Reason.OUTPUT_DAMAGED: "the store acknowledged other bytes than were sent to it",
}

SKIPS = frozenset((Reason.UNSUPPORTED, Reason.NOT_AN_IMAGE))  # every other reason is a failure's

_RANK = {Status.DONE: 0, Status.SKIPPED: 1, Status.FAILED: 2}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item.

    Attributes:
        shard: The number of its shard.
        item: Its index in the shard, from 0.
        status: Done, skipped or failed.
        reason: Why, unless done.
        detail: A sentence for people; may hold names and numbers, never a secret.
        source_bytes: Bytes read from the source.
        output_bytes: Bytes of the thumbnail, of all where there are several; 0 unless done.
        width: Of the thumbnail (the largest), in pixels; 0 unless it was rendered by this attempt.
        height: As width.
        retry_round: 0 for the run itself, higher for each later round of retries.
        unchecked: Whether what was read was not checked against the source's checksum: there is none, or it was read
            in part.
        each: Bytes of each thumbnail, largest box first, where there are several; else empty.
    """

    shard: int
    item: int
    status: Status
    reason: Reason | None = None
    detail: str = ""
    source_bytes: int = 0
    output_bytes: int = 0
    width: int = 0
    height: int = 0
    retry_round: int = 0
    unchecked: bool = False
    each: tuple[int, ...] = ()


def precedence(outcome: Outcome, part: str) -> tuple[int, int, str]:
    """Return a key; of several outcomes of one item, every reader takes the one with the smallest.

    The latest retry round wins, then done over skipped over failed, then the smallest name of a ledger part.
    """
    return (-outcome.retry_round, _RANK[outcome.status], part)


def refusal(shard: int, item: int, reason: Reason, detail: str, *, source_bytes: int = 0) -> Outcome:
    """Return the outcome of an item that got no thumbnail: skipped or failed, as the reason has it."""
    status = Status.SKIPPED if reason in SKIPS else Status.FAILED
    return Outcome(shard, item, status, reason, detail, source_bytes)


@dataclass(slots=True)
class Tally:
    """Outcomes, counted.

    Attributes:
        done: Thumbnails that are there.
        skipped: Counts by reason.
        failed: Counts by reason.
        source_bytes: Read from the source.
        output_bytes: Of the thumbnails.
    """

    done: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    source_bytes: int = 0
    output_bytes: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one more outcome."""
        if outcome.status is Status.DONE:
            self.done += 1
        else:
            counter = self.skipped if outcome.status is Status.SKIPPED else self.failed
            counter[str(outcome.reason)] += 1
        self.source_bytes += outcome.source_bytes
        self.output_bytes += outcome.output_bytes

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> "Tally":
        """Count outcomes."""
        tally = cls()
        for outcome in outcomes:
            tally.add(outcome)
        return tally

    def merge(self, other: "Tally") -> None:
        """Add another tally to this one."""
        self.done += other.done
        self.skipped.update(other.skipped)
        self.failed.update(other.failed)
        self.source_bytes += other.source_bytes
        self.output_bytes += other.output_bytes

    @property
    def items(self) -> int:
        """How many outcomes were counted."""
        return self.done + self.skipped.total() + self.failed.total()

    def to_record(self) -> dict[str, Any]:
        """Return the tally as records hold it."""
        return {
            "done": self.done,
            "skipped": dict(self.skipped),
            "failed": dict(self.failed),
            "source_bytes": self.source_bytes,
            "output_bytes": self.output_bytes,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Tally":
        """Return the tally that a record holds."""
        return cls(
            record["done"],
            Counter(record["skipped"]),
            Counter(record["failed"]),
            record["source_bytes"],
            record["output_bytes"],
        )
