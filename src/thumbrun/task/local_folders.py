"""Checks the local folders of a command before it writes anything, and creates those that it writes to."""

# ruff: noqa: PTH112  (pathlib's is_dir raises an error where this user is not permitted to look)

import os
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from thumbrun.console import printable, quoted
from thumbrun.errors import SettingsError
from thumbrun.formats import UNSUPPORTED_SUFFIXES, by_suffix, suffix_of
from thumbrun.settings.declared import OUTPUT, SOURCE, STATE
from thumbrun.settings.locations import path_meant, pattern_meant, uri_meant
from thumbrun.settings.resolved import Settings
from thumbrun.settings.setting import Setting
from thumbrun.storage import location
from thumbrun.storage.local.sidecars import linked_private_folder
from thumbrun.storage.location import Location

_LONGEST_PATH = 1000  # characters that a message shows


def check_local_folders(settings: Settings) -> None:
    """Check the local folders of a run, and create nothing. Buckets are not checked.

    Raises:
        SettingsError: The source is not a folder or an image that this user can read, or thumbnails or records cannot
            be written. The error holds every problem.
    """
    problems = [problem for _, problem in folder_problems(settings)]
    if problems:
        raise SettingsError(problems)


def check_for_plan(settings: Settings) -> bool:
    """Check the local folders for a plan, which writes nothing: the current folder need not be fit for a run.

    It is the output if nobody names one, and a run can have another.

    Returns:
        Whether the output is fit for a run.

    Raises:
        SettingsError: The source is not a folder or an image that this user can read, or an output that was named
            cannot be written to.
    """
    found = list(folder_problems(settings))
    is_here = settings.output == location.parse(".")
    problems = [problem for setting, problem in found if not (is_here and setting is OUTPUT)]
    if problems:
        raise SettingsError(problems)
    return not found


def folder_problems(settings: Settings) -> Iterator[tuple[Setting[str], str]]:
    """Yield why local folders cannot be used, each with its setting; a sentence that says what would be right."""
    if problem := _source_problem(settings):
        yield SOURCE, problem
    for setting, path in _written(settings):
        if problem := _write_problem(setting.label, path):
            yield setting, problem
    yield from _link_problems(settings)


def prepare_local_folders(settings: Settings) -> None:
    """Check the local folders of a run, and create those for thumbnails and records. Buckets are not checked.

    Raises:
        SettingsError: The source is not a folder or an image that this user can read, or thumbnails or records cannot
            be written. The error holds every problem; nothing is written.
    """
    check_local_folders(settings)
    for setting, path in _written(settings):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                [f"{setting.label} is {_shown(path)}, which cannot be created: {error.strerror}"]
            ) from error


def _source_problem(settings: Settings) -> str | None:
    source = settings.source
    path = Path(source.root)
    if source.scheme != "file":
        return None
    if source.prefix:
        return _file_problem(path / source.prefix.rstrip("/"), settings)
    if _can(path, os.R_OK | os.X_OK):
        return None
    is_ = f"{SOURCE.label} is {_shown(path)}, which"
    if os.path.isdir(path):
        return f"{is_} {_user()} is not permitted to list; {_let_in(path, 'rx')}"
    if _exists(path):
        return f"{is_} is neither a folder nor a plain file; give a folder, or one image"
    if shut := _shut(path):
        return f"{is_} {_user()} is not permitted to reach: {_shown(shut)} is shut; {_let_in(shut, 'x')}"
    return (
        f"{is_} does not exist; {_did_you_mean(path)}check the path, and in a container mount the folder "
        "(--volume FOLDER:PATH:ro)"
    )


def _file_problem(path: Path, settings: Settings) -> str | None:
    """Return why a file cannot be the source, or None if it can."""
    is_ = f"{SOURCE.label} is {_shown(path)}, which"
    if not os.access(path, os.R_OK):
        return f"{is_} {_user()} is not permitted to read; {_let_in(path, 'r')}"
    suffix = suffix_of(path.name)
    if by_suffix(suffix) or suffix in UNSUPPORTED_SUFFIXES or settings.detect == "content":
        return None
    return f"{is_} is a file without the name of an image; give a folder or an image, or set --detect content"


