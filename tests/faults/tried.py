"""The counts of a campaign, which become the rows of docs/reliability.md."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Tried:
    """The counts of one campaign: what it tried, and what it found.

    Attributes:
        campaign: The name of the campaign, such as `simulation`.
        command: The command that repeats the campaign.
        schedules: Runs of thumbrun under faults, each from its own seed.
        kills: Task processes (or their simulations) that were killed.
        images: Broken images that were tried.
        items: Items whose outcome was checked.
        faults: How many faults of each kind were injected.
        defects: How many defects of the protocol were put in, to check that the campaign notices them.
        defects_caught: How many of these defects the campaign noticed.
        lost: Items without an outcome, or done without their thumbnail.
        doubled: Items with two outcomes or two thumbnails, and runs with two folders.
        torn: Thumbnails and records that are incomplete.
        wrong: Thumbnails of another image or generation, wrong reasons, and foreign objects that thumbrun touched.
        came_of: For things that were tried once each: what came of them.
        largest: The largest value of each measure that has a bound, in percent of that bound.
        seconds: How long the campaign took.
        failures: A line for each broken promise, with the seed that shows it again.
    """

    campaign: str
    command: str
    schedules: int = 0
    kills: int = 0
    images: int = 0
    items: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    defects: int = 0
    defects_caught: int = 0
    lost: int = 0
    doubled: int = 0
    torn: int = 0
    wrong: int = 0
    came_of: dict[str, str] = field(default_factory=dict)
    largest: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write the counts to a file as JSON."""
        path.write_text(json.dumps(asdict(self) | {"faults": dict(self.faults)}, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Tried":
        """Read the counts from a file."""
        record = json.loads(path.read_text())
        return cls(**record | {"faults": Counter(record["faults"])})


def each(seeds: Iterable[int], tried: Tried, once: Callable[[int, Tried], None]) -> Tried:
    """Try each seed once, and count how long all of them take."""
    began = time.monotonic()
    for seed in seeds:
        once(seed, tried)
    tried.seconds = time.monotonic() - began
    return tried


def ended(tried: Tried, out: Path | None) -> int:
    """Write and print what a campaign found; return its exit code, which is 1 if it found a failure."""
    if out:
        tried.write(out)
    print(
        f"{tried.schedules} runs, {tried.kills} kills, {tried.items} images, of which {tried.images} were hostile: "
        f"{tried.wrong} wrong, {tried.lost} lost"
    )
    print(*tried.failures, sep="\n")
    return 1 if tried.failures else 0
