"""Says in plain words what a run should be warned of before it begins. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from thumbrun.console import counted
from thumbrun.planning.select import ObjectKind
from thumbrun.planning.survey import COLD_CLASSES
from thumbrun.pricing.bill import GIB
from thumbrun.pricing.estimates import Estimate
from thumbrun.settings.declared import OUTPUT
from thumbrun.settings.resolved import Settings
from thumbrun.storage.bucket_facts import UNKNOWN, BucketFacts

_DAY = 86_400  # seconds
_ANIMATED = ("gif", "webp")  # the formats of most animations


class Caution(NamedTuple):
    """One thing to know before a run.

    Attributes:
        kind: A short name, which stays the same.
        text: A sentence or two for people.
    """

    kind: str
    text: str


def cautions(
    settings: Settings,
    seen: Mapping[str, Any],
    source: BucketFacts,
    output: BucketFacts,
    asked: Estimate | None,
    *,
    writable: bool = True,
) -> list[Caution]:
    """Return what to know before a run.

    Args:
        settings: The settings of the run.
        seen: What the listing showed, in the form that the plan holds.
        source: What is known of the source's bucket.
        output: What is known of the output's bucket.
        asked: The estimate for the number of tasks that the settings ask for, or None.
        writable: Whether a run could write to the output.
    """
    return [
        *_output(writable=writable),
        *_classes(seen, source),
        *_regions(settings, source, output),
        *_soft_delete(output),
        *_contents(settings, seen),
        *_animations(settings, seen),
        *_tasks(asked),
        *_unknown(settings, source, output),
    ]


def _output(*, writable: bool) -> Iterator[Caution]:
    if not writable:
        yield Caution(
            "output-needed", f"A run needs {OUTPUT.label}, because thumbrun cannot write to the current folder."
        )


def _classes(seen: Mapping[str, Any], source: BucketFacts) -> Iterator[Caution]:
    cold = ", ".join(f"{_gib(size)} in {name}" for name, size in seen["cold_bytes"].items() if name in COLD_CLASSES)
    if source.autoclass:
        rest = f" Of these images, {cold}." if cold else ""
        yield Caution(
            "autoclass",
            "Autoclass is on for the bucket of the source. What a run reads moves to Standard storage, which costs "
            f"more each month than the colder classes.{rest}",
        )
    elif cold:
        yield Caution("cold-storage", f"Cloud Storage charges a retrieval fee for reading {cold}.")


def _gib(size: int) -> str:
    """Return a size in the unit of the fees."""
    return f"{size / GIB:,.1f} GiB" if size >= GIB / 10 else "less than 0.1 GiB"


def _regions(settings: Settings, source: BucketFacts, output: BucketFacts) -> Iterator[Caution]:
    places = [("source", source.location), ("output", output.location)]
    if settings.region:
        places.append(("job", settings.region.upper()))
    known = [(what, place) for what, place in places if place]
    if len({place for _, place in known}) > 1:
        where = ", ".join(f"the {what} is in {place}" for what, place in known)
        yield Caution(
            "regions-differ",
            f"Regions differ: {where}. Moving bytes between regions costs money and time; a job in the region of the "
            "source moves the least.",
        )


def _soft_delete(output: BucketFacts) -> Iterator[Caution]:
    if output.soft_delete_seconds:
        days = counted(round(output.soft_delete_seconds / _DAY), "day")
        yield Caution(
            "soft-delete",
            f"The bucket of the output keeps what you replace or delete for {days} more, and bills it.",
        )


def _contents(settings: Settings, seen: Mapping[str, Any]) -> Iterator[Caution]:
    gzip = sum(row["gzip"] for row in seen["formats"])
    if gzip:
        are, they = ("image is", "It is") if gzip == 1 else ("images are", "They are")
        yield Caution(
            "gzip",
            f"{gzip:,} {are} stored compressed (Content-Encoding: gzip). {they} read whole and decompressed in memory.",
        )
    own = seen["kinds"].get(ObjectKind.OWN.value, {}).get("objects", 0)
    if own:
        yield Caution(
            "earlier-outputs",
            f"The source holds {counted(own, 'object')} that thumbrun wrote. They are left out, but each run lists "
            "them again: another output keeps the source as it is.",
        )
    elif settings.output.lies_below(settings.source):
        yield Caution(
            "output-in-source",
            "The output lies in the source. Later runs leave these thumbnails out, but have to list them.",
        )


def _animations(settings: Settings, seen: Mapping[str, Any]) -> Iterator[Caution]:
    formats = {row["format"] for row in seen["formats"]}
    if settings.animated == "keep" and settings.sample is None and formats.intersection(_ANIMATED):
        yield Caution(
            "animations",
            "Animated thumbnails take longer and cost more than the estimates say, which count one frame of each "
            "image. --sample 20 tries some.",
        )


def _tasks(asked: Estimate | None) -> Iterator[Caution]:
    if asked is not None and asked.is_held_back and asked.tasks > 1:
        yield Caution(
            "too-many-tasks",
            f"{asked.tasks:,} tasks could make {asked.wanted_writes:,.0f} writes a second, but a bucket accepts about "
            f"{asked.ramp:,.0f} at first. They wait for it, and their waiting costs money.",
        )


def _unknown(settings: Settings, source: BucketFacts, output: BucketFacts) -> Iterator[Caution]:
    places = ((settings.source, source), (settings.output, output))
    unknown = {
        f"gs://{place.root}": facts.trouble for place, facts in places if place.scheme == "gs" and facts == UNKNOWN
    }
    if unknown:
        denied = "reading them needs storage.buckets.get"
        why = "; ".join(dict.fromkeys(trouble or denied for trouble in unknown.values()))
        yield Caution(
            "bucket-not-known",
            f"Region, storage class, Autoclass and soft delete of {' and '.join(unknown)} are not "
            f"known: {why}. Prices are those of Standard storage in one region.",
        )
