"""Find the settings of an existing run, so that a command can continue it: the run's claim records them."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from thumbrun.clock import Clock
from thumbrun.console import quoted
from thumbrun.errors import SettingsError
from thumbrun.logs.choose import choose_sink
from thumbrun.logs.events import Events
from thumbrun.runs.recent import recent_runs_text
from thumbrun.runs.record_forms import NEEDED
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.settings.named_run import NamedRun, Place, flags_of_claim, named_run
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
        text: The name of the run, as the user gave it.
        environ: The environment, for the settings that a claim does not fix: limits, workers, who pays.
        flags: The text of each flag that was given, by the setting's name; a flag counts more than the claim.
        clock: The source of time and chance.
        retry: The reasons that a later round retries; None: there is no such round.

    Raises:
        SettingsError: There is no such run, or settings are wrong.
        StoreError: The claim cannot be read.
    """
    run = named_run(text, environ, flags)
    given = {name: value for name, value in flags.items() if value is not None}
    merged = {**await _recorded(run, clock), **given, "resume": run.run_id}
    return resolve({**environ, "THUMBRUN_RESUME": ""}, merged, bare_source=True, retry=retry), merged


@asynccontextmanager
async def opened_state(place: Place, clock: Clock) -> AsyncIterator[RecordStore]:
    """Open the store of the records of some runs, and close it in the end. Requests that are retried are told."""
    events = Events(choose_sink("auto", os.environ, sys.stderr, clock), clock, task="0", attempt="0")
    store = open_store(
        place.state,
        clock=clock,
        emulator=place.emulator,
        endpoint=place.endpoint,
        user_project=place.user_project,
        on_retry=events.retry,
    )
    try:
        yield RecordStore(store, place.state.prefix)
    finally:
        await store.close()
        events.close()


async def claim_of(run: NamedRun, state: RecordStore, clock: Clock) -> dict[str, Any]:
    """Return the claim of a run.

    Raises:
        SettingsError: There is no such run.
        StoreError: The claim cannot be read.
    """
    name = state.names.run(run.run_id).claim
    claim = await state.read(name)
    if claim is None:
        there = await recent_runs_text(state, clock)
        where = run.output.uri()
        problem = f"there is no run {quoted(run.run_id)} in {where}: {state.store.uri(name)} does not exist; {there}"
        raise SettingsError([problem])
    return claim


async def _recorded(run: NamedRun, clock: Clock) -> dict[str, str | None]:
    async with opened_state(run, clock) as state:
        claim = await claim_of(run, state, clock)
    if claim.get("output") != run.output.uri():
        began = str(claim.get("output"))
        problem = f"RUN is {run.run_id} in {run.output.uri()}, but that run began in {began}; use {began}{run.run_id}/"
        raise SettingsError([problem])
    try:
        return flags_of_claim(claim, run)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        name = f"{run.state.uri()}runs/{run.run_id}/run.json"
        raise RecordError(f"{name} does not hold the settings of a run: {error!r}", hint=NEEDED) from error
