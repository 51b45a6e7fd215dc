"""Which task am I: Cloud Run jobs, Google Batch, Kubernetes indexed jobs, AWS Batch arrays, Slurm arrays, or by hand.

| platform | index | count | attempt | execution |
|---|---|---|---|---|
| Cloud Run jobs | CLOUD_RUN_TASK_INDEX | CLOUD_RUN_TASK_COUNT | CLOUD_RUN_TASK_ATTEMPT | CLOUD_RUN_EXECUTION |
| Google Batch | BATCH_TASK_INDEX | BATCH_TASK_COUNT | | BATCH_JOB_UID or BATCH_JOB_ID |
| AWS Batch | AWS_BATCH_JOB_ARRAY_INDEX | AWS_BATCH_JOB_ARRAY_SIZE | AWS_BATCH_JOB_ATTEMPT | AWS_BATCH_JOB_ID |
| Slurm | SLURM_ARRAY_TASK_ID | SLURM_ARRAY_TASK_COUNT | SLURM_RESTART_COUNT | SLURM_ARRAY_JOB_ID |
| Kubernetes | JOB_COMPLETION_INDEX | TASK_COUNT, from the manifest | | TASK_EXECUTION, from the manifest |
| by hand | TASK_INDEX | TASK_COUNT | TASK_ATTEMPT | TASK_EXECUTION |

AWS Batch counts attempts from 1, and its job id ends in `:` and the index, which is left out. Slurm's ids may begin
anywhere (SLURM_ARRAY_TASK_MIN), but may have no gaps. The first platform whose index or count is set is taken; with
none, this is the only task.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


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
    name: str
    index: str
    count: str
    attempt: str = ""
    executions: tuple[str, ...] = ()
    first_attempt: int = 0
    first_index: str = ""
    execution_of: Callable[[str], str] = str


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
    ),
    _Platform("Kubernetes", "JOB_COMPLETION_INDEX", "TASK_COUNT", "TASK_ATTEMPT", ("TASK_EXECUTION",)),
    _Platform("by hand", "TASK_INDEX", "TASK_COUNT", "TASK_ATTEMPT", ("TASK_EXECUTION",)),
)


def detect(environ: Mapping[str, str], problems: list[str]) -> Task:
    """Return which task this process is; what is wrong with the variables is added to `problems`.

    | index | count | |
    |---|---|---|
    | none | none or 1 | the only task |
    | none | more than 1 | a problem: every process would take itself for the same task |
    | i | none | a problem, unless i is 0 |
    | i | n | task i of n; a problem if i is not below n |
    """
    for platform in _PLATFORMS:
        if environ.get(platform.index) or environ.get(platform.count):
            return _task(platform, environ, problems)
    return Task(execution=environ.get("CLOUD_RUN_EXECUTION") or environ.get("TASK_EXECUTION") or None)


def _task(platform: _Platform, environ: Mapping[str, str], problems: list[str]) -> Task:
    before = len(problems)
    first = _number(environ, platform.first_index, 0, problems) or 0
    index = _number(environ, platform.index, 0, problems)
    count = _number(environ, platform.count, 1, problems)
    attempt = _number(environ, platform.attempt, platform.first_attempt, problems)
    if len(problems) == before:
        _compare(platform, index, count, first, problems)
        _agree(environ, index, count, problems)
    execution = next((environ[name] for name in platform.executions if environ.get(name)), None)
    return Task(
        index=max(0, (index or first) - first),
        count=count or 1,
        attempt=max(0, (attempt or platform.first_attempt) - platform.first_attempt),
        execution=platform.execution_of(execution) if execution else None,
        platform=platform.name,
    )


def _compare(platform: _Platform, index: int | None, count: int | None, first: int, problems: list[str]) -> None:
    if index is None and count is not None and count > 1:
        problems.append(f"{platform.count} is {count}, but {platform.index} is not set; set it to 0 … {count - 1}")
    elif count is None and (index or 0) > first:
        problems.append(
            f"{platform.index} is {index}, but {platform.count} is not set; set it to how many tasks there are"
        )
    elif index is not None and not 0 <= index - first < (count or 1):
        last = first + (count or 1) - 1
        problems.append(
            f"{platform.index} is {index}, but {platform.count} is {count or 1}; "
            f"it must be {first} … {last}, without gaps"
        )


def _agree(environ: Mapping[str, str], index: int | None, count: int | None, problems: list[str]) -> None:
    """The deprecated names may stand beside Cloud Run's own if they say the same."""
    for name, own, value in (("TASK_INDEX", "index", index), ("TASK_COUNT", "count", count)):
        text = environ.get(name)
        if text and value is not None and text.strip() != str(value):
            problems.append(f"{name} is {text!r}, but this task's {own} is {value} elsewhere; unset {name}")


def _number(environ: Mapping[str, str], name: str, least: int, problems: list[str]) -> int | None:
    text = environ.get(name, "") if name else ""
    if not text:
        return None
    if not text.strip().isascii() or not text.strip().isdigit() or int(text) < least:
        problems.append(f"{name} is {text!r}; it must be a whole number of at least {least}")
        return None
    return int(text)
