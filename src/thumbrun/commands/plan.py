"""`thumbrun plan`: show what a run would do, and write nothing. It makes the real plan, in memory."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from thumbrun.clock import Clock, SystemClock
from thumbrun.commands.exit_codes import INCOMPLETE
from thumbrun.commands.session import run_session
from thumbrun.commands.standard_streams import show_result
from thumbrun.commands.summary import readable
from thumbrun.console import counted, printable
from thumbrun.errors import NothingToDoError
from thumbrun.imaging.geometry import box_name
from thumbrun.logs.events import Events
from thumbrun.planning.build import PlanBuilder, path_below
from thumbrun.planning.plan import read_shard
from thumbrun.planning.planner import check_images
from thumbrun.planning.select import ObjectKind
from thumbrun.planning.shards import assign
from thumbrun.planning.survey import count_of_unlisted, describe, describe_unlisted
from thumbrun.runs.record_store import RecordStore
from thumbrun.runs.records import VERSION
from thumbrun.settings.planning_inputs import describe_unmatched, naming_rule, nothing_hint, source_to_list
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.storage.base import BucketNotFoundError
from thumbrun.storage.memory import MemoryStore
from thumbrun.task.join_run import missing_bucket
from thumbrun.task.local_folders import check_local_folders
from thumbrun.task.open_stores import Stores

_EXAMPLES = 5
_RUN_ID = "00000000T0000Z"  # as long as a real one
_KINDS = {
    ObjectKind.UNSUPPORTED: "unsupported, would be skipped",
    ObjectKind.UNDECIDED: "unknown, would be opened",
}


def plan(flags: Mapping[str, str | None], *, as_json: bool) -> int:
    """List the source, print what a run would do and return the exit code.

    Args:
        flags: The text of each flag that was given, by the setting's name.
        as_json: Whether to print JSON.
    """
    settings = resolve(os.environ, flags)

    async def command(events: Events) -> dict[str, Any]:
        return await preview(settings, events, SystemClock())

    found = run_session(settings, command, stream=sys.stderr)  # only the plan goes to the standard output
    nothing = not (found["items"] or settings.allow_empty or count_of_unlisted(found["seen"]))
    hint = f"\n\n{printable(nothing_hint(settings, found['seen']))}" if nothing else ""
    show_result(json.dumps(found, indent=1) if as_json else preview_text(found) + hint)
    if nothing:
        return NothingToDoError.exit_code
    return INCOMPLETE if count_of_unlisted(found["seen"]) else 0


async def preview(settings: Settings, events: Events, clock: Clock) -> dict[str, Any]:
    """List the source and return what a run would do, as a record with a version.

    Args:
        settings: The settings of the run, and how many tasks would share the work.
        events: Shows the progress of the listing.
        clock: The source of time.

    Raises:
        SettingsError: A local folder cannot be read or written as a run would, a bucket does not exist, or the source
            holds more images than the settings allow.
        StoreError: The source cannot be listed.
    """
    check_local_folders(settings)
    tasks = settings.tasks or settings.task.count
    state = RecordStore(MemoryStore(), "")
    async with Stores(settings, events, clock) as stores:
        source = source_to_list(settings, stores.source)
        builder = PlanBuilder(source, state, _RUN_ID, 1, naming_rule(settings, _RUN_ID), tasks)
        try:
            made = await builder.make(events.listing)
        except BucketNotFoundError as error:
            raise missing_bucket(settings, error) from error
        check_images(made.items, settings.max_images)
    costs = [shard.cost for shard in made.shards]
    shares = assign(costs, tasks, contiguous=settings.balance == "count")
    loads = [sum(costs[shard] for shard in share) for share in shares]
    renamed: list[dict[str, str]] = []
    for number, shard in enumerate(made.shards):
        if shard.renamed and len(renamed) < _EXAMPLES:
            before = await read_shard(state, state.names.run(_RUN_ID), made, number)
            rule = naming_rule(settings, _RUN_ID)
            for item in before:
                path = path_below(item.source, settings.source.prefix)
                if item.output != rule.name(path, item.format, 0):
                    renamed.append({"source": item.source, "output": item.output})
    return {
        "version": VERSION,
        "source": settings.source.uri().removesuffix("/" if builder.is_single else ""),
        "output": settings.output.uri(),
        "sizes": [box_name(box) for box in settings.recipe.boxes],
        "limit": settings.limit,
        "layout": settings.layout,
        "unmatched": [] if settings.limit else source.selection.unmatched,
        "items": made.items,
        "bytes": made.size,
        "seen": made.seen,
        "collisions": builder.collisions,
        "renamed": renamed[:_EXAMPLES],
        "shards": len(made.shards),
        "tasks": [
            {
                "shards": len(share),
                "items": sum(made.shards[shard].items for shard in share),
                "bytes": sum(made.shards[shard].size for shard in share),
                "cost_seconds": round(load / 1000, 3),
            }
            for share, load in zip(shares, loads, strict=True)
        ],
    }


def preview_text(found: dict[str, Any]) -> str:
    """Return a preview in plain words; names and types are data, so they are made safe to show."""
    seen, sizes, tasks = found["seen"], found["sizes"], found["tasks"]
    if count_of_unlisted(seen):
        if not seen["kinds"]:  # nobody knows whether the source is empty
            return printable(describe_unlisted(seen))
        rest = preview_text({**found, "seen": {key: value for key, value in seen.items() if key != "unlisted"}})
        return f"{rest}\n\n{printable(describe_unlisted(seen))}"
    if not found["items"]:
        return "\n".join([printable(describe(found["source"], seen)), "", *_kind_lines(seen)]).rstrip()
    folders = f", in {len(sizes)} folders: {', '.join(f'{size}/' for size in sizes)}" if len(sizes) > 1 else ""
    lines = [
        _headline(found),
        f"Thumbnails would go to {printable(found['output'])}<run id>/{folders}.",
        "",
        *_kind_lines(seen),
    ]
    if hidden := seen.get("hidden"):
        are = "is hidden: its path has a name" if hidden == 1 else "are hidden: their paths have names"
        lines.append(f"\n{counted(hidden, 'image')} {are} with a dot in front. --exclude '.*' leaves such images out.")
    if links := seen.get("links"):
        lines.append(f"\nthumbrun does not follow {counted(links, 'symbolic link')}.")
    if seen["cold_bytes"]:
        cold = ", ".join(f"{readable(size)} in {printable(name)}" for name, size in seen["cold_bytes"].items())
        lines.append(f"\nCloud Storage charges a retrieval fee for reading {cold}.")
    if unmatched := describe_unmatched(found.get("unmatched", ())):
        lines.append(f"\n{printable(unmatched)}.")
    if found["collisions"]:
        several = counted(found["collisions"], "thumbnail")
        lines.append(f"\n{several} would share a name, so each gets a hash of its path in the name. For example:")
        lines += [f"  {printable(example['source'])} -> {printable(example['output'])}" for example in found["renamed"]]
        if found.get("layout") == "flat":
            lines.append("--layout tree keeps the folders of the source, and so the names of the files.")
    longest = max(task["cost_seconds"] for task in tasks)
    mean = sum(task["cost_seconds"] for task in tasks) / len(tasks)
    lines.append(
        f"\n{counted(found['shards'], 'shard')} for {counted(len(tasks), 'task')}."
        + (
            f" The task with the most work has {longest / mean:.2f} times the average."
            if mean and len(tasks) > 1
            else ""
        )
    )
    return "\n".join(lines)


def _headline(found: dict[str, Any]) -> str:
    """Return how many images a run would take, and of how many if it is known."""
    source, images = printable(found["source"]), counted(found["items"], "image")
    if found.get("limit") == found["items"]:
        return f"A run would take the first {images} of {source}, {readable(found['bytes'])} (--limit)."
    return f"{source} {'holds' if source.endswith('/') else 'is'} {images}, {readable(found['bytes'])}."


def _kind_lines(seen: dict[str, Any]) -> list[str]:
    """Return a line for each kind of object under the source, with its count, its bytes and its types."""
    rows = []
    for kind, counts in seen["kinds"].items():
        types = ", ".join(
            f"{count:,} {printable(name)}" for name, count in list(counts["types"].items())[:8] if name != kind
        )
        rows.append((f"{counts['objects']:,}", _KINDS.get(kind, kind), readable(counts["bytes"]), types))
    # As narrow as the content allows, so that a row fits into a narrow terminal.
    wide = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return [
        f"  {objects:>{wide[0]}}  {kind:<{wide[1]}}  {size:>{wide[2]}}  {types}".rstrip()
        for objects, kind, size, types in rows
    ]
