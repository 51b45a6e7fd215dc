"""`thumbrun.report`: what became of a run, what its tasks did and what it took, as `thumbrun report` says it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thumbrun.api.event_record import EventRecord
from thumbrun.api.existing_run import settings_of_run
from thumbrun.api.json_result import BESIDE, JsonResult
from thumbrun.api.keywords import flags_of, keywords_of, source_text, takes, told_in_keywords
from thumbrun.api.own_loop import blocking
from thumbrun.clock import SystemClock
from thumbrun.errors import SettingsError
from thumbrun.logs.events import Events
from thumbrun.reporting import page_file
from thumbrun.reporting.page import page
from thumbrun.reporting.read_run import read_report
from thumbrun.settings.named_run import PLACE_SETTINGS
from thumbrun.task.open_stores import Stores

SETTINGS = keywords_of("report", PLACE_SETTINGS)


@dataclass(frozen=True, slots=True, repr=False)
class ReportResult(JsonResult):
    """The report of a run. Its fields, apart from `html`, are those of `report.json`; docs/report.md describes them.

    Attributes:
        run: The id of the run.
        verdict: What became of the run, in one sentence.
        ended: When the run was complete, as in RFC 3339; None if it is not.
        done: How many images have their thumbnails.
        skipped: How many were skipped, by reason.
        failed: How many failed, by reason.
        reasons: The images without a thumbnail by reason, each with what to do about them.
        images: The images that the page shows.
        html: The page: one file that loads nothing.
    """

    version: int
    run: str
    source: str
    thumbnails: str
    began: str
    ended: str | None
    at: str
    verdict: str
    seconds: float
    round: int
    items: int
    bytes_there: int
    done: int
    skipped: Mapping[str, int]
    failed: Mapping[str, int]
    source_bytes: int
    output_bytes: int
    next: tuple[Mapping[str, Any], ...]
    reasons: tuple[Mapping[str, Any], ...]
    names_hidden: bool
    images: tuple[Mapping[str, Any], ...]
    tasks: tuple[Mapping[str, Any], ...]
    tasks_round: int
    work: Mapping[str, Any] | None
    times: Mapping[str, Any] | None
    slowest: tuple[Mapping[str, Any], ...]
    dollars: Mapping[str, Any] | None
    settings: Mapping[str, Any]
    html: str = field(repr=False, metadata=BESIDE)


@takes(SETTINGS)
async def report_async(
    run: str | os.PathLike[str], *, out: str | os.PathLike[str] | None = None, **keywords: object
) -> ReportResult:
    """Make the report of a run, finished or not. This writes nothing but the page, if `out` says where.

    Args:
        run: The run: `gs://bucket/prefix/<run id>`, a run's folder, or a run id together with `output`.
        out: The file for the page; an older page is replaced. None: there is no file.
        **keywords: The settings, named and meant like the flags of `thumbrun report`.

    Raises:
        SettingsError: Keywords have wrong values, or there is no such run; `problems` has all of them.
        StoreError: A store fails.
        ThumbrunError: Anything else that ends it; `hint` says what to do.
        TypeError: There is no such keyword, or its value is of no such type.
    """
    flags = flags_of("report", SETTINGS, keywords, ("run", "out"))
    clock = SystemClock()
    events = Events(EventRecord(), clock)
    target = None if out is None else Path(out)
    with told_in_keywords():
        if target is not None and (problem := page_file.problem_with(target)):
            raise SettingsError([problem])
        settings, _ = await settings_of_run(source_text(run) or "", {}, flags, events, clock)
        async with Stores(settings, events, clock) as stores:
            made = await read_report(settings, stores.state, stores.output, settings.resume or "", clock)
        html = page(made)
        if target is not None:
            page_file.write(target, html)
    return ReportResult.from_record(made.to_record(), html=html)


report = blocking(report_async)
