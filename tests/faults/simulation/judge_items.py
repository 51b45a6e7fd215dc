"""Judges whether every item has its one outcome, and whether every thumbnail is the planned one."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.faults.simulation.bucket import USER
from tests.faults.simulation.evidence import Evidence
from tests.faults.simulation.history import History, Version
from tests.faults.simulation.names import Thumbnail, planned
from tests.faults.simulation.outputs import Box
from tests.faults.simulation.reading import Run
from tests.faults.simulation.verdict import Finding, Kind
from thumbrun.storage.base import Entry

Key = tuple[int, int]

POISON_DEATHS = 2


def judge_items(evidence: Evidence, run: Run, history: History, *, complete: bool) -> Iterator[Finding]:
    """Return the broken promises in the outcomes and thumbnails of a run.

    Args:
        evidence: The evidence of the schedule.
        run: The records of the run.
        history: The history of the source.
        complete: Whether every item must have its outcome by now.
    """
    outcomes = run.outcomes()
    yield from _ledger(run)
    for key, item in run.items.items():
        outcome = outcomes.get(key)
        if outcome is None:
            if complete:
                yield Finding(Kind.LOST, 3, f"{item['source']} of {run.run_id} has no outcome")
            continue
        version = history.versions.get((item["source"], item["generation"]))
        if version:
            unlucky = outcome.get("reason") == "poison" and killed_with(evidence, run, key) >= POISON_DEATHS
            if not unlucky:
                yield from _outcome(evidence, run, item, outcome, version)
    yield from _folder(evidence, run, history, outcomes)
    if complete:
        yield from _summary(run, outcomes)


def killed_with(evidence: Evidence, run: Run, key: Key) -> int:
    """Return the number of processes that were killed while they had one item open and nothing else.

    Unrelated kills can hit the same harmless image twice, because they are many here and come at chosen requests. Such
    an image is called poison, as the documents say.
    """
    killed = {ending.life for ending in evidence.endings if ending.how == "killed"}
    last = {part.writer: part for part in run.parts if part.shard == key[0]}
    return sum(part.alone == key[1] for writer, part in last.items() if writer in killed)


def _ledger(run: Run) -> Iterator[Finding]:
    """Check that rows match the plan's items, and that a seal follows all outcomes of its shard."""
    sizes = Counter(shard for shard, _ in run.items)
    known: dict[int, set[int]] = {}
    for part in run.parts:
        seen = known.setdefault(part.shard, set())
        for row in part.rows:
            item = run.items.get((part.shard, row["item"]))
            told = {name: row.get(name) for name in ("source", "generation", "output", "outputs")}
            if item is None or told != {name: item.get(name) for name in told}:
                yield Finding(Kind.WRONG, 2, f"{part.name} of {run.run_id} tells of {told}, which the plan does not")
            seen.add(row["item"])
        if len({row["item"] for row in part.rows}) < len(part.rows):
            yield Finding(Kind.DOUBLED, 3, f"{part.name} of {run.run_id} tells of an item twice")
        if part.seal is not None and len(seen) < sizes[part.shard]:
            text = f"{part.name} of {run.run_id} seals {len(seen)} of {sizes[part.shard]} items"
            yield Finding(Kind.LOST, 3, text)


def _outcome(
    evidence: Evidence, run: Run, item: dict[str, Any], outcome: dict[str, Any], version: Version
) -> Iterator[Finding]:
    """Check that an outcome is right for the planned generation; done needs every thumbnail."""
    thumbnails = planned(evidence.schedule.outputs, item, run.width)
    names = [_name(evidence, run, one) for one in thumbnails]
    said = outcome["status"] if outcome["status"] == "done" else outcome["reason"]
    made = version.made(thumbnails[0].box, thumbnails[0].format)
    right = {"done"} if isinstance(made, bytes) else {made}
    lost = version.until < float("inf") and not evidence.source.versioning
    if lost and version.opened and not _found(evidence, run, names, outcome):
        right |= {"source-gone", "source-changed"}
    if version.opened and any(f"{run.run_id}/{one.name}" in evidence.schedule.strangers for one in thumbnails):
        right = right - {"done"} | {"name-taken"}
    if evidence.damaged.intersection(names):
        right = right - {"done"} | {"output-damaged"}
    if said not in right:
        yield Finding(Kind.WRONG, 3, f"{item['source']} of {run.run_id} is said to be {said}, not {sorted(right)}")
    if said == "done":
        yield from _done(evidence, run, item, outcome, names)


def _done(
    evidence: Evidence, run: Run, item: dict[str, Any], outcome: dict[str, Any], names: list[str]
) -> Iterator[Finding]:
    """Check that all thumbnails of an item that is done are there, with the sizes that its row tells."""
    objects = evidence.output.objects
    missing = [name for name in names if name not in objects]
    for name in missing:
        yield Finding(Kind.LOST, 3, f"{item['source']} of {run.run_id} is said to be done and {name} is not there")
    told = outcome.get("each", []) or [outcome.get("output_bytes", 0)]
    if not missing and (sizes := [len(objects[name][1]) for name in names]) != told:
        yield Finding(Kind.WRONG, 3, f"the thumbnails of {item['source']} have {sizes} bytes, its row says {told}")


