"""Finds out which task of a job this process is, from the variables that the platform sets.

| platform | index | count | attempt | execution |
|---|---|---|---|---|
| Cloud Run jobs | CLOUD_RUN_TASK_INDEX | CLOUD_RUN_TASK_COUNT | CLOUD_RUN_TASK_ATTEMPT | CLOUD_RUN_EXECUTION |
| Google Batch | BATCH_TASK_INDEX | BATCH_TASK_COUNT | | BATCH_JOB_UID or BATCH_JOB_ID |
| AWS Batch | AWS_BATCH_JOB_ARRAY_INDEX | AWS_BATCH_JOB_ARRAY_SIZE | AWS_BATCH_JOB_ATTEMPT | AWS_BATCH_JOB_ID |
| Slurm | SLURM_ARRAY_TASK_ID | SLURM_ARRAY_TASK_COUNT | SLURM_RESTART_COUNT | SLURM_ARRAY_JOB_ID |
| Kubernetes | JOB_COMPLETION_INDEX | TASK_COUNT, from the manifest | TASK_ATTEMPT | TASK_EXECUTION, from the manifest |
| by hand | TASK_INDEX | TASK_COUNT | TASK_ATTEMPT | TASK_EXECUTION |

AWS Batch counts attempts from 1. The job id of an array's task ends in `:` and the index, which thumbrun leaves out.
The ids of a Slurm array can begin with any number (SLURM_ARRAY_TASK_MIN) and go in steps (SLURM_ARRAY_TASK_STEP); the
index is the place of the id among them. thumbrun refuses ids with gaps, because a task cannot know its place among
them. Kubernetes tells a pod its index but not the count. Without TASK_COUNT, thumbrun refuses every pod, even the
first, which would otherwise believe that it is the only task. TASK_EXECUTION should hold the job's uid.

thumbrun takes the first platform whose index or count is set. If there is none, it takes the first platform that sets
an execution. If there is none either, this is the only task. You can set TASK_INDEX and TASK_COUNT beside a platform's
own variables if they say the same.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from thumbrun.console import quoted

_MOST_TASKS = 1_000_000  # a hundred times the limit of Cloud Run, and still few enough to give shards to
_MOST_NUMBER = 10**9


_CLOUD_RUN = "Cloud Run"


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a job.

    Attributes:
        index: The number of the task, from 0.
        count: How many tasks there are.
        attempt: How often this task was started before, from 0.
        execution: The name that all tasks and retries of one start of the job share, or None.
        platform: The name of the platform, in plain words.
    """

    index: int = 0
    count: int = 1
    attempt: int = 0
    execution: str | None = None
    platform: str = "by hand"

    @property
    def is_on_cloud_run(self) -> bool:
        """Whether Cloud Run started this task."""
        return self.platform == _CLOUD_RUN


@dataclass(frozen=True, slots=True)
class _Platform:
    """The variables by which a platform tells a task what it is; a name is empty if the platform has no such variable.

    Attributes:
        name: The name of the platform, in plain words.
        index: The variable that holds the index of the task.
        count: The variable that holds the number of tasks.
        attempt: The variable that holds the number of the attempt.
        executions: The variables that can hold the execution; the first that is set counts.
        known_by: The variables that identify the platform, if any of them is set; empty: its index, its count or its
            execution does.
        first_attempt: The number of the first attempt.
        first_index: The variable that holds the lowest index.
        last_index: The variable that holds the highest index.
        step: The variable that holds the distance between two indexes.
        execution_of: Returns the part of the execution's text that all tasks share.
        count_hint: What the user should do if the count is missing, on platforms that never set it themselves.
    """

    name: str
    index: str
    count: str
    attempt: str = ""
    executions: tuple[str, ...] = ()
    known_by: tuple[str, ...] = ()
    first_attempt: int = 0
    first_index: str = ""
    last_index: str = ""
    step: str = ""
    execution_of: Callable[[str], str] = str
    count_hint: str = ""


_BY_HAND = _Platform("by hand", "TASK_INDEX", "TASK_COUNT", "TASK_ATTEMPT", ("TASK_EXECUTION",))

_PLATFORMS = (
    _Platform(
        _CLOUD_RUN,
        "CLOUD_RUN_TASK_INDEX",
        "CLOUD_RUN_TASK_COUNT",
        "CLOUD_RUN_TASK_ATTEMPT",
        ("CLOUD_RUN_EXECUTION",),
    ),
    _Platform("Google Batch", "BATCH_TASK_INDEX", "BATCH_TASK_COUNT", executions=("BATCH_JOB_UID", "BATCH_JOB_ID")),
    _Platform(
        "AWS Batch",
        "AWS_BATCH_JOB_ARRAY_INDEX",
        "AWS_BATCH_JOB_ARRAY_SIZE",
        "AWS_BATCH_JOB_ATTEMPT",
        ("AWS_BATCH_JOB_ID",),
        first_attempt=1,
        execution_of=lambda text: text.partition(":")[0],
    ),
    _Platform(
        "Slurm",
        "SLURM_ARRAY_TASK_ID",
        "SLURM_ARRAY_TASK_COUNT",
        "SLURM_RESTART_COUNT",
        ("SLURM_ARRAY_JOB_ID",),
        first_index="SLURM_ARRAY_TASK_MIN",
        last_index="SLURM_ARRAY_TASK_MAX",
        step="SLURM_ARRAY_TASK_STEP",
    ),
    _Platform(
        "Kubernetes",
        "JOB_COMPLETION_INDEX",
        "TASK_COUNT",
        "TASK_ATTEMPT",
        ("TASK_EXECUTION",),
        known_by=("JOB_COMPLETION_INDEX",),  # tasks that are started by hand have the same variable for the count
        count_hint="set it in the manifest to the job's completions",
    ),
    _BY_HAND,
)


