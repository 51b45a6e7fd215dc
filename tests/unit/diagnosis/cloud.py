"""Cloud Storage for one account: an emulator, and before it what the emulator lacks, permissions and settings."""

import os
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.e2e.guarded import Guard
from thumbrun.clock import Clock, SystemClock
from thumbrun.demo.emulator import Emulator
from thumbrun.diagnosis.diagnose import findings_in_places
from thumbrun.diagnosis.findings import Check, Finding, Level
from thumbrun.diagnosis.in_time import in_time
from thumbrun.diagnosis.subject import subject_of

PHOTOS, THUMBS = "my-photos", "my-thumbnails"
VIEWER = frozenset({"storage.objects.get", "storage.objects.list"})
CREATOR = frozenset({"storage.objects.create"})
_BUCKET = re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)(?P<rest>/.*)?")


@dataclass
class CloudStorage:
    """Cloud Storage for one account.

    Attributes:
        emulator: Holds the objects.
        guard: Checks the token, and answers.
        granted: The account's permissions by bucket; a bucket that is not here does not exist.
        told: What testIamPermissions tells in place of them, by bucket.
        settings: The record of a bucket by its name; nobody may read that of another one.
        refusal: The status and the message of every answer, or None.
    """

    emulator: Emulator
    guard: Guard
    granted: dict[str, frozenset[str]] = field(
        default_factory=lambda: {PHOTOS: VIEWER, THUMBS: VIEWER | CREATOR}  # the roles of docs/cloud-run.md
    )
    told: dict[str, frozenset[str]] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusal: tuple[int, str] | None = None

    def answer(self, method: str, path: str) -> tuple[int, Any] | None:
        """Return the answer to a request, or None for the emulator's own."""
        parts = urlsplit(path)
        asked = _BUCKET.fullmatch(parts.path.removeprefix("/upload"))
        if asked is None:
            return None
        if self.refusal is not None:
            return _error(*self.refusal)
        bucket, rest = asked["bucket"], asked["rest"] or ""
        if bucket not in self.granted:
            return _error(404, "The specified bucket does not exist.")
        if rest == "/iam/testPermissions":
            tested = set(parse_qs(parts.query)["permissions"])
            return 200, {"permissions": sorted(tested & self.told.get(bucket, self.granted[bucket]))}
        if not rest:
            return (200, self.settings[bucket]) if bucket in self.settings else _denied("storage.buckets.get")
        needed = f"storage.objects.{'create' if method == 'POST' else 'list' if rest == '/o' else 'get'}"
        return None if needed in self.granted[bucket] else _denied(needed)

    def objects(self) -> set[str]:
        """Return the names of all objects."""
        return {f"{bucket}/{name}" for bucket in (PHOTOS, THUMBS) for name in self.emulator.objects(bucket)}


def _error(status: int, message: str) -> tuple[int, Any]:
    return status, {"error": {"code": status, "message": message}}


def _denied(permission: str) -> tuple[int, Any]:
    return _error(403, f"thumbs@project.iam.gserviceaccount.com does not have {permission} access.")


async def found(
    source: str | None = None,
    output: str | None = None,
    *,
    write: bool = False,
    clock: Clock | None = None,
    **flags: str,
) -> list[Finding]:
    """Return what is found of the store, the credentials, and the places of a run."""
    subject = subject_of(os.environ, {"source": source, "output": output, **flags})
    places = findings_in_places(subject, clock or SystemClock(), lambda _: None, write=write)
    return [finding async for finding in places]


def impatient_with(whom: str) -> Callable[..., Awaitable[Any]]:
    """Return what waits for answers as a diagnosis does, but a moment only for those of one store."""

    async def waited(request: Awaitable[Any], asked: str, **limits: Any) -> Any:
        return await in_time(request, asked, **({**limits, "seconds": 0.2} if asked == whom else limits))

    return waited


def of(findings: Iterable[Finding], check: Check) -> list[Finding]:
    """Return the findings of one check."""
    return [finding for finding in findings if finding.check is check]


def bad(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that are not ok."""
    return [finding for finding in findings if finding.level is not Level.OK]
