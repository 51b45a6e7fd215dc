"""The evidence that a schedule leaves behind for the oracle."""

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.simulation.bucket import Bucket
from tests.faults.simulation.life import Fate
from tests.faults.simulation.schedule import Schedule
from thumbrun.environment.task_identity import Task
from thumbrun.task.task_result import TaskResult


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of one life.

    Attributes:
        life: The name of the life.
        execution: The number of its execution in the schedule.
        task: The task that it ran.
        fate: The fate that it had.
        calm: Whether it had no faults.
        began: The time of its start, in virtual seconds.
        ended: The time of its end, in virtual seconds.
        report: The result that it returned, or None.
        error: The error that it ended with, or None if it was killed or returned a result.
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
        """The end in one word: `report`, `killed`, or the name of the error's class."""
        return "report" if self.report else type(self.error).__name__ if self.error else "killed"


@dataclass(slots=True)
class Evidence:
    """Everything that a schedule left behind, for the oracle.

    Attributes:
        schedule: The schedule that ran.
        source: The bucket of the source.
        output: The bucket of the thumbnails.
        state: The bucket of the records.
        output_prefix: The prefix of all run folders.
        state_prefix: The prefix of all records.
        endings: The ends of all lives, in order.
        stuck: Executions and tasks that did not end well without faults.
        faults: The number of injected faults of each kind.
        kills: The number of lives that were killed.
        torn: The names and generations of source objects whose bytes do not match their checksum.
        damaged: The names of thumbnails that a store kept damaged.
        operations: The number of requests of all lives.
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
