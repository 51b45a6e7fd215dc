"""Gathers what a report tells of all items, one after the other, and keeps only bounded samples of them. Pure."""

import heapq
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zlib import crc32

from thumbrun.outcomes import Outcome, Status, Tally
from thumbrun.reporting.sample import EvenSample
from thumbrun.reporting.work import Attempt
from thumbrun.runs.record_forms import TIMES

MOST_CELLS = 1000  # of the contact sheet
_MOST_FAILED, _MOST_SKIPPED = 300, 100  # of these
_SLOWEST = 10


class Chosen(NamedTuple):
    """An item of a sample.

    Attributes:
        outcome: Its outcome.
        row: Its row of the ledger.
    """

    outcome: Outcome
    row: Mapping[str, Any]

    @property
    def source(self) -> str:
        """The full name of its source."""
        source: str = self.row["source"]
        return source


@dataclass(slots=True)
class _Seen:
    """What the parts of one process tell."""

    header: Mapping[str, Any]
    first: datetime
    last: datetime
    images: int = 0


@dataclass(slots=True)
class Gathered:
    """What the outcomes and the parts of a run tell.

    Times that lie outside the run cannot be right. They count as not recorded, and so does the time of an item that is
    longer than the run.

    Attributes:
        earliest: When the run began, or a little before that.
        latest: When the report is made, or a little after that.
        tally: The outcomes.
        milliseconds: What the time of the items went into.
        timed: The number of items whose time is recorded.
        parts: The number of ledger parts.
        done: Some of the items with a thumbnail, evenly over their folders.
        failed: Some of the items that failed, evenly over the reasons.
        skipped: Some of the items that were skipped, evenly over the reasons.
    """

    earliest: datetime
    latest: datetime
    tally: Tally = field(default_factory=Tally)
    milliseconds: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TIMES, 0))
    timed: int = 0
    parts: int = 0
    done: EvenSample[Chosen] = field(default_factory=lambda: EvenSample(MOST_CELLS))
    failed: EvenSample[Chosen] = field(default_factory=lambda: EvenSample(_MOST_FAILED))
    skipped: EvenSample[Chosen] = field(default_factory=lambda: EvenSample(_MOST_SKIPPED))
    _processes: dict[str, _Seen] = field(default_factory=dict)
    _slowest: list[tuple[int, int, int, Chosen]] = field(default_factory=list)
    _longest_ms: float = field(init=False)

    def __post_init__(self) -> None:
        """Find out how long an item can have taken."""
        self._longest_ms = 1000 * (self.latest - self.earliest).total_seconds()

    def add_part(self, nonce: str, header: Mapping[str, Any], rows: int, began: str | None) -> None:
        """Add a part.

        Args:
            nonce: The nonce of its process.
            header: Its header.
            rows: The number of its rows.
            began: When the first of its items began, in ISO 8601 and UTC, or None.
        """
        self.parts += 1
        at = datetime.fromisoformat(header["at"])
        first = min(at, datetime.fromisoformat(began)) if began else at
        seen = self._processes.get(nonce)
        if seen is None:
            seen = self._processes[nonce] = _Seen(header, first, at)
        seen.first, seen.last = min(seen.first, first), max(seen.last, at)
        seen.images += rows

    def add(self, outcome: Outcome, row: Mapping[str, Any]) -> None:
        """Add the outcome of an item, with its row of the ledger."""
        self.tally.add(outcome)
        source, chosen = row["source"], Chosen(outcome, row)
        timing = outcome.timing
        total = timing.fetch_ms + timing.decode_ms + timing.encode_ms + timing.put_ms if timing else 0
        if timing and total + timing.waiting_ms <= self._longest_ms:
            self.timed += 1
            sums = self.milliseconds
            sums["fetch_ms"] += timing.fetch_ms
            sums["decode_ms"] += timing.decode_ms
            sums["encode_ms"] += timing.encode_ms
            sums["put_ms"] += timing.put_ms
            sums["waiting_ms"] += timing.waiting_ms
            if len(self._slowest) < _SLOWEST or total > self._slowest[0][0]:
                entry = (total, -outcome.shard, -outcome.item, chosen)
                heapq.heappush(self._slowest, entry)
                if len(self._slowest) > _SLOWEST:
                    heapq.heappop(self._slowest)
        rank = crc32(source.encode("utf-8", "surrogateescape"))
        if outcome.status is Status.DONE:
            self.done.add(source[: source.rfind("/") + 1], rank, chosen)
        else:
            sample = self.failed if outcome.status is Status.FAILED else self.skipped
            sample.add(str(outcome.reason), rank, chosen)

    @property
    def slowest(self) -> list[Chosen]:
        """The items that took longest, without what they waited, the slowest first."""
        return [chosen for *_, chosen in sorted(self._slowest, reverse=True)]

    def attempts(self) -> dict[int, list[Attempt]]:
        """Return what each process did, by the number of its round, its task and attempt."""
        rounds: dict[int, list[Attempt]] = defaultdict(list)
        for seen in self._processes.values():
            one = _attempt(seen)
            if self.earliest <= min(one.started or one.first, one.first) <= max(one.first, one.last) <= self.latest:
                rounds[seen.header["round"]].append(one)
        for made in rounds.values():
            made.sort(key=lambda one: (one.task, one.attempt, one.first))
        return rounds


def _attempt(seen: _Seen) -> Attempt:
    header = seen.header
    return Attempt(
        execution=header["execution"],
        task=header["task"],
        tasks=header["tasks"],
        attempt=header["attempt"],
        machine=header.get("machine"),
        processors=header.get("processors"),
        started=_time(header.get("started")),
        first=seen.first,
        last=seen.last,
        images=seen.images,
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
