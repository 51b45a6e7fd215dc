"""Finds an existing run by the name that a command was given: its folder, or its id and output.

The settings of the run are in its claim, so that you need not type them again.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thumbrun.console import quoted
from thumbrun.errors import SettingsError
from thumbrun.settings import values
from thumbrun.settings.declared import DECLARED, EMULATOR, ENDPOINT, OUTPUT, RESUME, SOURCE, STATE, USER_PROJECT
from thumbrun.settings.locations import STATE_NAME, state_of
from thumbrun.settings.parsed import ParsedValues
from thumbrun.settings.setting import Setting
from thumbrun.storage import location
from thumbrun.storage.location import Location

VALID_RUN = "it must be gs://bucket/prefix/<run id>, a run's folder, or a run id with --output / OUTPUT_BUCKET"

_PLACED = re.compile(r"(?P<place>.*/)?(?P<run>[^/]+)/*", re.DOTALL)


PLACE_SETTINGS = (OUTPUT, STATE, EMULATOR, ENDPOINT, USER_PROJECT)
"""The settings that say where runs lie, and how to reach them."""


@dataclass(frozen=True, slots=True)
class Place:
    """The locations of the thumbnails and records of some runs.

    Attributes:
        output: The location of the runs' folders.
        state: The location of the runs' records.
        emulator: The address of the emulator of Cloud Storage, or None.
        endpoint: The address of Cloud Storage, or None for its public one.
        user_project: The project that pays for requests, or None.
    """

    output: Location
    state: Location
    emulator: str | None
    endpoint: str | None
    user_project: str | None


@dataclass(frozen=True, slots=True)
class NamedRun(Place):
    """The locations of one run's thumbnails and records.

    Attributes:
        run_id: The id of the run.
    """

    run_id: str


def named_place(text: str | None, environ: Mapping[str, str], flags: Mapping[str, str | None]) -> Place:
    """Return the place of runs that a text names.

    Args:
        text: `gs://bucket/prefix`, a folder, or None for the output that the settings name, else the current folder.
        environ: The environment, for what the text does not say.
        flags: The text of each flag that was given, by the setting's name.

    Raises:
        SettingsError: Some settings are wrong; the error holds every problem.
    """
    chosen = ParsedValues(PLACE_SETTINGS, environ, flags)
    output = None
    try:
        named = chosen.get(OUTPUT) if text is None else None
        output = _place(named) if named else location.parse(text or ".")
    except ValueError as error:
        chosen.problems.append(f"PLACE is {quoted(text or '')}; {error}")
    return _placed(output, chosen)


def named_run(text: str, environ: Mapping[str, str], flags: Mapping[str, str | None]) -> NamedRun:
    """Return the run that a text names.

    Args:
        text: `gs://bucket/prefix/<run id>`, `file:///folder/<run id>`, a path that ends in the id, or the id alone.
        environ: The environment, for what the text does not say.
        flags: The text of each flag that was given, by the setting's name.

    Raises:
        SettingsError: Some settings are wrong; the error holds every problem.
    """
    chosen = ParsedValues(PLACE_SETTINGS, environ, flags)
    output, run_id = None, ""
    try:
        output, run_id = _parse(text, chosen.get(OUTPUT))
    except ValueError as error:
        chosen.problems.append(f"RUN is {quoted(text)}; {error}")
    place = _placed(output, chosen)
    return NamedRun(place.output, place.state, place.emulator, place.endpoint, place.user_project, run_id)


def _placed(output: Location | None, chosen: ParsedValues) -> Place:
    """Return the place of an output, or raise SettingsError with every problem; the output is None if it is one."""
    state = None
    if output is not None:
        try:
            state = state_of(chosen.get(STATE), output)
        except ValueError as error:
            chosen.reject(STATE, str(error))
    if chosen.problems or output is None or state is None:
        raise SettingsError(chosen.problems)
    return Place(output, state, chosen.get(EMULATOR), chosen.get(ENDPOINT), chosen.get(USER_PROJECT))


def _place(text: str) -> Location:
    return location.parse(text, bare="file" if Path(text).is_dir() else "gs")


def _parse(text: str, output: str | None) -> tuple[Location, str]:
    found = _PLACED.fullmatch(text)
    if found is None:
        raise ValueError(VALID_RUN)
    if found["place"] and not found["place"].rstrip("/").partition(":")[2] and ":" in found["place"]:
        raise ValueError(f"it names a bucket and no run; {VALID_RUN}")
    run_id = values.run_id(found["run"])
    if found["place"] is not None:
        return location.parse(found["place"]), run_id
    if output is not None:
        return _place(output), run_id
    if Path(text).is_dir():
        return location.parse("."), run_id
    raise ValueError(f"no folder here has that name; {VALID_RUN}")


def run_to_continue(environ: Mapping[str, str], flags: Mapping[str, str | None]) -> str:
    """Return the name of the run whose own settings count, or an empty text if the given settings do.

    The id of a run, given together with a source, only chooses the run: its settings must be those that are given.

    Args:
        environ: The environment.
        flags: The text of each flag that was given, by the setting's name.

    Raises:
        SettingsError: Source and run are both given.
    """
    if flags.get(SOURCE.name) and flags.get(RESUME.name):
        problem = (
            f"{SOURCE.flag} and {RESUME.flag} cannot go together: a run knows its source; leave {SOURCE.flag} out, or "
            f"leave {RESUME.flag} out"
        )
        raise SettingsError([problem])
    named = flags.get(RESUME.name) or environ.get(RESUME.variable) or ""
    given = flags.get(SOURCE.name) or environ.get(SOURCE.variable)
    return "" if "/" not in named and given else named


def run_arguments(run_id: str, output: Location, state: Location) -> str:
    """Return the words that name a run on a command line: its folder, and `--state` if it is not the default."""
    words = [values.location_from_record(output.child(run_id).uri())]
    if state.uri() != output.child(STATE_NAME).uri():
        words += ["--state", values.location_from_record(state.uri())]
    return shlex.join(words)


def run_anew(source: Location, output: Location) -> str:
    """Return the command that begins another run of the same source; other settings are left to the user."""
    where, to = (values.location_from_record(location.uri()) for location in (source, output))
    return shlex.join(["thumbrun", "run", where, "--output", to, "--new"])


def flags_of_claim(claim: Mapping[str, Any], run: NamedRun) -> dict[str, str | None]:
    """Return the flags that ask for an existing run, as its claim records them.

    Args:
        claim: The result of `Settings.describe` when the run began.
        run: The locations of the run.
    """
    flags = {setting.name: _text_in(claim, setting) for setting in DECLARED if setting.claimed}
    return flags | {"state": values.location_from_record(run.state.uri())}


def _text_in(claim: Mapping[str, Any], setting: Setting[Any]) -> str | None:
    if setting.claimed_later and setting.name not in claim:
        return setting.default
    recorded = claim[setting.name]
    return None if recorded is None else setting.to_text(recorded) or None
