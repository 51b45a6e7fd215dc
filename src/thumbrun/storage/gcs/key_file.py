"""Checks the file of credentials that a user names, before a library tries it.

The library takes a file that it cannot read for none, and asks a metadata server instead. Outside Google Cloud there is
none: the user would wait half a minute, and then read of a network that fails.
"""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from thumbrun.storage.base import UnauthenticatedError
from thumbrun.storage.gcs.responses import one_line

VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_LONGEST = 1 << 20  # bytes of a file of credentials; a usual one has 2,300
_LOGIN = "application_default_credentials.json"  # what `gcloud auth application-default login` writes


class WrongKeyFileError(UnauthenticatedError):
    """The file of credentials is not one that can be used. It is found before any request, like a wrong setting."""

    exit_code = 2


def check_key_file(environ: Mapping[str, str]) -> str:
    """Check the file that `GOOGLE_APPLICATION_CREDENTIALS` names, or that gcloud wrote at a login.

    Without the variable and without a login there is nothing to check: a metadata server can still have credentials.

    Returns:
        Where the file is, as a sentence without its end; an empty text if there is no file.

    Raises:
        WrongKeyFileError: The file cannot be read, or holds no credentials. The error says nothing of its content.
    """
    named = environ.get(VARIABLE)
    path = Path(named) if named else _folder_of_gcloud(environ) / _LOGIN
    origin = f"{VARIABLE} names {one_line(str(path))}" if named else f"gcloud keeps a login in {one_line(str(path))}"
    try:
        content = _content(path)
    except FileNotFoundError as error:
        if not named:
            return ""
        raise WrongKeyFileError(
            f"{origin}, which does not exist",
            hint=f"correct {VARIABLE}; in a container, mount the file: -v KEY.json:{one_line(str(path))}:ro",
        ) from error
    except IsADirectoryError as error:
        raise WrongKeyFileError(
            f"{origin}, which is a folder",
            hint="name the file; Docker makes a folder where the file to mount does not exist on the host",
        ) from error
    except PermissionError as error:
        if not named and not _is_seen(path):
            return ""  # the home folder of another user
        raise _not_readable(origin, path) from error
    except (OSError, ValueError) as error:
        if not named:
            return ""
        raise WrongKeyFileError(f"{origin}, which cannot be read: {error}", hint=f"correct {VARIABLE}") from error
    if not _is_key(content):
        raise WrongKeyFileError(
            f"{origin}, which is not a file of Google credentials: it must be a JSON object with a type",
            hint="download the key again, or run `gcloud auth application-default login`",
        )
    return origin


def _content(path: Path) -> bytes:
    """Read a file of credentials. A pipe or a device might never end, and the library reads the file once more."""
    if not stat.S_ISREG(mode := path.stat().st_mode) and not stat.S_ISDIR(mode):
        raise ValueError("it is no regular file")
    with path.open("rb") as file:
        return file.read(_LONGEST)


def _folder_of_gcloud(environ: Mapping[str, str]) -> Path:
    chosen = environ.get("CLOUDSDK_CONFIG")
    return Path(chosen) if chosen else Path(os.path.expanduser("~/.config/gcloud"))  # noqa: PTH111  (never raises)


def _is_seen(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return False
    return True


def _not_readable(origin: str, path: Path) -> WrongKeyFileError:
    """Return the error for a file that this user is not permitted to read, with what the system tells about it."""
    user = os.geteuid()
    if not _is_seen(path):
        return WrongKeyFileError(
            f"{origin}, and thumbrun, which runs as user {user}, is not permitted to open its folder",
            hint="let this user enter the folder and read the file; in a container, --user chooses the user",
        )
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    return WrongKeyFileError(
        f"{origin}, whose mode is {mode:03o} and whose owner is user {found.st_uid}; thumbrun runs as user {user} and "
        "is not permitted to read it",
        hint=f"run the container with --user {found.st_uid}, or let user {user} read the file",
    )


def _is_key(content: bytes) -> bool:
    try:
        key = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(key, dict) and isinstance(key.get("type"), str)
