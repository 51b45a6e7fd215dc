"""Which task am I: Cloud Run jobs, Google Batch, Kubernetes indexed jobs, AWS Batch arrays, Slurm arrays, or by hand.

| platform | index | count | attempt | execution |
|---|---|---|---|---|
| Cloud Run jobs | CLOUD_RUN_TASK_INDEX | CLOUD_RUN_TASK_COUNT | CLOUD_RUN_TASK_ATTEMPT | CLOUD_RUN_EXECUTION |
| Google Batch | BATCH_TASK_INDEX | BATCH_TASK_COUNT | | BATCH_JOB_UID or BATCH_JOB_ID |
| AWS Batch | AWS_BATCH_JOB_ARRAY_INDEX | AWS_BATCH_JOB_ARRAY_SIZE | AWS_BATCH_JOB_ATTEMPT | AWS_BATCH_JOB_ID |
| Slurm | SLURM_ARRAY_TASK_ID | SLURM_ARRAY_TASK_COUNT | SLURM_RESTART_COUNT | SLURM_ARRAY_JOB_ID |
| Kubernetes | JOB_COMPLETION_INDEX | TASK_COUNT, from the manifest | TASK_ATTEMPT | TASK_EXECUTION, from the manifest |
| by hand | TASK_INDEX | TASK_COUNT | TASK_ATTEMPT | TASK_EXECUTION |

AWS Batch counts attempts from 1, and the job id of an array's task ends in `:` and the index, which is left out.
Slurm's ids may begin anywhere (SLURM_ARRAY_TASK_MIN) and go in steps (SLURM_ARRAY_TASK_STEP); the index is the id's
place among them. Ids with gaps are refused, for no task would know its place. Kubernetes tells a pod its index and not
the count: without TASK_COUNT every pod is refused, the first too, which would otherwise take itself for the only one.
TASK_EXECUTION should hold the job's uid.

The first platform whose index or count is set is taken; with none, the first that tells an execution; with neither,
this is the only task. TASK_INDEX and TASK_COUNT may stand beside a platform's own variables if they say the same.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from thumbrun.console import quoted

_MOST_TASKS = 1_000_000  # a hundred times Cloud Run's limit, and few enough to deal shards to
_MOST_NUMBER = 10**9


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a job.

    Attributes:
        index: From 0.
        count: How many tasks there are.
        attempt: From 0: how often this task was started before.
        execution: What all tasks and retries of one start of the job share, or None.
        platform: In plain words.
    """

    index: int = 0
    count: int = 1
    attempt: int = 0
    execution: str | None = None
    platform: str = "by hand"


@dataclass(frozen=True, slots=True)
class _Platform:
    """How a platform tells a task what it is: the names of its variables, empty where it has none.

    Attributes:
        known_by: Any of these being set tells the platform, and nothing else does; empty: its index or count, or
            its execution.
        first_attempt: The number of the first attempt.
        first_index: The variable that holds the lowest index.
        last_index: The variable that holds the highest index.
        step: The variable that holds the distance of two indexes.
        execution_of: Makes what all tasks share of an execution's text.
        count_hint: What to do where the count is missing, on platforms that never set it themselves.
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
        "Cloud Run",
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
        known_by=("JOB_COMPLETION_INDEX",),  # the count is also that of tasks started by hand
        count_hint="set it in the manifest to the job's completions",
    ),
    _BY_HAND,
)


def without_task(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without anything that says which task a process is."""
    names = {name for p in _PLATFORMS for name in (p.index, p.count, p.attempt, *p.executions, *p.known_by)}
    return {name: value for name, value in environ.items() if name not in names}


def detect(environ: Mapping[str, str], problems: list[str]) -> Task:
    """Return which task this process is; what is wrong with the variables is added to `problems`, a sentence each.

    | index | count | |
    |---|---|---|
    | none | none or 1 | the only task |
    | none | more than 1 | a problem: every process would take itself for the same task |
    | i | none | a problem, unless i is 0 and the platform would have set a count above 1 |
    | i | n | task i of n; a problem if i is not below n |

    Args:
        environ: The environment; an empty variable counts as unset.
        problems: Grows by what is wrong; the task that is returned is then of no use.
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
    """Return the index's place among all, from 0: the index itself, unless they may begin anywhere and go in steps."""
    if not platform.first_index or index is None or count is None:
        return index
    first = _number(environ, platform.first_index, 0, problems) or 0
    step = _number(environ, platform.step, 1, problems) or 1
    last = _number(environ, platform.last_index, 0, problems)
    regular = last is None or last == first + step * (count - 1)
    if not regular or index < first or (index - first) % step:
        problems.append(
            f"{platform.index} is {index}, one of {count} from {first} to {'?' if last is None else last}, which have "
            f"gaps; use an array without gaps, like --array=0-{count - 1}: any number of tasks can work on any run"
        )
        return None
    return (index - first) // step


def _compare(
    platform: _Platform, index: int | None, position: int | None, count: int | None, problems: list[str]
) -> None:
    if index is None or position is None:
        if count is not None and count > 1:
            problems.append(f"{platform.count} is {count}, but {platform.index} is not set; set it to 0 … {count - 1}")
    elif count is None:
        if position > 0 or platform.count_hint:
            hint = platform.count_hint or "set it to how many tasks there are"
            problems.append(f"{platform.index} is {index}, but {platform.count} is not set; {hint}")
    elif position >= count:
        problems.append(f"{platform.index} is {index}, but {platform.count} is {count}; it must be 0 … {count - 1}")


def _agree(environ: Mapping[str, str], index: int | None, count: int | None, problems: list[str]) -> None:
    """The deprecated names may stand beside a platform's own if they say the same."""
    for name, own, value in ((_BY_HAND.index, "index", index), (_BY_HAND.count, "count", count)):
        text = environ.get(name)
        if text and value is not None and text.strip() != str(value):
            problems.append(f"{name} is {quoted(text)}, but this task's {own} is {value} elsewhere; unset {name}")


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
