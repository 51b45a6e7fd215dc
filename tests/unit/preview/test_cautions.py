"""Tests of what a plan warns of: one row for each thing to know."""

from typing import Any

import pytest

from thumbrun.environment.machine import Machine
from thumbrun.preview.cautions import cautions
from thumbrun.pricing.estimates import estimate
from thumbrun.pricing.workload import workload_of
from thumbrun.settings.pricing_inputs import conditions_of
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.storage.bucket_facts import UNKNOWN, BucketFacts

HERE = BucketFacts("EUROPE-WEST1", "region", "STANDARD", autoclass=False, soft_delete_seconds=0)
ROW: dict[str, Any] = {"format": "jpeg", "storage_class": "STANDARD", "objects": 10**6, "bytes": 10**11, "peeked": 0}
MOVING = {"format": "gif", "large": 0, "cost_ms": 1.0, "gzip": 0}
SEEN: dict[str, Any] = {
    "kinds": {"image": {"objects": 10**6}},
    "cold_bytes": {},
    "formats": [{**ROW, "large": 0, "cost_ms": 5e6, "gzip": 0}],
}


def resolved(**environ: str) -> Settings:
    """Return the settings of a run from one bucket into another."""
    given = {"INPUT_FOLDER": "gs://pictures/in", "OUTPUT_BUCKET": "gs://thumbs", **environ}
    return resolve(given, {}, machine=Machine(2, 1 << 30))


def told(
    settings: Settings | None = None,
    source: BucketFacts = HERE,
    output: BucketFacts = HERE,
    tasks: int = 1,
    **seen: Any,
) -> dict[str, str]:
    """Return the texts of the warnings, by kind."""
    settings, shown = settings or resolved(), SEEN | seen
    work = workload_of(shown, settings.recipe.boxes)
    asked = estimate(work, tasks, conditions_of(settings, source, output), settings.price_table)
    found = cautions(settings, shown, source, output, asked)
    assert all(one.text.isprintable() and one.text.endswith(".") for one in found)
    return {one.kind: one.text for one in found}


def test_nothing_to_warn_of() -> None:
    """A run in one region, from Standard storage, has no warning; neither has one between folders."""
    assert {} == told()
    assert {} == told(formats=[{**ROW, **MOVING}])
    assert {} == told(resolved(THUMBRUN_ANIMATED="keep"))
    assert {} == told(resolved(INPUT_FOLDER="file:///in", OUTPUT_BUCKET="/out"), UNKNOWN, UNKNOWN)


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ({"cold_bytes": {"NEARLINE": 5000}}, "cold-storage", "fee for reading less than 0.1 GiB in NEARLINE."),
        ({"cold_bytes": {"NEARLINE": 3 << 40}}, "cold-storage", "fee for reading 3,072.0 GiB in NEARLINE."),
        (
            {"source": BucketFacts("EUROPE-WEST1", autoclass=True), "cold_bytes": {"ARCHIVE": 7}},
            "autoclass",
            "which costs more each month than the colder classes. Of these images, less than 0.1 GiB in ARCHIVE.",
        ),
        (
            {"output": BucketFacts("US-EAST1", "region")},
            "regions-differ",
            "the source is in EUROPE-WEST1, the output is in US-EAST1",
        ),
        (
            {"settings": resolved(THUMBRUN_REGION="us-east1")},
            "regions-differ",
            "the source is in EUROPE-WEST1, the output is in EUROPE-WEST1, the job is in US-EAST1",
        ),
        (
            {"output": BucketFacts("EUROPE-WEST1", soft_delete_seconds=604_800)},
            "soft-delete",
            "keeps what you replace or delete for 7 days more, and bills it",
        ),
        ({"output": BucketFacts("EUROPE-WEST1", soft_delete_seconds=86_400)}, "soft-delete", "for 1 day more"),
        ({"formats": [{**ROW, "large": 0, "cost_ms": 1.0, "gzip": 1}]}, "gzip", "1 image is stored compressed"),
        ({"formats": [{**ROW, "large": 0, "cost_ms": 1.0, "gzip": 2}]}, "gzip", "They are read whole and decompressed"),
        (
            {"kinds": {"thumbrun's own": {"objects": 3}}},
            "earlier-outputs",
            "The source holds 3 objects that thumbrun wrote",
        ),
        (
            {"settings": resolved(OUTPUT_BUCKET="gs://pictures/in/thumbs")},
            "output-in-source",
            "The output lies in the source",
        ),
        (
            {"settings": resolved(THUMBRUN_ANIMATED="keep"), "formats": [{**ROW, **MOVING}]},
            "animations",
            "which count one frame of each image",
        ),
        ({"tasks": 200}, "too-many-tasks", "writes a second, but a bucket accepts about 1,000 at first"),
        (
            {"source": UNKNOWN},
            "bucket-not-known",
            "of gs://pictures are not known: reading them needs storage.buckets.get",
        ),
        (
            {"output": BucketFacts(trouble="there are no credentials")},
            "bucket-not-known",
            "of gs://thumbs are not known: there are no credentials. Prices",
        ),
        ({"source": UNKNOWN, "output": UNKNOWN}, "bucket-not-known", "of gs://pictures and gs://thumbs are not known"),
    ],
)
def test_what_there_is_to_warn_of(how: dict[str, Any], kind: str, said: str) -> None:
    """Each thing to know has its own warning, and no other one."""
    found = told(**how)
    assert {kind} == found.keys()
    assert said in found[kind]
