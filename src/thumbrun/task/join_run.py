"""Finds or begins the run that the settings and the task ask for."""

from thumbrun.clock import Clock
from thumbrun.errors import SettingsError
from thumbrun.runs.find_run import AgreedRun, RunFinder, RunRequest
from thumbrun.settings.planning_inputs import run_folder
from thumbrun.settings.resolved import Settings
from thumbrun.task.open_stores import Stores


async def join_run(settings: Settings, stores: Stores, clock: Clock) -> AgreedRun:
    """Find or begin the run that the settings and the task ask for, and return it.

    Raises:
        SettingsError: The run does not exist, it has other settings, or its folder would hold the source.
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
    finder = RunFinder(stores.state, stores.output, settings.output.prefix, request, settings.task, clock)
    agreed = await finder.run()
    folder = run_folder(settings, agreed.run_id)
    if settings.source.shares_store_with(settings.output) and settings.source.prefix.startswith(folder):
        where = stores.output.uri(folder)
        raise SettingsError(
            [f"SOURCE / INPUT_FOLDER lies inside {where}, the folder of this run; choose another output"]
        )
    return agreed