def _did_you_mean(path: Path) -> str:
    """Return the beginning of a sentence that names what a missing path most likely means, or an empty text."""
    if pattern := pattern_meant(str(path)):
        return f"{pattern} If not, "
    meant = None
    if near := path_meant(path):
        meant = str(near)
    else:
        with suppress(OSError, ValueError):  # there is no working folder, or the path is not below it
            relative = path.relative_to(Path.cwd())
            meant = None if _exists(Path(relative.parts[0])) else uri_meant(str(relative), bare=True)
    return f"did you mean {quoted(meant, _LONGEST_PATH)}? If not, " if meant else ""


def _link_problems(settings: Settings) -> Iterator[tuple[Setting[str], str]]:
    checked: set[str] = set()
    for setting, place in ((SOURCE, settings.source), (OUTPUT, settings.output), (STATE, settings.state)):
        if place.scheme == "file" and place.root not in checked:
            checked.add(place.root)
            if problem := _link_problem(setting.label, place):
                yield setting, problem


def _link_problem(label: str, place: Location) -> str | None:
    """Return why a local folder cannot hold thumbrun's own folders, or None if it can."""
    link = linked_private_folder(place.root)
    return (
        f"{label} is {_shown(Path(place.root))}, where {_shown(Path(link))} is a symbolic link, which thumbrun does "
        "not follow; replace the link with a folder, or keep records elsewhere with --state / THUMBRUN_STATE"
        if link
        else None
    )


def _written(settings: Settings) -> Iterator[tuple[Setting[str], Path]]:
    """Yield the local folders that a run writes to, each with its setting."""
    for setting, place in ((OUTPUT, settings.output), (STATE, settings.state)):
        if place.scheme == "file" and not (setting is STATE and place.shares_store_with(settings.output)):
            yield setting, Path(place.root)


def _write_problem(label: str, path: Path) -> str | None:
    """Return why a folder cannot be written to, or cannot be created, or None if it can."""
    there = next((folder for folder in (path, *path.parents) if _exists(folder)), path)
    is_ = f"{label} is {_shown(path)}, which"
    which = is_ if there == path else f"{is_} cannot be created: {_shown(there)}"
    if not os.path.isdir(there):
        return f"{which} is a file; give a folder"
    if _can(there, os.W_OK | os.X_OK):
        return None
    if _is_read_only(there):
        return f"{which} is on a file system that is read-only; give a folder that can be written to"
    return f"{which} is a folder that {_user()} is not permitted to write to; {_let_in(there, 'wx')}"


def _can(folder: Path, mode: int) -> bool:
    return os.path.isdir(folder) and os.access(folder, mode)


def _shut(path: Path) -> Path | None:
    """Return the nearest folder above a path if this user is not permitted to enter it, else None."""
    above = next((folder for folder in path.parents if os.path.isdir(folder)), None)
    return None if above is None or os.access(above, os.X_OK) else above


def _exists(path: Path) -> bool:
    """Whether something is there, be it a link to nothing, or a part of a path in which a file stands for a folder."""
    return os.path.lexists(path)


def _is_read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _user() -> str:
    return f"user {os.geteuid()}, as whom thumbrun runs,"


def _let_in(path: Path, right: str) -> str:
    """Return what to do so that this user may read, write to or enter a file or folder.

    Args:
        path: The file or folder.
        right: The letters of the right that is missing, as chmod takes them.
    """
    owner = path.stat().st_uid
    if owner == os.geteuid():
        return f"it is yours: chmod u+{right} {shlex.quote(printable(str(path)))}"
    return (
        f"it belongs to user {owner}: let user {os.geteuid()} in, or run as its owner (in a container: --user {owner})"
    )


def _shown(path: Path) -> str:
    return quoted(str(path), _LONGEST_PATH)
