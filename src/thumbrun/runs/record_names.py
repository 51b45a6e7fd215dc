"""The names of a run's objects on the store. Pure.

<output>/<run id>/…                          the thumbnails, and nothing else
<state>/anchors/<key>/<n>                    the run of an execution, or of a fingerprint
<state>/runs/<run id>/run.json               the claim of the run id
<state>/runs/<run id>/claims/<k>.json        the claim of a task to be the planner
<state>/runs/<run id>/planner/<k>/…          a planner's beats, shards and renames
<state>/runs/<run id>/plan.json              the commit point of the plan
<state>/runs/<run id>/ledger/<shard>/<part>  the outcomes
<state>/runs/<run id>/summary.json           the result of the run, once every shard is complete
<state>/runs/<run id>/report.html, .json     what the run became, for people and for programs
<state>/runs/<run id>/report.begun           who makes the report: it is tried once
<state>/runs/<run id>/rounds/<n>.json        the reasons that a later round retries
<state>/runs/<run id>/summaries/<n>.json     the result of the run after that round; its report is beside it
<state>/doctor/…                             what `thumbrun doctor --write` created; you can delete it
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

_PART = re.compile(r"[0-9]{7}/[^/]+-[0-9]{7}\.jsonl\.gz")
_DIGITS = 7  # each number in a name has this many digits, so that names sort by number
MOST_NUMBER = 10**_DIGITS - 1  # of any name
_FAR = 1_000  # records in a row that somebody might have deleted


def _number(number: int) -> str:
    return f"{number:0{_DIGITS}d}"


@dataclass(frozen=True, slots=True)
class StateNames:
    """The names of the records below one state prefix.

    Attributes:
        prefix: The prefix of the state in its store; it is empty or ends in `/`.
    """

    prefix: str

    def anchors(self, kind: str, key: str) -> str:
        """Return the prefix of the anchors of an execution or a fingerprint; the key is hashed because it is data."""
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return f"{self.prefix}anchors/{kind}-{digest}/"

    def anchor(self, kind: str, key: str, number: int) -> str:
        """Return the name of one anchor."""
        return self.anchors(kind, key) + _number(number)

    @property
    def runs(self) -> str:
        """The prefix of the records of all runs."""
        return f"{self.prefix}runs/"

    def run(self, run_id: str) -> "RunNames":
        """Return the names of one run's records."""
        return RunNames(f"{self.runs}{run_id}/")


@dataclass(frozen=True, slots=True)
class RunNames:
    """The names of one run's records.

    Attributes:
        prefix: The prefix of the run's records, which ends in `/`.
    """

    prefix: str

    @property
    def claim(self) -> str:
        """The name of the claim of the run id."""
        return f"{self.prefix}run.json"

    @property
    def plan(self) -> str:
        """The name of the commit point of the plan."""
        return f"{self.prefix}plan.json"

    def summary(self, round_number: int = 0) -> str:
        """Return the name of a round's summary, which exists once the round has sealed every shard."""
        return f"{self.summaries}{_number(round_number)}.json" if round_number else f"{self.prefix}summary.json"

    def report(self, ending: str, round_number: int = 0) -> str:
        """Return the name of a round's report, which lies beside its summary.

        Args:
            ending: `html` or `json`; `begun` for the record that says who makes the report.
            round_number: The number of the round.
        """
        own = f"{self.summaries}{_number(round_number)}." if round_number else self.prefix
        return f"{own}report.{ending}"

    @property
    def summaries(self) -> str:
        """The prefix of the summaries of later rounds."""
        return f"{self.prefix}summaries/"

    def number_of_summary(self, name: str) -> int:
        """Return the number in the name of a later round's summary."""
        return int(name.removeprefix(self.summaries).partition(".")[0])

    @property
    def rounds(self) -> str:
        """The prefix of the records of later rounds."""
        return f"{self.prefix}rounds/"

    def round(self, number: int) -> str:
        """Return the name of the record of a later round."""
        return f"{self.rounds}{_number(number)}.json"

    def number_of_round(self, name: str) -> int:
        """Return the number in the name of a round."""
        return int(name.removeprefix(self.rounds).partition(".")[0])

    @property
    def planner_claims(self) -> str:
        """The prefix of all claims to be the planner."""
        return f"{self.prefix}claims/"

    def planner_claim(self, number: int) -> str:
        """Return the name of a planner's claim."""
        return f"{self.planner_claims}{_number(number)}.json"

    def planner_of_claim(self, name: str) -> int:
        """Return the number in the name of a planner's claim."""
        return int(name.removeprefix(self.planner_claims).partition(".")[0])

    def beats(self, planner: int) -> str:
        """Return the prefix of a planner's beats."""
        return f"{self.prefix}planner/{_number(planner)}/beats/"

    def beat(self, planner: int, beat: int) -> str:
        """Return the name of one of a planner's beats."""
        return self.beats(planner) + _number(beat)

    def end_of_beats(self, planner: int) -> str:
        """Return the name of a planner's last beat, which says that it has given up; it comes after all others."""
        return self.beats(planner) + "9" * _DIGITS

    def shard(self, planner: int, label: str) -> str:
        """Return the name of the record of a shard's items; the label is unique for the planner."""
        return f"{self.prefix}planner/{_number(planner)}/shards/{label}.jsonl.gz"

    def renames(self, planner: int, label: str) -> str:
        """Return the name of the record of new names, for those items of a shard whose own names collide."""
        return f"{self.prefix}planner/{_number(planner)}/renames/{label}.jsonl.gz"

    @property
    def ledger(self) -> str:
        """The prefix of all ledger parts."""
        return f"{self.prefix}ledger/"

    def digits_of_shard(self, shard: int) -> str:
        """Return a shard's number as the names of its parts hold it."""
        return _number(shard)

    def shard_ledger(self, shard: int) -> str:
        """Return the prefix of one shard's ledger parts."""
        return f"{self.ledger}{_number(shard)}/"

    def part(self, shard: int, nonce: str, sequence: int) -> str:
        """Return the name of one ledger part, which no other process uses."""
        return f"{self.shard_ledger(shard)}{nonce}-{_number(sequence)}.jsonl.gz"

    def is_part(self, name: str) -> bool:
        """Return whether a name below the ledger's prefix is that of a part."""
        return _PART.fullmatch(name, len(self.ledger)) is not None

    def shard_of_part(self, name: str) -> int:
        """Return the shard number that a part's name holds."""
        return int(name.removeprefix(self.ledger).partition("/")[0])

    def nonce_of_part(self, name: str) -> str:
        """Return the nonce of the process that wrote a part."""
        return name.rpartition("/")[2].partition("-")[0]


def far_beyond(names: Iterable[str], start: str = "") -> list[str]:
    """Return those of some ascending names whose numbers nobody can have reached, given the other names.

    Args:
        names: Names of records of one kind, whose numbers follow on one another.
        start: A name that is known to be right, and before all others; or an empty string.
    """
    last, far = _number_of(start), []
    for name in names:
        number = _number_of(name)
        if number > last + _FAR:
            far.append(name)
        else:
            last = number
    return far


def _number_of(name: str) -> int:
    found = re.search(r"([0-9]{7})(\.json)?$", name)
    return int(found[1]) if found else 0
