"""Builds what estimates need from the settings, and refuses a plan that is larger or dearer than they allow."""

from collections.abc import Mapping
from typing import Any

from thumbrun.console import counted, dollars
from thumbrun.planning.planner import PlanRefusedError
from thumbrun.pricing.bill import GIB, Line, Places
from thumbrun.pricing.estimates import CLOUD_WAITS, FOLDER_AT_ONCE, FOLDER_WAITS, Conditions, estimate
from thumbrun.pricing.workload import IMAGES_UNDER_WAY, workload_of
from thumbrun.settings.declared import MAX_COST, MAX_IMAGES, PRICES
from thumbrun.settings.resolved import Settings
from thumbrun.storage.bucket_facts import UNKNOWN, BucketFacts

_FEWER = "raise it, or choose fewer with --include, --exclude or --limit"


def conditions_of(settings: Settings, source: BucketFacts = UNKNOWN, output: BucketFacts = UNKNOWN) -> Conditions:
    """Return the conditions under which the tasks of a run work.

    If source and output are buckets, the tasks are those of a job on Cloud Run. Otherwise they share this machine.

    Args:
        settings: The settings of the run.
        source: What is known of the source's bucket.
        output: What is known of the output's bucket.
    """
    from_bucket, to_bucket = settings.source.scheme == "gs", settings.output.scheme == "gs"
    away, near = from_bucket and to_bucket, not (from_bucket or to_bucket)
    return Conditions(
        processors=settings.cpu if away else 1,
        memory_gib=settings.task_memory / GIB,
        machine=None if away else settings.workers,
        read_seconds=(CLOUD_WAITS if from_bucket else FOLDER_WAITS)[0],
        write_seconds=(CLOUD_WAITS if to_bucket else FOLDER_WAITS)[1],
        in_flight=min(settings.in_flight, FOLDER_AT_ONCE if near else IMAGES_UNDER_WAY),
        ramp=settings.ramp if to_bucket and settings.ramp else None,
        places=Places(away, from_bucket, to_bucket, source, output, settings.region),
        report=settings.report,
    )


class PlanGuard:
    """Refuses a plan that holds more images, or costs more, than the settings allow."""

    def __init__(self, settings: Settings, source: BucketFacts = UNKNOWN, output: BucketFacts = UNKNOWN) -> None:
        """Take the settings, and what is known of the buckets of source and output."""
        self._settings = settings
        self._conditions = conditions_of(settings, source, output)

    def check(self, images: int, seen: Mapping[str, Any]) -> None:
        """Refuse the plan if it is too large or too dear.

        Args:
            images: The images that it holds.
            seen: What the listing showed, in the form that the plan holds.

        Raises:
            PlanRefusedError: It says by how much.
        """
        problems = [*self._too_many(images), *self._too_dear(seen)]
        if problems:
            raise PlanRefusedError(problems)

    def _too_many(self, images: int) -> list[str]:
        most = self._settings.max_images
        if most is None or images <= most:
            return []
        more = counted(images - most, "image")
        return [f"{MAX_IMAGES.label} is {most:,}, but the source holds {images:,} images, {more} more; {_FEWER}"]

    def _too_dear(self, seen: Mapping[str, Any]) -> list[str]:
        settings, most = self._settings, self._settings.max_cost
        work = workload_of(seen, settings.recipe.box_of_each, settings.recipe.format_of_each)
        if most is None or not work.images:
            return []
        tasks = settings.tasks or settings.task.count
        found = estimate(work, tasks, self._conditions, settings.price_table)
        if missing := found.bill.not_included:
            unknown = f"nobody knows what the run costs, because {_unknown(missing)}"
            instead = f"give the price with {PRICES.label}, or leave out {MAX_COST.flag}"
            return [f"{MAX_COST.label} is {dollars(most)}, but {unknown}; {instead}"]
        highest = found.usd.high
        if highest <= most:
            return []
        more = f"the run might cost {dollars(highest)}, {dollars(highest - most)} more"
        return [f"{MAX_COST.label} is {dollars(most)}, but {more}; {_FEWER}"]


def _unknown(missing: tuple[Line, ...]) -> str:
    ids = list(dict.fromkeys(line.price for line in missing))
    return f"the price {ids[0]} is unknown" if len(ids) == 1 else f"the prices {', '.join(ids)} are unknown"
