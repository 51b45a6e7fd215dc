"""Go on with a run that was begun before: its settings are those that its claim records."""

from collections.abc import Mapping

from thumbrun.clock import Clock
from thumbrun.errors import SettingsError
from thumbrun.runs.recent import recent_runs_text
from thumbrun.runs.record_store import RecordStore
from thumbrun.settings.named_run import NamedRun, flags_of_claim, named_run
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.storage.open import open_store


async def settings_of_run(
    text: str,
    environ: Mapping[str, str],
    flags: Mapping[str, str | None],
    clock: Clock,
    *,
    retry: frozenset[str] | None = None,
) -> tuple[Settings, dict[str, str | None]]:
    """Return the settings of a run, and the flags that ask for them.

    Args:
        text: What names the run.
        environ: The environment, for what a run's claim does not fix: limits, workers, who pays.
        flags: The text of each flag that was given, by the setting's name; these go before the claim.
        clock: Time and chance.
        retry: What a later round works again, if that is asked for.

    Raises:
        SettingsError: There is no such run, or settings are wrong.
        StoreError: The claim cannot be read.
    """
    run = named_run(text, environ, flags)
    given = {name: value for name, value in flags.items() if value is not None}
    merged = {**await _recorded(run, clock), **given, "resume": run.run_id}
    return resolve({**environ, "THUMBRUN_RESUME": ""}, merged, bare_source=True, retry=retry), merged


async def _recorded(run: NamedRun, clock: Clock) -> dict[str, str | None]:
    store = open_store(run.state, clock=clock, emulator=run.emulator, user_project=run.user_project)
    try:
        state = RecordStore(store, run.state.prefix)
        name = state.names.run(run.run_id).claim
        claim = await state.read(name)
        if claim is None:
            there = await recent_runs_text(state, clock)
            raise SettingsError([f"RUN is {run.run_id}, but no such run has begun: no {store.uri(name)}; {there}"])
    finally:
        await store.close()
    if claim["output"] != run.output.uri():
        problem = f"RUN lies in {run.output.uri()}, but was begun in {claim['output']}; name it there"
        raise SettingsError([problem])
    return flags_of_claim(claim, run)
