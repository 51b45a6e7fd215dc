"""What the settings of a bucket mean for a run. Pure."""

from collections.abc import Iterator, Mapping

from thumbrun.diagnosis.findings import Check, Finding, Level
from thumbrun.diagnosis.subject import Place
from thumbrun.planning.survey import COLD_CLASSES
from thumbrun.settings.declared import USER_PROJECT
from thumbrun.storage.bucket_facts import UNKNOWN, BucketFacts

_DAY = 86_400


def setting_findings(place: Place, facts: BucketFacts, user_project: str | None) -> Iterator[Finding]:
    """Yield what a bucket's settings mean: one line that shows them, and one for each that costs or surprises.

    Args:
        place: The bucket, and what the run does there.
        facts: Its settings.
        user_project: The project that pays for requests, or None.
    """
    about = place.root.uri()

    def say(level: Level, what: str, mend: str = "", command: str = "") -> Finding:
        return Finding(Check.BUCKET_SETTINGS, about, level, what, mend, command)

    if facts == UNKNOWN:
        yield say(
            Level.OK,
            "region, storage class, retention, holds, soft delete and who pays are not shown, because this account may "
            "not read them (storage.buckets.get, of the role Storage Legacy Bucket Reader); a run does not need them",
        )
        return
    yield say(Level.OK, "; ".join(_shown(facts)))
    update = f"gcloud storage buckets update gs://{place.root.root}"
    cold = facts.storage_class in COLD_CLASSES
    if place.source and cold:
        yield say(Level.WARNING, f"new objects are {facts.storage_class}: reading them costs a retrieval fee")
    if place.source and facts.autoclass:
        yield say(
            Level.WARNING,
            "Autoclass is on: reading an image moves it to Standard, where it costs more until it has cooled down",
        )
    if place.written and cold and not facts.autoclass:
        yield say(
            Level.WARNING,
            f"thumbnails would be {facts.storage_class}: each write costs more, and has a minimum storage duration",
            "choose another bucket, or change the class of new objects",
            f"{update} --default-storage-class=STANDARD",
        )
    if place.written and facts.retention_seconds:
        yield say(
            Level.WARNING,
            f"retention: nobody can delete or replace thumbnails and records for {_days(facts.retention_seconds)}; "
            "a run does neither",
            "choose another bucket if you want to delete them earlier",
        )
    if place.written and facts.event_based_hold:
        yield say(
            Level.WARNING,
            "new objects are held: nobody can delete thumbnails and records before each hold is released",
            "choose another bucket, or turn the default hold off",
            f"{update} --no-default-event-based-hold",
        )
    if facts.requester_pays and not user_project:
        yield say(
            Level.WARNING,
            "requester pays: this account need not say which project pays, but others must",
            f"set {USER_PROJECT.label} if a run uses another account",
        )


def region_findings(facts: Mapping[Place, BucketFacts]) -> Iterator[Finding]:
    """Yield a warning for each bucket of thumbnails or records that is in another region than the images."""
    source = next((place for place in facts if place.source), None)
    for place, known in facts.items():
        if source in (None, place) or not place.written:
            continue
        images = facts[source].location
        if images and known.location and images != known.location:
            yield Finding(
                Check.BUCKET_SETTINGS,
                place.root.uri(),
                Level.WARNING,
                f"It is in {known.location}, and the images are in {images}: bytes that leave a region cost money",
                "run the job in the region of the images, whose bytes are more, or choose a bucket there",
            )


def _shown(facts: BucketFacts) -> Iterator[str]:
    """Yield each known setting in words."""
    yield f"{facts.location or 'region unknown'} ({facts.location_type or 'type unknown'})"
    yield f"{facts.storage_class or 'storage class unknown'}{', Autoclass' if facts.autoclass else ''}"
    yield f"retention of {_days(facts.retention_seconds)}" if facts.retention_seconds else "no retention"
    yield "holds on new objects" if facts.event_based_hold else "no hold on new objects"
    yield "requester pays" if facts.requester_pays else "the bucket's project pays"
    yield "hierarchical namespace" if facts.hierarchical_namespace else "flat namespace"
    kept = facts.soft_delete_seconds
    yield "soft delete " + ("unknown" if kept is None else f"of {_days(kept)}" if kept else "off")


def _days(seconds: int) -> str:
    days = seconds / _DAY
    return "1 day" if days == 1 else f"{days:,.4g} days" if days > 1 else f"{seconds:,} s"
