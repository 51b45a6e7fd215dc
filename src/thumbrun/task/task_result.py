"""What a task has done when it ends, for those who report it."""

from dataclasses import dataclass
from datetime import datetime

from thumbrun.outcomes import Tally


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of one task, and of the whole run if it is complete.

    Attributes:
        run_id: The id of the run.
        folder: The URI of the folder of its thumbnails.
        own: The tally of the items in this task's shards, no matter which process worked them.
        run: The tally of all items, once every shard is complete; None before.
        seconds: The seconds from the task's start to its end.
        listed: Whether this task made the plan.
        named: The words that name the run on a command line.
        worked: The tally of the items that this very process worked.
        unlisted: How many parts of the source could not be listed, so that the run lacks what they hold.
        began: When the run began, so that its plan is hardly older; None if nobody needs to know.
        anew: The command that begins another run of the same source.
        planned: The number of items in the whole run.
        so_far: The tally of all items that have an outcome, if the run is not complete and this task knows it.
        report: The URI of the run's report, or an empty text if this task made none.
    """

    run_id: str
    folder: str
    own: Tally
    run: Tally | None
    seconds: float
    listed: bool
    named: str
    worked: Tally
    unlisted: int = 0
    began: datetime | None = None
    anew: str = ""
    planned: int = 0
    so_far: Tally | None = None
    report: str = ""