def without_task(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the variables that say which task a process is."""
    names = {name for p in _PLATFORMS for name in (p.index, p.count, p.attempt, *p.executions, *p.known_by)}
    return {name: value for name, value in environ.items() if name not in names}


def detect(environ: Mapping[str, str], problems: list[str]) -> Task:
    """Return which task this process is, and add a sentence to `problems` for each wrong variable.

    | index | count | result |
    |---|---|---|
    | none | none or 1 | the only task |
    | none | more than 1 | a problem: every process would believe that it is the same task |
    | i | none | a problem, unless i is 0 and the platform would have set a count above 1 |
    | i | n | task i of n; a problem if i is not less than n |

    Args:
        environ: The environment; an empty variable counts as unset.
        problems: The list that gets the problems; if there are any, do not use the task that is returned.
    """
    for platform in _PLATFORMS:
        if any(environ.get(name) for name in platform.known_by or (platform.index, platform.count)):
            return _task(platform, environ, problems)
    told = (p for p in _PLATFORMS if not p.known_by and any(environ.get(name) for name in p.executions))
    return _task(next(told, _BY_HAND), environ, problems)


def _task(platform: _Platform, environ: Mapping[str, str], problems: list[str]) -> Task:
    before = len(problems)
    index = _number(environ, platform.index, 0, problems)
    count = _number(environ, platform.count, 1, problems, most=_MOST_TASKS)
    attempt = _number(environ, platform.attempt, platform.first_attempt, problems)
    position = _position(platform, environ, index, count, problems)
    if len(problems) == before:
        _compare(platform, index, position, count, problems)
    if len(problems) == before:
        _agree(environ, position, count, problems)
    execution = next((environ[name] for name in platform.executions if environ.get(name)), None)
    return Task(
        index=position or 0,
        count=count or 1,
        attempt=max(0, (attempt or 0) - platform.first_attempt),
        execution=platform.execution_of(execution) if execution else None,
        platform=platform.name,
    )


def _position(
    platform: _Platform, environ: Mapping[str, str], index: int | None, count: int | None, problems: list[str]
) -> int | None:
    """Return the place of the index among all, from 0: the index itself, unless the platform has a first index."""
    if not platform.first_index or index is None or count is None:
        return index
    first = _number(environ, platform.first_index, 0, problems) or 0
    step = _number(environ, platform.step, 1, problems) or 1
    last = _number(environ, platform.last_index, 0, problems)
    regular = last is None or last == first + step * (count - 1)
    if not regular or index < first or (index - first) % step:
        problems.append(
            f"{platform.index} is {index}, but the ids of the array ({count} from {first} to "
            f"{'?' if last is None else last}) have gaps; use an array without gaps, like --array=0-{count - 1}, "
            "because any number of tasks can work on a run"
        )
        return None
    return (index - first) // step


def _compare(
    platform: _Platform, index: int | None, position: int | None, count: int | None, problems: list[str]
) -> None:
    if index is None or position is None:
        if count is not None and count > 1:
            hint = f"set it to a number from 0 to {count - 1}"
            problems.append(f"{platform.count} is {count}, but {platform.index} is not set; {hint}")
    elif count is None:
        if position > 0 or platform.count_hint:
            hint = platform.count_hint or "set it to the number of tasks"
            problems.append(f"{platform.index} is {index}, but {platform.count} is not set; {hint}")
    elif position >= count:
        problems.append(
            f"{platform.index} is {index}, but {platform.count} is {count}; the index must be less than the count"
        )


def _agree(environ: Mapping[str, str], index: int | None, count: int | None, problems: list[str]) -> None:
    """Add a problem if TASK_INDEX or TASK_COUNT differs from the platform's own variable."""
    for name, own, value in ((_BY_HAND.index, "index", index), (_BY_HAND.count, "count", count)):
        text = environ.get(name)
        if text and value is not None and text.strip() != str(value):
            problems.append(f"{name} is {quoted(text)}, but the platform says that the {own} is {value}; unset {name}")


def _number(
    environ: Mapping[str, str], name: str, least: int, problems: list[str], *, most: int = _MOST_NUMBER
) -> int | None:
    text = environ.get(name, "") if name else ""
    if not text:
        return None
    if not re.fullmatch(r"\s*[0-9]{1,10}\s*", text) or not least <= int(text) <= most:
        problems.append(f"{name} is {quoted(text)}; it must be a whole number, {least} to {most:,}")
        return None
    return int(text)
