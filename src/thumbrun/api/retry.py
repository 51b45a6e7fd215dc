"""`thumbrun.retry`: retry what failed in a run, and what is missing, as `thumbrun retry` does."""

import os
from collections.abc import Callable, Iterable

from thumbrun.api.existing_run import settings_of_run
from thumbrun.api.keywords import flags_of, keywords_of, source_text, takes, task_variables, told_in_keywords
from thumbrun.api.own_loop import blocking
from thumbrun.api.run import Chosen, RunResult, worked
from thumbrun.clock import SystemClock
from thumbrun.environment.machine import Machine
from thumbrun.logs.events import Events, Progress
from thumbrun.runs.rounds import reasons_of

SETTINGS = keywords_of("retry")
_OWN = ("run", "reason", "progress", "task_index", "task_count", "task_attempt", "task_execution")


@takes(SETTINGS)
async def retry_async(
    run: str | os.PathLike[str],
    *,
    reason: str | Iterable[str] = (),
    progress: Callable[[Progress], object] | None = None,
    task_index: int = 0,
    task_count: int = 1,
    task_attempt: int = 0,
    task_execution: str | None = None,
    **keywords: object,
) -> RunResult:
    """Retry the images of a run that failed, and those that are missing, as a new round of the run.

    The run's own settings count; keywords change only what they name, such as a limit. Where no image has one of the
    reasons, no round begins, and the result is that of the run as it is.

    Args:
        run: The run: `gs://bucket/prefix/<run id>`, a run's folder, or a run id together with `output`.
        reason: Retry only images with these reasons, each a `Reason`, its text, or `missing`. Default: all failures,
            and what is missing.
        progress: Is called with the progress after each image. If it raises, the round stops in order, and the error
            is raised.
        task_index: The number of this task, from 0.
        task_count: How many tasks there are.
        task_attempt: How often this task was started before.
        task_execution: A name that all tasks of one start of the job share.
        **keywords: The settings, named and meant like the flags of `thumbrun retry`.

    Raises:
        SettingsError: Keywords have wrong values, or there is no such run; `problems` has all of them.
        TooLateError: `max_duration` has passed. What was done is recorded, and another call goes on.
        StoreError: A store fails. What was done is recorded, and another call goes on.
        ThumbrunError: Anything else that ends a round; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """
    flags = flags_of("retry", SETTINGS, keywords, _OWN)
    environ = task_variables(task_index, task_count, task_attempt, task_execution)
    with told_in_keywords():
        wanted = reasons_of((reason,) if isinstance(reason, str) else reason)

    async def chosen(events: Events, machine: Machine) -> Chosen:
        text = source_text(run) or ""
        return await settings_of_run(text, environ, flags, events, SystemClock(), retry=wanted, machine=machine)

    return await worked(chosen, progress)


retry = blocking(retry_async)
