"""Turns the texts of source, output and state into locations that go together.

Pure, except for the working folder, and for whether a local source is a file.
"""

import difflib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from thumbrun.console import quoted
from thumbrun.settings.declared import OUTPUT, RESUME, RUN_ID, SOURCE, STATE
from thumbrun.settings.parsed import ParsedValues
from thumbrun.settings.setting import Setting
from thumbrun.storage import location
from thumbrun.storage.location import Location

STATE_NAME = "_thumbrun"  # no run id begins with an underscore
_LOCAL_PRIVATE = f"{STATE_NAME}/local/"  # the temporary files and sidecars of the local store
_RIGHT_SOURCE = "it must be gs://bucket/path, file:///folder or, on the command line, a local path"
_OTHER_SCHEME = re.compile(r"(?!gs://|file:)[A-Za-z][A-Za-z0-9+.-]*:/")
_MINTED = re.compile(r"\d{8}T\d{4}Z(-\d+)?")  # the run ids that thumbrun itself chooses
_RECORDS = ("anchors", "runs")  # the folders directly below a state
_MOST_COMPARED = 10_000  # names beside a missing path
_LONGEST_PLACE = 1000  # characters of a place that a message shows


# What people write or copy in place of gs://bucket/path: slips, and the addresses of a browser.
_SLIPS = re.compile(
    r"(?:gs|gcs):/*|https?://storage\.(?:googleapis|cloud\.google)\.com/"
    r"|https?://console\.cloud\.google\.com/storage/browser/(?:_details/)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Locations:
    """The locations where a run reads and writes."""

    source: Location
    output: Location
    state: Location


def resolve_locations(values: ParsedValues, *, bare_source: bool) -> Locations | None:
    """Return the locations, or None if one of them is wrong; its problem is then added to `values`.

    Args:
        values: The values of all settings.
        bare_source: Whether the source may be a path without `file://`.
    """
    found: dict[str, Location | None] = {}

    def take(setting: Setting[str], bare: str) -> None:
        text = values.get(setting)
        try:
            found[setting.name] = None if text is None else _parse(text, bare)
        except ValueError as error:
            values.reject(setting, f"{_did_you_mean(text or '')}{error}")

    text = values.get(SOURCE) or ""
    if text.startswith(("gs://", "file:")) or (text and bare_source):
        take(SOURCE, "file")
    else:
        values.reject(SOURCE, f"{_did_you_mean(text, bare=True)}{_RIGHT_SOURCE}")
    source = found.get(SOURCE.name)
    bare = "gs" if text.startswith("gs://") else "file"
    take(OUTPUT, bare)
    take(STATE, bare)
    if source is None or len(found) < len((SOURCE, OUTPUT, STATE)):
        return None
    try:
        output = found[OUTPUT.name] or _default_output(source)
    except ValueError as error:  # the working folder was deleted
        values.reject(OUTPUT, f"it must be set, because the current folder cannot be used: {error}")
        return None
    state = _state(found[STATE.name], output)
    if problem := _state_problem(state, output, values.get(RUN_ID) or values.get(RESUME)):
        values.reject(STATE, problem)
        return None
    return Locations(_of_file(source), output, state)


def uri_meant(text: str, *, bare: bool = False) -> str | None:
    """Return the URI that a text most likely means, of a bucket or a folder, or None if it hardly means one.

    >>> uri_meant("gs:/photos/in"), uri_meant("https://storage.googleapis.com/photos/in"), uri_meant("photos")
    ('gs://photos/in', 'gs://photos/in', None)

    Args:
        text: What the user gave, which is not a right location.
        bare: Whether a bucket and a path without a scheme count as well.
    """
    slip = _SLIPS.match(text)
    if not slip and not bare:
        return None
    if bare and os.path.isdir(text):  # noqa: PTH112
        return Path(text).resolve().as_uri()
    if bare and text and not slip and not text.startswith("/") and (near := path_meant(Path(text))):
        return near.resolve().as_uri()
    meant = f"gs://{re.split('[?;]', text[slip.end() :])[0] if slip else text}"
    try:
        location.parse(meant)
    except ValueError:
        return None
    return None if meant == text else meant


def path_meant(path: Path) -> Path | None:
    """Return the path that is there and most like another one, part by part, or None if a part is like no other."""
    missing: list[str] = []
    there = path
    while not os.path.lexists(there):
        missing.append(there.name)
        if there == there.parent:
            return None
        there = there.parent
    for part in reversed(missing):
        if os.path.lexists(there / part):
            there /= part
            continue
        names: dict[str, str] = {}
        with suppress(OSError):
            beside = os.listdir(there)[:_MOST_COMPARED]  # noqa: PTH208  (bytes that are no text stay as they are)
            names = {name.lower(): name for name in beside}
        close = difflib.get_close_matches(part.lower(), names, 1)
        if not close:
            return None
        there /= names[close[0]]
    return there


def pattern_meant(text: str) -> str:
    """Return a question to the user of a source that ends in a pattern, or an empty text.

    >>> pattern_meant("gs://photos/in/*.jpg/")
    "did you mean 'gs://photos/in/' with --include '*.jpg'?"
    """
    folder, slash, last = text.rstrip("/").rpartition("/")
    if not any(sign in last for sign in "*?["):
        return ""
    return f"did you mean {quoted(folder + slash, _LONGEST_PLACE)} with --include {quoted(last)}?"


def _did_you_mean(text: str, *, bare: bool = False) -> str:
    meant = uri_meant(text, bare=bare)
    return f"did you mean {quoted(meant)}? If not, " if meant else ""


def _of_file(source: Location) -> Location:
    """Return the location of a source; if it is a local file, then that of the file in its folder.

    A bucket cannot tell a name from a folder without a request, so there the planner finds out (`planning.build`).
    """
    if source.scheme != "file" or not os.path.isfile(source.root):  # noqa: PTH113  (pathlib's can raise an error)
        return source
    path = PurePosixPath(source.root)
    return Location("file", str(path.parent), f"{path.name}/")


def state_of(text: str | None, output: Location) -> Location:
    """Return the location of the records for an output.

    Args:
        text: The text of the setting `state`, or None if it is not given.
        output: The location of the runs' folders.

    Raises:
        ValueError: The text names no location; the message says what would be right.
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
    """Return the state; if it is a folder inside a local output, make both parts of one store, not two nested ones."""
    if state.scheme == output.scheme == "file" and state.uri().startswith(output.uri()) and state.uri() != output.uri():
        path = PurePosixPath(state.root).relative_to(output.root)
        return Location("file", output.root, f"{path}/")
    return state


def _state_problem(state: Location, output: Location, run: str | None) -> str | None:
    """Return why the records cannot go there, or None if they can; the first row that applies decides.

    | state | why it is wrong |
    |---|---|
    | the output itself | a run can have the same name as a folder of records |
    | in the output, in a folder that might be a run's | a run's folder holds only thumbnails |
    | in the private folder of the local store | the store does not list that folder |
    | around the output, so that thumbnails would be among the records | a state holds only records |
    """
    if state.uri() == output.uri():
        return f"it is the output itself; the records need a folder of their own, like {STATE_NAME} in the output"
    if state.uri().startswith(output.uri()):
        first = state.uri().removeprefix(output.uri()).partition("/")[0]
        if first == run or _MINTED.fullmatch(first):
            return "it is in the folder of a run, which holds only thumbnails; choose another place"
    if state.scheme == "file" and state.prefix.startswith(_LOCAL_PRIVATE):
        return f"thumbrun uses {_LOCAL_PRIVATE.rstrip('/')} for other files; choose another place"
    if any(output.uri().startswith(state.child(name).uri()) for name in _RECORDS):
        return "the output is among the records; choose another place for one of the two"
    return None
