"""Finds or begins the run that the settings and the task ask for."""

from typing import Any

from thumbrun.clock import Clock
from thumbrun.console import quoted
from thumbrun.errors import NothingToDoError, SettingsError, ThumbrunError
from thumbrun.planning.build import single
from thumbrun.planning.survey import describe
from thumbrun.runs.find_run import AgreedRun, RunFinder, RunRequest
from thumbrun.settings.declared import OUTPUT, SOURCE, STATE
from thumbrun.settings.locations import pattern_meant
from thumbrun.settings.planning_inputs import nothing_hint, run_folder
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import BucketNotFoundError, Store
from thumbrun.task.open_stores import Stores


async def join_run(settings: Settings, stores: Stores, clock: Clock) -> AgreedRun:
    """Find or begin the run that the settings and the task ask for, and return it.

    Raises:
        SettingsError: The run does not exist, it has other settings, or its folder would hold the source. Or a bucket
            does not exist, and no run was begun.
        NothingToDoError: The source is empty, and no run was begun for it.
        StoreError: The state cannot be read or written.
    """
    request = RunRequest(
        fingerprint=settings.fingerprint(),
        run_id=settings.run_id,
        resume=settings.resume,
        new=settings.new,
        join_within=settings.join_within,
        description=settings.describe(),
    )

    async def before_new() -> None:
        # Of several tasks, one makes the plan for all. If each looked for itself, some could find the source empty, and
        # others begin a run with what comes a moment later, of which nobody would do the shards of the first ones.
        if settings.task.count == 1:
            await check_source_there(settings, stores.source)

    finder = RunFinder(
        stores.state, stores.output, settings.output.prefix, request, settings.task, clock, before_new=before_new
    )
    try:
        agreed = await finder.run()
    except BucketNotFoundError as error:
        raise missing_bucket(settings, error) from error
    folder = run_folder(settings, agreed.run_id)
    if settings.source.shares_store_with(settings.output) and settings.source.prefix.startswith(folder):
        where = stores.output.uri(folder)
        raise SettingsError(
            [f"SOURCE / INPUT_FOLDER lies inside {where}, the folder of this run; choose another output"]
        )
    return agreed


async def check_source_there(settings: Settings, source: Store) -> None:
    """Check that something lies under the source, with one small request, so that a slip writes nothing.

    Raises:
        BucketNotFoundError: The bucket of the source does not exist.
        NothingToDoError: Nothing lies under the source, and the settings do not allow that.
        StoreError: The store fails.
    """
    prefix = settings.source.prefix
    page = await source.page(prefix, limit=1)
    there = page.entries or page.more or page.unlisted or page.links or await single(source, prefix) is not None
    if not there and not settings.allow_empty:
        seen: dict[str, Any] = {"kinds": {}}
        hint = f"{pattern_meant(settings.source.uri())} {nothing_hint(settings, seen)}".lstrip()
        raise NothingToDoError(describe(settings.source.uri(), seen), hint=hint)


def missing_bucket(settings: Settings, error: BucketNotFoundError) -> ThumbrunError:
    """Return the error for a bucket that does not exist: a wrong setting, because nothing can have been written."""
    named = ((SOURCE, settings.source), (OUTPUT, settings.output), (STATE, settings.state))
    for setting, location in named:
        if location.scheme == "gs" and f"gs://{location.root}/" in str(error):
            return SettingsError([f"{setting.label} is {quoted(location.uri())}, but {error}; {error.hint}"])
    return error
