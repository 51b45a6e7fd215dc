"""Checks a bucket: that it answers, its settings, each permission, and that the source holds something.

Each request is sent once, without retries: an answer that passes by itself is a finding, too.
"""

from collections.abc import AsyncGenerator, Awaitable
from dataclasses import replace

from thumbrun.diagnosis.bucket_settings import setting_findings
from thumbrun.diagnosis.content import content_finding, first_entry
from thumbrun.diagnosis.findings import Check, Finding, Level, failure
from thumbrun.diagnosis.in_time import in_time
from thumbrun.diagnosis.permissions import CREATE, GET, LIST, Attempt, Tried, found_of, needed
from thumbrun.diagnosis.subject import Place
from thumbrun.diagnosis.trial import created
from thumbrun.logs.secrets import redacted
from thumbrun.planning.survey import COLD_CLASSES
from thumbrun.storage.base import BucketNotFoundError, BytesSink, DeniedError, Entry, ObjectRefusedError, StoreError
from thumbrun.storage.bucket_facts import BucketFacts
from thumbrun.storage.gcs.store import GcsStore


async def bucket_findings(
    store: GcsStore,
    place: Place,
    member: str,
    user_project: str | None,
    trial: str | None,
    known: dict[Place, BucketFacts],
) -> AsyncGenerator[Finding, None]:
    """Yield what is found of a bucket.

    Args:
        store: The store, without retries.
        place: The bucket, and what the run does there.
        member: The account as IAM names it, or an empty text.
        user_project: The project that pays for requests, or None.
        trial: The name of the object to create, or None to create none.
        known: Gets the settings of the bucket.
    """
    about = place.root.uri()
    try:
        facts = known[place] = await in_time(store.bucket_facts(), about)
        granted = await _granted(store, place)
        listed, entry = await _listed(store, place)
    except StoreError as error:  # all other requests would end like this one
        yield _useless(place, error)
        return
    yield Finding(Check.BUCKET, about, Level.OK, f"The bucket answers; {place.uses} here")
    for finding in setting_findings(place, facts, user_project):
        yield finding
    others: list[Finding] = []
    tried = {LIST: listed, CREATE: Attempt(Tried.NOT_ASKED)}
    made: list[Entry] = []
    if trial is not None:
        tried[CREATE] = await _tried(_create(store, place, trial, made, others), place, others)
    tried[GET] = await _read(store, place, entry or next(iter(made), None), facts, others)
    for permission in needed(place):
        has = None if granted is None else permission.name in granted
        yield found_of(permission, place, has, tried[permission], member)
    for finding in others:
        yield finding
    if place.source and listed.tried is Tried.WORKED:
        yield content_finding(place, place.source, entry)


async def _granted(store: GcsStore, place: Place) -> frozenset[str] | None:
    """Return which permissions the account has by the store's word, or None if it gives none."""
    try:
        return await in_time(store.granted([permission.name for permission in needed(place)]), place.root.uri())
    except (BucketNotFoundError, DeniedError):
        return None  # so answer emulators; the listing shows whether the bucket exists


async def _listed(store: GcsStore, place: Place) -> tuple[Attempt, Entry | None]:
    """List the source, or else what is written; return what came of it, and the first object."""
    try:
        entry = await in_time(first_entry(store, place.source or place.written[0]), place.root.uri())
    except DeniedError as error:
        return _denied(error), None
    return Attempt(Tried.WORKED), entry


def _denied(error: DeniedError) -> Attempt:
    return Attempt(Tried.DENIED, redacted(str(error)))


async def _read(
    store: GcsStore, place: Place, entry: Entry | None, facts: BucketFacts, others: list[Finding]
) -> Attempt:
    """Read the first byte of an object; only its record if reading costs a fee, or would move it to another class."""
    if entry is None:
        return Attempt(Tried.NOTHING_THERE)
    if entry.storage_class in COLD_CLASSES or facts.autoclass:
        return await _tried(store.stat(entry.name), place, others)
    reading = store.read(entry.name, BytesSink(), generation=entry.generation, start=0, end=1)
    return await _tried(reading, place, others)


async def _create(store: GcsStore, place: Place, name: str, made: list[Entry], others: list[Finding]) -> None:
    entry, finding = await created(store, place, name)
    made.append(entry)
    others.append(finding)


async def _tried(request: Awaitable[object], place: Place, others: list[Finding]) -> Attempt:
    """Return what a request came to; add a finding if it failed for another reason than a missing permission."""
    about = place.root.uri()
    try:
        await in_time(request, about)
    except StoreError as error:
        if isinstance(error, DeniedError) and not isinstance(error, ObjectRefusedError):
            return _denied(error)
        others.append(failure(Check.BUCKET, about, error))
        return Attempt(Tried.FAILED)
    return Attempt(Tried.WORKED)


def _useless(place: Place, error: StoreError) -> Finding:
    """Return the finding for an answer after which no other request makes sense."""
    found = failure(Check.BUCKET, place.root.uri(), error)
    return missing_bucket(place, found) if isinstance(error, BucketNotFoundError) else found


def missing_bucket(place: Place, found: Finding) -> Finding:
    """Return the finding for a bucket that does not exist, with the command that creates it."""
    return replace(
        found,
        mend="check the bucket's name, or create it in the region of the job, in place of REGION",
        command=f"gcloud storage buckets create gs://{place.root.root} --location=REGION",
    )
