"""`thumbrun.plan`: what a run would do, take and cost, as `thumbrun plan` says it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from thumbrun.api.event_record import EventRecord
from thumbrun.api.json_result import JsonResult
from thumbrun.api.keywords import flags_of, keywords_of, source_text, takes, told_in_keywords
from thumbrun.api.own_loop import blocking
from thumbrun.clock import SystemClock
from thumbrun.logs.events import Events
from thumbrun.preview.preview import preview
from thumbrun.settings.resolved import resolve

SETTINGS = keywords_of("plan")


@dataclass(frozen=True, slots=True, repr=False)
class PlanResult(JsonResult):
    """What a run would do, take and cost. The fields are those of `thumbrun plan --json`; docs/plan.md describes them.

    Attributes:
        source: The URI of the source.
        output: The URI of the place where the run's folder would go.
        items: The number of images.
        bytes: Their bytes.
        estimates: What the run would take for several numbers of tasks: each with `tasks`, `seconds`, `usd` and more.
        recommended: The number of tasks to take, and why; None if there is no image to decode.
        warnings: What to know before: each with its `kind` and its `text`.
    """

    version: int
    source: str
    output: str
    sizes: tuple[str, ...]
    output_formats: tuple[str, ...]
    fit: str
    gravity: str
    background: str
    enlarge: bool
    limit: int | None
    layout: str
    name: str | None
    unmatched: tuple[str, ...]
    items: int
    bytes: int
    seen: Mapping[str, Any]
    formats: tuple[Mapping[str, Any], ...]
    largest: tuple[Mapping[str, Any], ...]
    names_at_risk: Mapping[str, Any]
    collisions: int
    renamed: tuple[Mapping[str, str], ...]
    shards: int
    tasks: tuple[Mapping[str, Any], ...]
    estimates: tuple[Mapping[str, Any], ...]
    recommended: Mapping[str, Any] | None
    bill: Mapping[str, Any] | None
    rates: Mapping[str, Any] | None
    warnings: tuple[Mapping[str, str], ...]
    prices: tuple[Mapping[str, Any], ...]


@takes(SETTINGS)
async def plan_async(source: str | os.PathLike[str], **keywords: object) -> PlanResult:
    """List a source and say what a run would do, take and cost. This writes nothing.

    Args:
        source: Where the images are: `gs://bucket/path`, a folder or an image.
        **keywords: The settings, named and meant like the flags of `thumbrun plan`.

    Raises:
        SettingsError: Keywords have wrong values, or the run would have more images, or cost more, than they allow.
        StoreError: The source cannot be listed.
        ThumbrunError: Anything else that ends it; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """
    flags = flags_of("plan", SETTINGS, keywords, ("source",)) | {"source": source_text(source)}
    clock = SystemClock()
    with told_in_keywords():
        settings = resolve({}, flags)
        found = await preview(settings, Events(EventRecord(), clock), clock)
    return PlanResult.from_record(found.to_record())


plan = blocking(plan_async)
