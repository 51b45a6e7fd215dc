"""Find an existing run and its settings, so that it can be continued or checked: the run's claim records them."""

import os
import shlex
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from thumbrun.clock import Clock
from thumbrun.console import printable, quoted
from thumbrun.environment.machine import Machine
from thumbrun.errors import SettingsError, ThumbrunError
from thumbrun.logs.events import Events
from thumbrun.runs.recent import recent_runs, recent_runs_text
from thumbrun.runs.record_forms import NEEDED
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import RecordError
from thumbrun.settings.declared import DECLARED, RESUME
from thumbrun.settings.named_run import NamedRun, Place, flags_of_claim, named_place, named_run
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.storage.open import open_store

_OF_CLAIMS = frozenset(setting.variable for setting in DECLARED if setting.claimed)


async def settings_of_run(
    text: str,
    environ: Mapping[str, str],
    flags: Mapping[str, str | None],
    events: Events,
    clock: Clock,
    *,
    retry: frozenset[str] | None = None,
    machine: Machine | None = None,
) -> tuple[Settings, dict[str, str | None]]:
    """Return the settings of a run, and the flags that ask for them.

    Args:
        text: The name of the run, as the user gave it.
        environ: The environment, for the settings that a claim does not fix: limits, workers, who pays.
        flags: The text of each flag that was given, by the setting's name; a flag counts more than the claim.
        events: Receives an event for every request that is retried.
        clock: The source of time and chance.
        retry: The reasons that a later round retries; None: there is no such round.
        machine: The machine that this process runs on; None: as the environment lets see.

    Raises:
        SettingsError: There is no such run, or settings are wrong.
        StoreError: The claim cannot be read.
    """
    async with opened_run(text, environ, flags, events, clock) as (run, _, claim):
        recorded = _recorded(run, claim)
    given = {name: value for name, value in flags.items() if value is not None}
    merged = {**recorded, **given, "resume": run.run_id}
    # What the claim leaves unset stays unset, whatever the environment says now.
    left = {name: value for name, value in environ.items() if name not in _OF_CLAIMS and name != RESUME.variable}
    return resolve(left, merged, bare_source=True, retry=retry, machine=machine), merged


@asynccontextmanager
async def opened_state(place: Place, events: Events, clock: Clock) -> AsyncIterator[RecordStore]:
    """Open the store of the records of some runs, and close it in the end. Requests that are retried are told."""
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


@asynccontextmanager
async def opened_run(
    text: str, environ: Mapping[str, str], flags: Mapping[str, str | None], events: Events, clock: Clock
) -> AsyncIterator[tuple[NamedRun, RecordStore, dict[str, Any]]]:
    """Find a run; yield its locations, the open store of its records, and its claim, and close the store in the end.

    Args:
        text: The name of the run, as the user gave it.
        environ: The environment, for what the text does not say.
        flags: The text of each flag that was given, by the setting's name.
        events: Receives an event for every request that is retried.
        clock: The source of time and chance.

    Raises:
        SettingsError: There is no such run; the error names the runs that the text most likely means.
        StoreError: The claim cannot be read.
    """
    try:
        run = named_run(text, environ, flags)
    except SettingsError as error:
        if meant := await _runs_of(text, environ, flags, events, clock):
            raise SettingsError([f"RUN is {quoted(text)}, which names no run; {meant}"]) from error
        raise
    async with opened_state(run, events, clock) as state:
        name = state.names.run(run.run_id).claim
        claim = await state.read(name)
        if claim is None:
            if meant := await _runs_of(text, environ, flags, events, clock):
                raise SettingsError([f"RUN is {quoted(text)}, which names no run; {meant}"])
            there = await recent_runs_text(state, clock)
            problem = (
                f"there is no run {quoted(run.run_id)} in {run.output.uri()}: {state.store.uri(name)} does not exist"
            )
            raise SettingsError([f"{problem}; {there}"])
        yield run, state, claim


async def _runs_of(
    text: str, environ: Mapping[str, str], flags: Mapping[str, str | None], events: Events, clock: Clock
) -> str:
    """Return what to give instead of a text that names no run but a place of runs, or a pattern for runs of a place.

    The answer is empty if there are no runs in that place, or it cannot be read.
    """
    folder = text.rstrip("/")
    if any(sign in folder.rpartition("/")[2] for sign in "*?["):
        folder = folder.rpartition("/")[0] or "."
    if not (folder.startswith(("gs://", "file:")) or os.path.isdir(folder)):  # noqa: PTH112, ASYNC240  (one small look)
        return ""
    try:
        async with opened_state(named_place(folder, environ, flags), events, clock) as state:
            found = await recent_runs(state, clock)
    except ThumbrunError:
        return ""
    named = [printable(shlex.quote(f"{folder}/{run_id}")) for run_id in found]
    return f"it holds runs: name one of them, such as {', '.join(reversed(named))}" if named else ""


def _recorded(run: NamedRun, claim: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the flags that ask for a run, as its claim records them.

    Raises:
        SettingsError: The run lies in another place than when it began.
        RecordError: The claim does not hold the settings of a run.
    """
    if claim.get("output") != run.output.uri():
        began = str(claim.get("output"))
        problem = f"RUN is {run.run_id} in {run.output.uri()}, but that run began in {began}"
        old, now = began.removeprefix("file://").rstrip("/"), run.output.uri().removeprefix("file://").rstrip("/")
        if began.startswith("file://") and not Path(old, run.run_id).exists():
            words = printable(shlex.join([now, old]))
            gone = f"{problem}, where it is no longer; thumbrun works on it only there, so move the folder back"
            raise SettingsError([f"{gone}: mv {words}" if not Path(old).exists() else gone])
        raise SettingsError([f"{problem}; use {began}{run.run_id}/"])
    try:
        return flags_of_claim(claim, run)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        name = f"{run.state.uri()}runs/{run.run_id}/run.json"
        raise RecordError(f"{name} does not hold the settings of a run: {error!r}", hint=NEEDED) from error
