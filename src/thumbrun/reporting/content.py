"""The content of a report: what became of a run, what its tasks did and what it took. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from thumbrun.console import as_unicode, counted
from thumbrun.outcomes import MEANINGS, Reason, Status, Tally
from thumbrun.reporting.work import Attempt, Work

VERSION = 1  # of report.json


@dataclass(frozen=True, slots=True)
class Cell:
    """One image of the contact sheet, or of a list of failures.

    Attributes:
        source: The path of the image below the source; a hash of its URI if names are private.
        output: The name of the thumbnail below the run's folder; empty if there is none, or if names are private.
        status: The status of the outcome.
        reason: The reason of the outcome, unless it is done.
        detail: A line for people, or empty.
        note: A note for people on what the image shows or tests, or empty.
        width: The width of the thumbnail, in pixels; 0 if unknown.
        height: The height of the thumbnail, in pixels; 0 if unknown.
        source_width: The width of the image, upright, in pixels; 0 if unknown.
        source_height: The height of the image, upright, in pixels; 0 if unknown.
        colour: The dominant colour of the smallest thumbnail, as CSS writes it; empty if unknown.
        placeholder: The placeholder of that thumbnail, as `imaging.looks.appearance` says; empty if there is none.
        source_bytes: The size of the image, in bytes.
        output_bytes: The size of the thumbnail, in bytes; 0 if there is none.
        format: The format that name and content type of the image claim, or empty.
        thumbnail: The bytes of the thumbnail, or None if the page does not show it.
        media_type: The media type of the thumbnail.
    """

    source: str
    output: str
    status: Status
    reason: Reason | None = None
    detail: str = ""
    note: str = ""
    width: int = 0
    height: int = 0
    source_width: int = 0
    source_height: int = 0
    colour: str = ""
    placeholder: str = ""
    source_bytes: int = 0
    output_bytes: int = 0
    format: str = ""
    thumbnail: bytes | None = None
    media_type: str = "image/jpeg"

    def to_record(self) -> dict[str, Any]:
        """Return the image as `report.json` holds it, without its bytes."""
        return {
            "source": as_unicode(self.source),
            "output": as_unicode(self.output),
            "status": self.status.value,
            "reason": self.reason and self.reason.value,
            "detail": as_unicode(self.detail),
            "format": self.format or None,
            "source_bytes": self.source_bytes,
            "output_bytes": self.output_bytes,
            "width": self.width,
            "height": self.height,
            "source_width": self.source_width,
            "source_height": self.source_height,
            "colour": self.colour or None,
            "placeholder": self.placeholder or None,
            "shown": self.thumbnail is not None,
        }


@dataclass(frozen=True, slots=True)
class ReasonGroup:
    """The images with the same reason.

    Attributes:
        status: Skipped or failed.
        reason: The reason.
        images: How many there are.
        advice: What to do about them.
        command: The command that follows the advice, or empty.
        examples: Some of them.
    """

    status: Status
    reason: Reason
    images: int
    advice: str
    command: str
    examples: Sequence[Cell]

    def to_record(self) -> dict[str, Any]:
        """Return the group as `report.json` holds it."""
        return {
            "status": self.status.value,
            "reason": self.reason.value,
            "meaning": MEANINGS[self.reason],
            "images": self.images,
            "advice": self.advice,
            "command": as_unicode(self.command) or None,
            "examples": [cell.to_record() for cell in self.examples],
        }


@dataclass(frozen=True, slots=True)
class Slow:
    """One of the items that took longest.

    Attributes:
        cell: The image.
        milliseconds: What its time went into, by the names of `Timing`.
    """

    cell: Cell
    milliseconds: Mapping[str, int]

    @property
    def total(self) -> int:
        """All its milliseconds but those that it waited."""
        return sum(self.milliseconds.values()) - self.milliseconds["waiting_ms"]

    def to_record(self) -> dict[str, Any]:
        """Return the item as `report.json` holds it."""
        return {"source": as_unicode(self.cell.source), "source_bytes": self.cell.source_bytes, **self.milliseconds}


@dataclass(frozen=True, slots=True)
class Dollars:
    """What the run cost, and what was expected.

    Attributes:
        usd: What it cost by what was measured, None if a price is unknown.
        estimate: What the plan let expect, None if a price is unknown.
        rows: What the cost consists of: words, and dollars or None.
        date: The date of the prices.
        note: What is not included.
    """

    usd: float | None
    estimate: float | None
    rows: Sequence[tuple[str, float | None]]
    date: str
    note: str

    def to_record(self) -> dict[str, Any]:
        """Return the cost as `report.json` holds it."""
        return {
            "usd": self.usd,
            "estimate_usd": self.estimate,
            "rows": [{"what": what, "usd": usd} for what, usd in self.rows],
            "prices_date": self.date,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The report of a run, after one of its rounds or while it is not finished.

    Attributes:
        run_id: The id of the run.
        source: The URI of the images.
        thumbnails: The URI of the run's folder.
        named: The words that name the run on a command line.
        began: When the run began.
        ended: When its latest round was complete, or None if it is not.
        at: When the report was made.
        round: The number of the latest round; 0 for the run itself.
        items: The number of images in the plan.
        bytes_there: The bytes of all images of the plan.
        tally: The outcomes.
        next_commands: What to do next, each with its command.
        reasons: The images without a thumbnail by reason, failures first, the most frequent reason first.
        cells: The images of the contact sheet, failures first, then in the order of the plan.
        names_hidden: Whether names are private, so that the report holds none.
        break_seconds: The seconds between the rounds, in which none of them was at work.
        attempts: What each process of one round did, by task and attempt: of the latest round that made outcomes, and
            is not still at work.
        tasks_round: The number of that round.
        work: The tasks against a single job, or None if the ledger does not tell.
        timed: How many outcomes recorded their times.
        milliseconds: What the time of these items went into, by the names of `Timing`.
        slowest: The items that took longest, without what they waited.
        dollars: What the run cost, or None if thumbrun cannot tell.
        settings: The settings of the run, as its claim records them.
    """

    run_id: str
    source: str
    thumbnails: str
    named: str
    began: datetime
    ended: datetime | None
    at: datetime
    round: int = 0
    items: int = 0
    bytes_there: int = 0
    tally: Tally = field(default_factory=Tally)
    next_commands: Sequence[tuple[str, str]] = ()
    reasons: Sequence[ReasonGroup] = ()
    cells: Sequence[Cell] = ()
    names_hidden: bool = False
    break_seconds: float = 0.0
    attempts: Sequence[Attempt] = ()
    tasks_round: int = 0
    work: Work | None = None
    timed: int = 0
    milliseconds: Mapping[str, int] = field(default_factory=dict)
    slowest: Sequence[Slow] = ()
    dollars: Dollars | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """What became of the run, in one sentence."""
        tally, items = self.tally, counted(self.items, "image")
        if self.ended is None:
            return f"The run is not finished: {tally.items:,} of {items} have an outcome."
        if not self.items:
            return "The source has no image."
        failed, skipped = tally.failed.total(), tally.skipped.total()
        refused = [f"{failed:,} failed"] if failed else []
        refused += [f"{skipped:,} {'was' if skipped == 1 else 'were'} skipped"] if skipped else []
        if not refused:
            return "The image has its thumbnail." if self.items == 1 else f"All {items} have their thumbnails."
        have = f"{tally.done:,} of {items} {'has' if tally.done == 1 else 'have'}" if tally.done else "No image has"
        return f"{have} a thumbnail; {' and '.join(refused)}."

    @property
    def seconds(self) -> float:
        """The seconds from the run's begin to its end, or to the making of the report, without the breaks."""
        return max(0.0, ((self.ended or self.at) - self.began).total_seconds() - self.break_seconds)

    def to_record(self) -> dict[str, Any]:
        """Return the report as `report.json` holds it."""
        return {
            "version": VERSION,
            "run": as_unicode(self.run_id),
            "source": as_unicode(self.source),
            "thumbnails": as_unicode(self.thumbnails),
            "began": self.began.isoformat(),
            "ended": self.ended and self.ended.isoformat(),
            "at": self.at.isoformat(),
            "verdict": self.verdict,
            "seconds": round(self.seconds, 3),
            "round": self.round,
            "items": self.items,
            "bytes_there": self.bytes_there,
            **self.tally.to_record(),
            "next": [
                {"advice": advice, "command": as_unicode(command) or None} for advice, command in self.next_commands
            ],
            "reasons": [group.to_record() for group in self.reasons],
            "names_hidden": self.names_hidden,
            "images": [cell.to_record() for cell in self.cells],
            "tasks": [attempt.to_record() for attempt in self.attempts],
            "tasks_round": self.tasks_round,
            "work": self.work and self.work.to_record(),
            "times": {"images": self.timed, **self.milliseconds} if self.timed else None,
            "slowest": [slow.to_record() for slow in self.slowest],
            "dollars": self.dollars and self.dollars.to_record(),
            "settings": {name: _plain(value) for name, value in self.settings.items()},
        }


def _plain(setting: Any) -> Any:
    """Return a setting with text that every reader takes."""
    if isinstance(setting, list):
        return [_plain(value) for value in setting]
    return as_unicode(setting) if isinstance(setting, str) else setting
