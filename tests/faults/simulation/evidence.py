"""What a schedule leaves behind, for the oracle to judge."""

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.simulation.bucket import Bucket
from tests.faults.simulation.life import Fate
from tests.faults.simulation.schedule import Schedule
from thumbrun.environment.task_identity import Task
from thumbrun.task.runner import TaskResult


@dataclass(frozen=True, slots=True)
class Ending:
    """How one life ended.

    Attributes:
        life: Its name.
        execution: The number of its execution in the schedule.
        task: What it was.
        fate: What befell it.
        calm: Whether it had no faults.
        began: Virtual seconds.
        ended: Virtual seconds.
        report: What it reported, or None.
        error: What it ended with, or None where it was killed or reported.
    """

    life: str
    execution: int
    task: Task
    fate: Fate
    calm: bool
    began: float
    ended: float
    report: TaskResult | None
    error: BaseException | None

    @property
    def how(self) -> str:
        """In one word: `report`, `killed`, or the error's kind."""
        return "report" if self.report else type(self.error).__name__ if self.error else "killed"


@dataclass(slots=True)
class Evidence:
    """What a schedule left behind, for the oracle.

    Attributes:
        schedule: What happened.
        source: The bucket of the source.
        output: The bucket of the thumbnails.
        state: The bucket of the records.
        output_prefix: Of all run folders.
        state_prefix: Of all records.
        endings: Of all lives, in order.
        stuck: Executions and tasks that did not end well without faults.
        faults: How often each kind was injected.
        kills: Lives that were killed.
        torn: Names and generations of source objects whose bytes do not match their checksum.
        damaged: Names of thumbnails that a store kept damaged.
        operations: Requests of all lives.
    """

    schedule: Schedule
    source: Bucket
    output: Bucket
    state: Bucket
    output_prefix: str
    state_prefix: str
    endings: list[Ending] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    damaged: set[str] = field(default_factory=set)
    torn: set[tuple[str, str]] = field(default_factory=set)
    operations: int = 0