def _found(evidence: Evidence, run: Run, names: list[str], outcome: dict[str, Any]) -> bool:
    """Return whether all writers of an outcome began after all thumbnails were there, so that they had to find them."""
    created: dict[str, float] = {}
    for change in evidence.output.journal:
        if change.actor != USER:
            created.setdefault(change.name, change.at)
    made = max(created.get(name, float("inf")) for name in names)
    began = {ending.life: ending.began for ending in evidence.endings}
    writers = {part.writer for part in run.parts if outcome in part.rows}
    return all(began.get(writer, 0.0) > made for writer in writers)


def _name(evidence: Evidence, run: Run, thumbnail: Thumbnail) -> str:
    return f"{evidence.output_prefix}{run.run_id}/{thumbnail.name}"


def _folder(evidence: Evidence, run: Run, history: History, outcomes: dict[Key, dict[str, Any]]) -> Iterator[Finding]:
    """Check that a run's folder holds its thumbnails, whole and right, and nothing else but objects of strangers."""
    folder = f"{evidence.output_prefix}{run.run_id}/"
    by_name = {
        _name(evidence, run, thumbnail): (key, item, thumbnail)
        for key, item in run.items.items()
        for thumbnail in planned(evidence.schedule.outputs, item, run.width)
    }
    made_of: Counter[tuple[str, str, Box, str]] = Counter()
    for name, (entry, body) in evidence.output.objects.items():
        if not name.startswith(folder) or name.removeprefix(evidence.output_prefix) in evidence.schedule.strangers:
            continue
        if name not in by_name:
            yield Finding(Kind.WRONG, 1, f"{name} is no thumbnail of the plan's")
            continue
        key, item, thumbnail = by_name[name]
        version = history.versions.get((item["source"], item["generation"]))
        if version is None:
            yield Finding(Kind.WRONG, 1, f"{name} is a thumbnail of nothing that the source held")
            continue
        made_of[version.name, version.generation, thumbnail.box, thumbnail.format] += 1
        said = outcomes.get(key, {})
        if said.get("reason") == "output-damaged" and name in evidence.damaged:
            continue
        yield from _thumbnail(evidence, run, version, thumbnail, entry, body)
    for (source, _, (width, height), format_), times in made_of.items():
        if times > 1:
            text = f"{source} has {times} thumbnails of {width}x{height} as {format_} in {run.run_id}"
            yield Finding(Kind.DOUBLED, 1, text)


def _thumbnail(
    evidence: Evidence, run: Run, version: Version, thumbnail: Thumbnail, entry: Entry, body: bytes
) -> Iterator[Finding]:
    made = version.made(thumbnail.box, thumbnail.format)
    if body != made:
        torn = entry.name in evidence.damaged or (isinstance(made, bytes) and made.startswith(body))
        yield Finding(Kind.TORN if torn else Kind.WRONG, 4, f"{entry.name} is not what {version.name} makes")
    source = evidence.source.uri(version.name)
    marks = {
        "thumbrun-run": run.run_id,
        "thumbrun-source": hashlib.sha256(source.encode()).hexdigest() if evidence.schedule.hashed else source,
        "thumbrun-source-generation": version.generation,
    }
    for mark, expected in marks.items():
        if entry.metadata.get(mark) != expected:
            yield Finding(Kind.WRONG, 4, f"{entry.name} has {mark} {entry.metadata.get(mark)!r}, not {expected!r}")
    if not entry.metadata.get("thumbrun-recipe"):
        yield Finding(Kind.WRONG, 4, f"{entry.name} carries no recipe")


def _summary(run: Run, outcomes: dict[Key, dict[str, Any]]) -> Iterator[Finding]:
    """Check that the summary matches a recount of the outcomes."""
    if run.summary is None:
        yield Finding(Kind.LOST, 3, f"{run.run_id} has no summary")
        return
    counted = _count(outcomes)
    told = {name: run.summary[name] for name in counted}
    if run.summary["parts"] < len(run.parts):  # it says itself that it is older than the last parts of a copy
        if told["done"] + sum(told["skipped"].values()) + sum(told["failed"].values()) != len(run.items):
            yield Finding(Kind.WRONG, 3, f"the summary of {run.run_id} counts {told}, of {len(run.items)} items")
    elif counted != told:
        yield Finding(Kind.WRONG, 3, f"the summary of {run.run_id} says {told}, a recount {counted}")


def _count(outcomes: dict[Key, dict[str, Any]]) -> dict[str, Any]:
    reasons = {
        status: dict(Counter(row["reason"] for row in outcomes.values() if row["status"] == status))
        for status in ("skipped", "failed")
    }
    return {
        "done": sum(row["status"] == "done" for row in outcomes.values()),
        **reasons,
        "source_bytes": sum(row.get("source_bytes", 0) for row in outcomes.values()),
        "output_bytes": sum(row.get("output_bytes", 0) for row in outcomes.values()),
    }
