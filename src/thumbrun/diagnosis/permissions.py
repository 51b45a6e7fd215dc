"""The permissions that a run needs on its buckets, and what is found of each. Pure.

A permission is looked at in two ways: the store's own word (`testIamPermissions`), and a real request. The first one
misses a permission that holds only below some prefix, and the second one needs an object to read, or leaves one.
"""

import shlex
from dataclasses import dataclass, replace
from enum import Enum

from thumbrun.diagnosis.findings import Check, Finding, Level
from thumbrun.diagnosis.subject import Place

_WORDS = {True: "yes", False: "no", None: "nothing"}
_PERIMETER = "prohibited by organization's policy"  # of what a store says of a bucket in a service perimeter
ANYBODY = "MEMBER"  # stands in a command for an account that is not known


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that a run needs.

    Attributes:
        name: Its name in IAM.
        role: The id of the smallest role of Cloud Storage that grants it.
        title: The name of that role.
    """

    name: str
    role: str
    title: str


LIST = Permission("storage.objects.list", "roles/storage.objectViewer", "Storage Object Viewer")
GET = Permission("storage.objects.get", "roles/storage.objectViewer", "Storage Object Viewer")
CREATE = Permission("storage.objects.create", "roles/storage.objectCreator", "Storage Object Creator")


class Tried(Enum):
    """What a real request that needs a permission came to."""

    WORKED = "a request that needs it worked"
    DENIED = "a request that needs it was denied"
    NOTHING_THERE = "not tried, because no object is known here"
    NOT_ASKED = "not tried, because that would leave an object: --write tries it"
    FAILED = "a request that needs it failed for another reason"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A real request that needs a permission.

    Attributes:
        tried: What it came to.
        said: What the store said if it denied the request.
    """

    tried: Tried
    said: str = ""


def needed(place: Place) -> tuple[Permission, ...]:
    """Return the permissions that a run needs in a place: docs/cloud-run.md has the table of roles."""
    return (LIST, GET, CREATE) if place.written else (LIST, GET)


def found_of(permission: Permission, place: Place, granted: bool | None, attempt: Attempt, member: str) -> Finding:
    """Return what is found of a permission; the first row that applies decides.

    | a real request | testIamPermissions | level |
    |---|---|---|
    | worked | anything | ok |
    | was denied | anything | error |
    | was not tried, or failed | granted | ok |
    | was not tried, or failed | not granted | error |
    | was not tried, or failed | not known | warning |

    Args:
        permission: The permission.
        place: The bucket.
        granted: Whether the store says that this account has it; None if it says nothing, as an emulator does.
        attempt: What a real request came to.
        member: The account as IAM names it, or an empty text if it is not known.
    """
    tried = attempt.tried
    word = f"testIamPermissions says {_WORDS[granted]}"
    if tried is Tried.WORKED:
        level, what = Level.OK, f"{tried.value}{f', although {word}' if granted is False else ''}"
    elif tried is Tried.DENIED or granted is False:
        level, what = Level.ERROR, f"{word}; {tried.value}"
    else:
        level, what = Level.OK if granted else Level.WARNING, f"{word}; {tried.value}"
    what += f" ({attempt.said})" if attempt.said else ""
    finding = Finding(Check.PERMISSION, place.root.uri(), level, f"{permission.name}: {what}")
    if level is not Level.ERROR:
        return finding
    if _PERIMETER in attempt.said:
        return replace(finding, mend="no role helps: the owner of its service perimeter must let this account in")
    return replace(
        finding,
        what=finding.what + ("; a new role can take minutes to work" if granted else ""),
        mend=f"grant the role {permission.title}" + ("" if member else f" to the account of the run, for {ANYBODY}"),
        command=command_to_grant(place.root.root, permission.role, member),
    )


def command_to_grant(bucket: str, role: str, member: str) -> str:
    """Return the command that grants a role on a bucket."""
    words = ("gcloud", "storage", "buckets", "add-iam-policy-binding", f"gs://{bucket}")
    return shlex.join([*words, f"--member={member or ANYBODY}", f"--role={role}"])
