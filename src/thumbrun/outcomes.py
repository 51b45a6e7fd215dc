"""The outcomes of items: the closed set of reasons, and the choice where an item has several outcomes. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Status(StrEnum):
    """The status of an item: done, skipped or failed, and nothing else."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class Reason(StrEnum):
    """The reason why an item was skipped or failed. `MEANINGS` explains each value."""

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
    INTERNAL_ERROR = "internal-error"
    SOURCE_CHANGED = "source-changed"
    SOURCE_GONE = "source-gone"
    SOURCE_DAMAGED = "source-damaged"
    SOURCE_DENIED = "source-denied"
    NAME_TAKEN = "name-taken"
    NAME_INVALID = "name-invalid"
    OUTPUT_DAMAGED = "output-damaged"
    OUTPUT_DENIED = "output-denied"


MEANINGS: dict[Reason, str] = {
    Reason.UNSUPPORTED: "its content type, name or bytes stand for an image format that thumbrun does not read",
    Reason.NOT_AN_IMAGE: "the file does not begin like any image format (only with detect=content)",
    Reason.UNREADABLE: "the file is broken, or it is not an image in a format that thumbrun reads",
    Reason.TRUNCATED: "the file ends before the last pixel of the image",
    Reason.TOO_LARGE: "the file has more bytes than max-bytes allows",
    Reason.TOO_MANY_PIXELS: "the header of the image states more pixels than max-pixels allows",
    Reason.OUT_OF_MEMORY: "decoding the image needs more memory than THUMBRUN_MEMORY allows",
    Reason.TIMEOUT: "decoding the image took longer than image-timeout allows",
    Reason.CRASHED: "the process that decoded the image crashed",
    Reason.POISON: "the whole task died twice while it worked on this image alone",
    Reason.INTERNAL_ERROR: "thumbrun itself failed on this image; please report the error",
    Reason.SOURCE_CHANGED: "the object was replaced after thumbrun made the plan, and the planned generation is gone",
    Reason.SOURCE_GONE: "the object was deleted after thumbrun made the plan",
    Reason.SOURCE_DAMAGED: "thumbrun read the object several times, and the bytes never matched its checksum, or the "
    "disk failed each time",
    Reason.SOURCE_DENIED: "the store does not let thumbrun read this object, although it can read others",
    Reason.NAME_TAKEN: "an object that this run did not make already has the name of the thumbnail",
    Reason.NAME_INVALID: "the destination cannot hold an object with the name of the thumbnail",
    Reason.OUTPUT_DAMAGED: "the store confirmed different bytes from those that thumbrun sent",
    Reason.OUTPUT_DENIED: "the store does not let thumbrun create this thumbnail, although it can create other objects",
}

SKIPS = frozenset((Reason.UNSUPPORTED, Reason.NOT_AN_IMAGE))  # every other reason means a failure

_RANK = {Status.DONE: 0, Status.SKIPPED: 1, Status.FAILED: 2}


class Timing(NamedTuple):
    """When the work on an item began, and what its time went into, in whole milliseconds.

    The five numbers add up to the time from the beginning to the outcome; `task.stopwatch` says what each one counts.

    Attributes:
        began: When its task turned to it; UTC, cut to the millisecond.
        fetch_ms: Reading the source.
        decode_ms: Decoding and scaling.
        encode_ms: Encoding the thumbnails.
        put_ms: Writing the thumbnails.
        waiting_ms: Waiting for memory, an announcement or a decoding process.
    """

    began: datetime
    fetch_ms: int = 0
    decode_ms: int = 0
    encode_ms: int = 0
    put_ms: int = 0
    waiting_ms: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one item.

    Attributes:
        shard: The number of the item's shard.
        item: The item's index in the shard, from 0.
        status: Done, skipped or failed.
        reason: The reason, unless the item is done.
        detail: A sentence for people: of an item that is done, a remark. It can hold names and numbers, but never a
            secret.
        source_bytes: How many bytes were read from the source.
        output_bytes: The size of the thumbnail in bytes, or of all of them together; 0 unless the item is done.
        width: The width of the (largest) thumbnail in pixels; 0 unless this attempt rendered it.
        height: The height of the (largest) thumbnail in pixels; 0 unless this attempt rendered it.
        retry_round: 0 for the run itself, and a higher number for each later round of retries.
        unchecked: Whether the bytes were not checked against the source's checksum, because the source has none or was
            read in part.
        each: The size of each thumbnail in bytes, largest box first, if there are several; else empty.
        made_of: The generation of the source that the thumbnail shows, if it is not the planned one; else empty.
        timing: When the work on the item began, and what its time went into; None if that is not recorded.
        source_width: The width of the source, upright, in pixels; 0 unless this attempt rendered it.
        source_height: The height of the source, upright, in pixels; 0 likewise.
        colour: The dominant colour of the (smallest) thumbnail, as CSS writes it; empty if it is not known.
        placeholder: The placeholder of the (smallest) thumbnail, as `imaging.looks.appearance` says; else empty.
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
    made_of: str = ""
    timing: Timing | None = field(default=None, compare=False)
    source_width: int = 0
    source_height: int = 0
    colour: str = ""
    placeholder: str = ""


def precedence(outcome: Outcome, part: str) -> tuple[int, int, bool, str]:
    """Return a sort key: of several outcomes of one item, every reader takes the one with the smallest key.

    The latest retry round wins. After that, done wins over skipped, and skipped over failed. Of failures,
    `output-damaged` wins, because only it says that there is something wrong under the thumbnail's name. After that,
    the smallest name of a ledger part wins.
    """
    return (-outcome.retry_round, _RANK[outcome.status], outcome.reason is not Reason.OUTPUT_DAMAGED, part)


def refusal(
    shard: int, item: int, reason: Reason, detail: str, *, source_bytes: int = 0, timing: Timing | None = None
) -> Outcome:
    """Return the outcome of an item that got no thumbnail; the reason decides whether it is skipped or failed."""
    status = Status.SKIPPED if reason in SKIPS else Status.FAILED
    return Outcome(shard, item, status, reason, detail, source_bytes, timing=timing)


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """Counts of outcomes that change no more; see `Tally` for the fields."""

    done: int
    skipped: Mapping[str, int]
    failed: Mapping[str, int]
    source_bytes: int
    output_bytes: int

    def to_record(self) -> dict[str, Any]:
        """Return the counts in the form of JSON."""
        return asdict(self)


@dataclass(slots=True)
class Tally:
    """Counts of outcomes.

    Attributes:
        done: How many items are done.
        skipped: How many items were skipped, by reason.
        failed: How many items failed, by reason.
        source_bytes: How many bytes were read from the source.
        output_bytes: The size of all thumbnails in bytes.
    """

    done: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    source_bytes: int = 0
    output_bytes: int = 0

    def add(self, outcome: Outcome) -> None:
        """Add one outcome to the counts."""
        if outcome.status is Status.DONE:
            self.done += 1
        else:
            counter = self.skipped if outcome.status is Status.SKIPPED else self.failed
            counter[str(outcome.reason)] += 1
        self.source_bytes += outcome.source_bytes
        self.output_bytes += outcome.output_bytes

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> "Tally":
        """Return the counts of some outcomes."""
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
        """Return the tally in the form that records hold."""
        return self.counts().to_record()

    def counts(self) -> OutcomeCounts:
        """Return the counts as they are now."""
        return OutcomeCounts(self.done, dict(self.skipped), dict(self.failed), self.source_bytes, self.output_bytes)

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
