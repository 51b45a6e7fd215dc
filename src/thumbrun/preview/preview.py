"""Makes the real plan of a run in memory, and says what the run would do, take and cost."""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from thumbrun.clock import Clock
from thumbrun.imaging.geometry import box_name
from thumbrun.logs.events import Events
from thumbrun.planning.build import PlanBuilder, path_below
from thumbrun.planning.plan import Plan, read_shard
from thumbrun.planning.shards import assign
from thumbrun.preview.cautions import Caution, cautions
from thumbrun.preview.item_watch import ItemWatch
from thumbrun.preview.sample import Sampled, choose, sampled, try_items
from thumbrun.pricing.estimates import Advice, Conditions, Estimate, advise, estimate, table
from thumbrun.pricing.workload import RECORDED_HIGH, RECORDED_LOW, Workload, pixels, workload_of
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import VERSION
from thumbrun.settings.planning_inputs import naming_rule, run_folder, source_to_list
from thumbrun.settings.pricing_inputs import PlanGuard, conditions_of
from thumbrun.settings.resolved import Settings
from thumbrun.storage.base import BucketNotFoundError
from thumbrun.storage.memory import MemoryStore
from thumbrun.task.join_run import missing_bucket
from thumbrun.task.local_folders import check_for_plan
from thumbrun.task.open_stores import Stores

_EXAMPLES = 5
_RUN_ID = "00000000T0000Z"  # as long as a real one


@dataclass(frozen=True, slots=True)
class TaskShare:
    """What one task would work.

    Attributes:
        shards: The number of its shards.
        items: The number of its items.
        bytes: The bytes of its items.
        cost_seconds: Their processor time in seconds, by the recorded rates.
    """

    shards: int
    items: int
    bytes: int
    cost_seconds: float

    def to_record(self) -> dict[str, Any]:
        """Return the share as JSON holds it."""
        return {"shards": self.shards, "items": self.items, "bytes": self.bytes, "cost_seconds": self.cost_seconds}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would take and cost.

    Attributes:
        asked: The estimate for the number of tasks that the settings ask for; that of the advice if they ask for none.
        advice: The number of tasks to take.
        table: The estimates for several numbers of tasks.
        sampled: What a sample said; None if the estimates are made of recorded rates.
        conditions: The conditions that the estimates assume.
    """

    asked: Estimate
    advice: Advice
    table: tuple[Estimate, ...]
    sampled: Sampled | None
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do.

    Attributes:
        settings: The settings of the run.
        is_single: Whether the source is one image, and no folder.
        items: The number of items.
        size: Their bytes.
        seen: What the listing showed, in the form that the plan holds.
        unmatched: The patterns that match no path.
        collisions: How many images have thumbnails that would share a name.
        renamed: Some of these, with source and output.
        shards: The number of shards.
        tasks: What each task would work.
        largest: The largest items, with source and bytes.
        names_at_risk: Names that the destination cannot hold, or might take for others.
        forecast: What the run would take and cost; None if there is no image to decode.
        cautions: What to know before.
        formats: The items to decode by format and storage class: objects, bytes, pixels.
    """

    settings: Settings
    is_single: bool
    items: int
    size: int
    seen: Mapping[str, Any]
    unmatched: tuple[str, ...]
    collisions: int
    renamed: tuple[Mapping[str, str], ...]
    shards: int
    tasks: tuple[TaskShare, ...]
    largest: tuple[Mapping[str, Any], ...]
    names_at_risk: Mapping[str, Any]
    forecast: Forecast | None
    cautions: tuple[Caution, ...]
    formats: tuple[Mapping[str, Any], ...]

    @property
    def source(self) -> str:
        """The URI of the source."""
        return self.settings.source.uri().removesuffix("/" if self.is_single else "")

    def to_record(self) -> dict[str, Any]:
        """Return the preview as JSON holds it; docs/plan.md describes it."""
        settings = self.settings
        return {
            "version": VERSION,
            "source": self.source,
            "output": settings.output.uri(),
            "sizes": [box_name(box) for box in settings.recipe.boxes],
            "output_formats": list(settings.recipe.formats),
            **asdict(settings.recipe.shape),
            "limit": settings.limit,
            "layout": settings.layout,
            "name": settings.name.text if settings.name else None,
            "unmatched": list(self.unmatched),
            "items": self.items,
            "bytes": self.size,
            "seen": {key: value for key, value in self.seen.items() if key != "formats"},
            "formats": list(self.formats),
            "largest": list(self.largest),
            "names_at_risk": dict(self.names_at_risk),
            "collisions": self.collisions,
            "renamed": list(self.renamed),
            "shards": self.shards,
            "tasks": [task.to_record() for task in self.tasks],
            **_forecast_record(self.forecast),
            "warnings": [{"kind": one.kind, "text": one.text} for one in self.cautions],
            "prices": settings.price_table.to_records(),
        }


