"""Source, output and state: from text to locations that can go together. Pure but for the working folder."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from thumbrun.settings.declared import OUTPUT, RESUME, RUN_ID, SOURCE, STATE
from thumbrun.settings.parsed import ParsedValues
from thumbrun.settings.setting import Setting
from thumbrun.storage import location
from thumbrun.storage.location import Location

STATE_NAME = "_thumbrun"  # no run id begins with an underscore
_LOCAL_PRIVATE = f"{STATE_NAME}/local/"  # of the local store: temporary files and sidecars
_RIGHT_SOURCE = "it must be gs://bucket/path or file:///folder"
_OTHER_SCHEME = re.compile(r"(?!gs://|file:)[A-Za-z][A-Za-z0-9+.-]*:/")
_MINTED = re.compile(r"\d{8}T\d{4}Z(-\d+)?")  # the ids that thumbrun gives to runs itself
_RECORDS = ("anchors", "runs")  # what lies directly below a state


@dataclass(frozen=True, slots=True)
class Locations:
    """Where a run reads and writes."""

    source: Location
    output: Location
    state: Location


def resolve_locations(values: ParsedValues, *, bare_source: bool) -> Locations | None:
    """Return the locations, or None where one is wrong; `values` then has its problem.

    Args:
        values: Of all settings.
        bare_source: Whether the source may be a path without `file://`.
    """
    found: dict[str, Location | None] = {}

    def take(setting: Setting[str], bare: str) -> None:
        text = values.get(setting)
        try:
            found[setting.name] = None if text is None else _parse(text, bare)
        except ValueError as error:
            values.reject(setting, str(error))

    text = values.get(SOURCE) or ""
    if text.startswith(("gs://", "file:")) or (text and bare_source):
        take(SOURCE, "file")
    else:
        values.reject(SOURCE, _RIGHT_SOURCE)
    source = found.get(SOURCE.name)
    bare = "gs" if text.startswith("gs://") else "file"
    take(OUTPUT, bare)
    take(STATE, bare)
    if source is None or len(found) < len((SOURCE, OUTPUT, STATE)):
        return None
    output = found[OUTPUT.name] or _default_output(source)
    state = _state(found[STATE.name], output)
    if problem := _state_problem(state, output, values.get(RUN_ID) or values.get(RESUME)):
        values.reject(STATE, problem)
        return None
    return Locations(source, output, state)


def state_of(text: str | None, output: Location) -> Location:
    """Return where the records of an output's runs lie.

    Args:
        text: Of the setting, or None where it is not given.
        output: Where the runs' folders lie.

    Raises:
        ValueError: It is no place; the message is a sentence that says what would be right.
    """
    return _state(None if text is None else _parse(text, output.scheme), output)


def _state(state: Location | None, output: Location) -> Location:
    return _below(state, output) if state else output.child(STATE_NAME)


def _parse(text: str, bare: str) -> Location:
    if _OTHER_SCHEME.match(text):
        raise ValueError("it must be gs://bucket/path, file:///folder or a local path")
    return location.parse(text, bare=bare)


def _default_output(source: Location) -> Location:
    return Location("gs", source.root) if source.scheme == "gs" else location.parse(".")


def _below(state: Location, output: Location) -> Location:
    """Return a local state that lies in the output's folder as a part of it: one store, not one within another."""
    if state.scheme == output.scheme == "file" and state.uri().startswith(output.uri()) and state.uri() != output.uri():
        path = PurePosixPath(state.root).relative_to(output.root)
        return Location("file", output.root, f"{path}/")
    return state


def _state_problem(state: Location, output: Location, run: str | None) -> str | None:
    """Say why the records cannot lie there; the first row that holds decides.

    | state | |
    |---|---|
    | the output itself | a run may be called what the records are called |
    | in the output, in what may be a run's folder | a run's folder holds thumbnails, and nothing else |
    | where the local store keeps its own | it would not be listed |
    | around the output, so that thumbnails would lie among the records | likewise |
    """
    if state.uri() == output.uri():
        return f"it is the output itself; records need a folder of their own, like {STATE_NAME} below it"
    if state.uri().startswith(output.uri()):
        first = state.uri().removeprefix(output.uri()).partition("/")[0]
        if first == run or _MINTED.fullmatch(first):
            return "it lies in a run's folder, which holds thumbnails and nothing else"
    if state.scheme == "file" and state.prefix.startswith(_LOCAL_PRIVATE):
        return f"{_LOCAL_PRIVATE.rstrip('/')} is thumbrun's own"
    if any(output.uri().startswith(state.child(name).uri()) for name in _RECORDS):
        return "the output lies among its records; put one of them elsewhere"
    return None
