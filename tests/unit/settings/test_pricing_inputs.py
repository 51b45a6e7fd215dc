"""Tests of the limits on a plan's images and cost, and of the conditions that estimates assume."""

from typing import Any

import pytest

from thumbrun.environment.machine import Machine
from thumbrun.planning.planner import PlanRefusedError
from thumbrun.settings.pricing_inputs import PlanGuard, conditions_of
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.storage.bucket_facts import UNKNOWN, BucketFacts


def resolved(**environ: str) -> Settings:
    """Return the settings for a source in a bucket and some variables."""
    return resolve({"INPUT_FOLDER": "gs://pictures/in", **environ}, {}, machine=Machine(4, 2 << 30))


def seen(objects: int, storage_class: str = "STANDARD") -> dict[str, Any]:
    """Return what a listing of JPEG shows."""
    row = {"format": "jpeg", "storage_class": storage_class, "objects": objects, "bytes": 10**6 * objects}
    return {
        "kinds": {"image": {"objects": objects}},
        "formats": [row | {"peeked": 0, "large": 0, "cost_ms": 10.0 * objects, "gzip": 0}],
    }


def refusal(settings: Settings, images: int, found: dict[str, Any], output: BucketFacts = UNKNOWN) -> tuple[str, ...]:
    """Return the problems with which a plan is refused, if it is."""
    try:
        PlanGuard(settings, UNKNOWN, output).check(images, found)
    except PlanRefusedError as error:
        return error.problems
    return ()


def test_a_plan_within_its_limits() -> None:
    """Without limits, or within them, a plan is not refused; neither is one without images."""
    assert () == refusal(resolved(), 10**6, seen(10**6))
    assert () == refusal(resolved(THUMBRUN_MAX_COST="20", THUMBRUN_MAX_IMAGES="1000000"), 10**6, seen(10**6))
    assert () == refusal(resolved(THUMBRUN_MAX_COST="0.01"), 0, {"kinds": {}})


def test_a_limit_of_nothing() -> None:
    """A cost of 0 refuses whatever costs anything, and lets a run between folders pass."""
    (problem,) = refusal(resolved(THUMBRUN_MAX_COST="0"), 1, seen(1))
    assert problem.startswith("--max-cost / THUMBRUN_MAX_COST is $0.00, but the run might cost ")
    local = resolved(THUMBRUN_MAX_COST="0", INPUT_FOLDER="file:///pictures", OUTPUT_BUCKET="/thumbs")
    assert () == refusal(local, 10**6, seen(10**6))


def test_a_plan_beyond_its_limits() -> None:
    """A refusal says by how much, for both limits at once, and what to do."""
    images, cost = refusal(resolved(THUMBRUN_MAX_COST="2", THUMBRUN_MAX_IMAGES="999999"), 10**6, seen(10**6))
    assert (
        "--max-images / THUMBRUN_MAX_IMAGES is 999,999, but the source holds 1,000,000 images, 1 image more" in images
    )
    assert cost.startswith("--max-cost / THUMBRUN_MAX_COST is $2.00, but the run might cost $5.")
    assert " more; raise it, or choose fewer with --include" in cost


@pytest.mark.parametrize(
    ("storage_class", "output", "price"),
    [
        ("NEARLINE", UNKNOWN, "class-b/region/nearline"),
        ("STANDARD", BucketFacts("EU", "multi-region"), "class-a/multi-region/standard"),
    ],
)
def test_an_unknown_price_is_refused(storage_class: str, output: BucketFacts, price: str) -> None:
    """Where a price is unknown, no cost is low enough; without the limit it does not matter."""
    found = seen(1, storage_class)
    (problem,) = refusal(resolved(THUMBRUN_MAX_COST="1000"), 1, found, output)
    assert "nobody knows what the run costs" in problem
    assert price in problem
    assert "give the price with --prices / THUMBRUN_PRICES, or leave out --max-cost" in problem
    assert () == refusal(resolved(), 1, found, output)


def test_a_plan_that_an_older_version_refused() -> None:
    """Its record tells only the images, so only their limit can refuse it again."""
    assert () == refusal(resolved(THUMBRUN_MAX_COST="0.01"), 10**6, {"kinds": {}})
    assert 1 == len(refusal(resolved(THUMBRUN_MAX_IMAGES="5"), 10**6, {}))


def test_where_tasks_work() -> None:
    """Tasks between buckets are those of a job; a folder means this machine, where processors are shared and free."""
    away = conditions_of(resolved(THUMBRUN_CPU="2", THUMBRUN_TASK_MEMORY="1GiB", OUTPUT_BUCKET="gs://thumbs"))
    assert (2, 1.0, None, 1000, True) == (
        away.processors,
        away.memory_gib,
        away.machine,
        away.ramp,
        away.places.on_cloud_run,
    )
    here = conditions_of(resolved(INPUT_FOLDER="file:///in", OUTPUT_BUCKET="/out"))
    assert (4, None, False) == (here.machine, here.ramp, here.places.on_cloud_run)
    assert here.read_seconds < away.read_seconds
    up = conditions_of(resolved(INPUT_FOLDER="file:///in", OUTPUT_BUCKET="gs://thumbs"))
    assert (4, 1000, False, True) == (up.machine, up.ramp, up.places.on_cloud_run, up.places.bucket_output)


def test_on_cloud_run_a_task_knows_its_size() -> None:
    """A task of Cloud Run takes its own processors and memory, unless the settings say otherwise."""
    inside = {"CLOUD_RUN_TASK_INDEX": "0", "CLOUD_RUN_TASK_COUNT": "3"}
    settings = resolved(**inside)
    assert (4, 2.0) == (conditions_of(settings).processors, conditions_of(settings).memory_gib)
    assert 1 == conditions_of(resolved(**inside, THUMBRUN_CPU="1")).processors