def _forecast_record(forecast: Forecast | None) -> dict[str, Any]:
    if forecast is None:
        return {"estimates": [], "recommended": None, "bill": None, "rates": None}
    advice, bill = forecast.advice, forecast.asked.bill
    return {
        "estimates": [one.to_record() for one in forecast.table],
        "recommended": {"tasks": advice.estimate.tasks, "fits": advice.fits, "why": advice.why},
        "bill": {
            "tasks": forecast.asked.tasks,
            "lines": [line.to_record() for line in bill.lines],
            "monthly": [line.to_record() for line in bill.monthly],
            "not_included": [line.price for line in bill.not_included],
        },
        "rates": _rates_record(forecast.sampled),
    }


def _rates_record(sample: Sampled | None) -> dict[str, Any]:
    if sample is None:
        return {"from": "recorded", "low": RECORDED_LOW, "high": RECORDED_HIGH}
    return {
        "from": "sample",
        "images": sample.images,
        "failed": sample.failed,
        "processor_seconds": round(sample.processor.likely, 3),
        "processor_seconds_range": [round(sample.processor.low, 3), round(sample.processor.high, 3)],
        "thumbnail_bytes": round(sample.thumbnails.likely),
        "read_share": round(sample.read_share, 4),
    }


async def preview(settings: Settings, events: Events, clock: Clock) -> Preview:
    """List the source and return what a run would do, take and cost. Nothing is written.

    Args:
        settings: The settings of the run, and how many tasks would share the work.
        events: Shows the progress of the listing.
        clock: The source of time.

    Raises:
        SettingsError: The source cannot be read, a folder that is named as the output cannot be written to, a bucket
            does not exist, or the run would have more images, or cost more, than the settings allow.
        StoreError: The source cannot be listed.
    """
    writable = check_for_plan(settings)
    asked = settings.tasks or settings.task.count
    state = RecordStore(MemoryStore(), "")
    rule = naming_rule(settings, _RUN_ID)
    folder = run_folder(settings, _RUN_ID)
    if rule.names_an_item == 1:
        folder += max(settings.recipe.folders, key=len)
    chance = random.Random(0)  # noqa: S311  (the same plan tries the same images; no secret)
    async with Stores(settings, events, clock) as stores:
        source = source_to_list(settings, stores.source)
        watch = ItemWatch(
            lambda output: stores.output.name_problem(folder + output),
            rule,
            sample=settings.sample or 0,
            chance=chance,
        )
        builder = PlanBuilder(source, state, _RUN_ID, 1, rule, asked, watch.item)
        try:
            made = await builder.make(events.listing)
        except BucketNotFoundError as error:
            raise missing_bucket(settings, error) from error
        facts = await stores.bucket_facts()
        PlanGuard(settings, *facts).check(made.items, made.seen)
        sample = None
        if chosen := choose(watch.strata, settings.sample or 0):
            taken = await try_items(chosen, stores.source, settings, chance)
            sample = sampled(watch.strata, taken) if taken else None
    work = _workload(settings, made, sample, builder.collisions)
    forecast = _forecast(settings, work, conditions_of(settings, *facts), sample) if work.images else None
    return Preview(
        settings=settings,
        is_single=builder.is_single,
        items=made.items,
        size=made.size,
        seen=made.seen,
        unmatched=() if settings.limit else tuple(source.selection.unmatched),
        collisions=builder.collisions,
        renamed=await _renamed(settings, state, made),
        shards=len(made.shards),
        tasks=_shares(made, asked, contiguous=settings.balance == "count"),
        largest=tuple(watch.largest),
        names_at_risk=watch.names_at_risk(builder.collisions),
        forecast=forecast,
        cautions=tuple(cautions(settings, made.seen, *facts, forecast.asked if forecast else None, writable=writable)),
        formats=_formats(work, sample),
    )


