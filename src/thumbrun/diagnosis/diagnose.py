"""Runs all checks, one after the other. None stops the others, and each ends in a bounded time."""

import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping

from thumbrun.clock import Clock
from thumbrun.diagnosis.account import Account, account_here
from thumbrun.diagnosis.bucket_settings import region_findings
from thumbrun.diagnosis.buckets import bucket_findings
from thumbrun.diagnosis.clock_skew import clock_finding
from thumbrun.diagnosis.decoders import decoding_finding, sandbox_findings, version_finding
from thumbrun.diagnosis.findings import HERE, Check, Finding, Level, failure
from thumbrun.diagnosis.folders import folder_findings
from thumbrun.diagnosis.in_time import in_time
from thumbrun.diagnosis.machine import machine_findings
from thumbrun.diagnosis.subject import Place, Subject
from thumbrun.diagnosis.trial import trial_name
from thumbrun.settings.resolved import Settings
from thumbrun.storage.bucket_facts import BucketFacts
from thumbrun.storage.gcs.store import GcsStore, api_root

DECODING_SECONDS = 30.0  # a process starts in a fraction of one
_DECODING_HINT = "check the memory and the number of processes that this machine or container allows"

Begin = Callable[[str], None]


async def diagnose(
    subject: Subject, environ: Mapping[str, str], clock: Clock, begin: Begin, *, write: bool
) -> AsyncGenerator[Finding, None]:
    """Check all that a run needs, and yield each finding as soon as it is known.

    Nothing is written, unless `write` is set: then one object for each bucket or folder that a run writes to.

    Args:
        subject: What to look at.
        environ: The environment.
        clock: Provides time and randomness.
        begin: A function that is told what is checked next.
        write: Whether to create an object.
    """
    async for finding in findings_here(subject, environ, begin):
        yield finding
    async for finding in findings_in_places(subject, clock, begin, write=write):
        yield finding


async def findings_here(subject: Subject, environ: Mapping[str, str], begin: Begin) -> AsyncGenerator[Finding, None]:
    """Yield what is found of this machine and its decoders. The arguments are those of `diagnose`."""
    for check, title, found in (
        (Check.MEMORY, "this machine", _each(lambda: machine_findings(subject, environ))),
        (Check.DECODERS, "the decoders", _each(lambda: [version_finding()])),
        (Check.SANDBOX, "the sandbox", _each(lambda: sandbox_findings(required=subject.settings.require_sandbox))),
        (Check.DECODING, "a decoding process", _decoding()),
    ):
        begin(title)
        async for finding in _guarded(check, HERE, found):
            yield finding


async def findings_in_places(
    subject: Subject, clock: Clock, begin: Begin, *, write: bool
) -> AsyncGenerator[Finding, None]:
    """Yield what is found of the store, the credentials, and each bucket and folder; arguments as of `diagnose`."""
    settings, places = subject.settings, list(subject.places())
    has_bucket = any(place.root.scheme == "gs" for place in places)
    answers = True
    if has_bucket:
        begin("whether the store answers, and the clock")
        async for finding in _guarded(Check.STORE, HERE, _store(settings, clock)):
            answers = finding.check is not Check.STORE or finding.level is Level.OK
            yield finding
    begin("the credentials")
    account = await account_here(settings.emulator, needed=has_bucket)
    for finding in account.findings:
        yield finding
    facts: dict[Place, BucketFacts] = {}
    for place in places:
        begin(place.root.uri())
        trial = trial_name(place, settings.state, clock) if write and place.written else None
        if place.root.scheme == "file":
            found = _guarded(Check.FOLDER, place.root.uri(), folder_findings(subject, place, trial))
        elif answers and account.usable:
            found = _guarded(Check.BUCKET, place.root.uri(), _bucket(settings, place, account, trial, facts))
        else:
            found = _each(functools.partial(_left_out, place))
        async for finding in found:
            yield finding
    for finding in region_findings(facts):
        yield finding


async def _guarded(check: Check, about: str, found: AsyncIterator[Finding]) -> AsyncGenerator[Finding, None]:
    """Yield what a check finds; if an error ends it, yield that instead."""
    try:
        async for finding in found:
            yield finding
    except Exception as error:  # noqa: BLE001  (no check stops the others)
        yield failure(check, about, error)


async def _each(look: Callable[[], Iterable[Finding]]) -> AsyncGenerator[Finding, None]:
    for finding in look():
        yield finding


async def _decoding() -> AsyncGenerator[Finding, None]:
    yield await in_time(decoding_finding(), "A decoding process", seconds=DECODING_SECONDS, hint=_DECODING_HINT)


async def _store(settings: Settings, clock: Clock) -> AsyncGenerator[Finding, None]:
    root = api_root(settings.emulator, settings.endpoint)
    told = await in_time(clock_finding(root, clock), root)
    yield Finding(Check.STORE, HERE, Level.OK, f"{root} answers")
    yield told


async def _bucket(
    settings: Settings, place: Place, account: Account, trial: str | None, facts: dict[Place, BucketFacts]
) -> AsyncGenerator[Finding, None]:
    store = GcsStore(
        place.root.root, emulator=settings.emulator, endpoint=settings.endpoint, user_project=settings.user_project
    )
    try:
        async for finding in bucket_findings(store, place, account.member, settings.user_project, trial, facts):
            yield finding
    finally:
        await store.close()


def _left_out(place: Place) -> Iterable[Finding]:
    what = "Not checked, because of the error above; mend it, and repeat the command"
    yield Finding(Check.BUCKET, place.root.uri(), Level.WARNING, what)