def _asks(settings: Settings) -> bool:
    """Return whether the settings ask for a number of tasks."""
    return settings.tasks is not None or settings.task.count > 1


def _workload(settings: Settings, made: Plan, sample: Sampled | None, collisions: int) -> Workload:
    boxes, shards = settings.recipe.box_of_each, {settings.tasks or settings.task.count: len(made.shards)}
    if sample is None:
        return workload_of(made.seen, boxes, settings.recipe.format_of_each, collisions=collisions, shards=shards)
    return workload_of(
        made.seen,
        boxes,
        collisions=collisions,
        processor=sample.processor,
        thumbnails=sample.thumbnails,
        read_share=sample.read_share,
        saving=sample.saving,
        slowness=sample.slowness,
        shards=shards,
    )


def _forecast(settings: Settings, work: Workload, conditions: Conditions, sample: Sampled | None) -> Forecast:
    prices = settings.price_table
    advice = advise(work, conditions, prices, deadline=settings.deadline, budget=settings.budget)
    asked = advice.estimate
    if _asks(settings):
        asked = estimate(work, settings.tasks or settings.task.count, conditions, prices)
    shown = table(work, conditions, prices, also=(asked.tasks, advice.estimate.tasks))
    return Forecast(asked, advice, tuple(shown), sample, conditions)


def _shares(made: Plan, tasks: int, *, contiguous: bool) -> tuple[TaskShare, ...]:
    costs = [shard.cost for shard in made.shards]
    return tuple(
        TaskShare(
            len(share),
            sum(made.shards[shard].items for shard in share),
            sum(made.shards[shard].size for shard in share),
            round(sum(costs[shard] for shard in share) / 1000, 3),
        )
        for share in assign(costs, tasks, contiguous=contiguous)
    )


async def _renamed(settings: Settings, state: RecordStore, made: Plan) -> tuple[Mapping[str, str], ...]:
    """Return some items whose names would collide, with the names that they get instead."""
    rule = naming_rule(settings, _RUN_ID)
    found: list[Mapping[str, str]] = []
    for number, shard in enumerate(made.shards):
        if shard.renamed and len(found) < _EXAMPLES:
            for item in await read_shard(state, state.names.run(_RUN_ID), made, number):
                path = path_below(item.source, settings.source.prefix)
                if item.output != rule.names(path, item.format, 0)[0]:
                    found.append({"source": item.source, "output": item.output})
    return tuple(found[:_EXAMPLES])


def _formats(work: Workload, sample: Sampled | None) -> tuple[Mapping[str, Any], ...]:
    """Return the items to decode by format and storage class, with estimated pixels."""
    known = sample.pixels_a_byte if sample else {}
    return tuple(
        {
            "format": group.format,
            "storage_class": group.storage_class,
            "objects": group.objects,
            "bytes": group.size,
            "pixels": round(group.size * known[group.format or ""])
            if (group.format or "") in known
            else pixels(group.size, group.format),
        }
        for group in work.groups
    )
