"""Reads a run's records as any program can: with gzip and json, and without code of thumbrun."""

import gzip
import json
from dataclasses import dataclass, field
from typing import Any

from tests.faults.simulation.bucket import Change
from tests.faults.simulation.evidence import Evidence

_RANK = ("done", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the ledger.

    Attributes:
        name: The name of its object.
        shard: The number of the shard whose outcomes it holds.
        at: The time of its creation, in virtual seconds.
        writer: The life that wrote it.
        alone: The one item that its writer had open until its next part, with nothing else; else None.
        seal: The tally that it carries, or None.
        rows: The outcomes.
    """

    name: str
    shard: int
    at: float
    writer: str
    alone: int | None
    seal: dict[str, Any] | None
    rows: list[dict[str, Any]]


@dataclass(slots=True)
class Run:
    """The records of one run.

    Attributes:
        run_id: The id of the run.
        claim: The record of the claim, or None.
        plan: The plan, or None.
        items: The plan's items under their final names, by shard and index.
        parts: The parts of the ledger, in the order of their creation.
        summary: The summary, or None.
        created: The time of creation of each record, by its name below the run's own.
        writers: The life that created each record, by its name below the run's own.
    """

    run_id: str
    claim: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    items: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    summary: dict[str, Any] | None = None
    created: dict[str, float] = field(default_factory=dict)
    writers: dict[str, str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """The width of the (largest) box of its thumbnails, in pixels."""
        first = self.claim["size"][0] if self.claim else 0
        return int(first[0] if isinstance(first, list) else first)

    def outcomes(self, parts: list[Part] | None = None) -> dict[tuple[int, int], dict[str, Any]]:
        """Return the chosen outcome of each item.

        The latest round's counts, then the best, then one that tells of a damaged thumbnail, then the smallest part
        name's.
        """
        chosen: dict[tuple[int, int], tuple[tuple[int, int, bool, str], dict[str, Any]]] = {}
        for part in self.parts if parts is None else parts:
            for row in part.rows:
                key = (part.shard, row["item"])
                harmless = row.get("reason") != "output-damaged"  # a failure that leaves nothing wrong on the store
                rank = (-row.get("retry_round", 0), _RANK.index(row["status"]), harmless, part.name)
                if key not in chosen or rank < chosen[key][0]:
                    chosen[key] = (rank, row)
        return {key: row for key, (_, row) in chosen.items()}


class Unreadable(Exception):  # noqa: N818  (it describes a record)
    """No program can read the record."""


def parsed(name: str, body: bytes) -> list[dict[str, Any]]:
    """Return the lines of a record; plain JSON is one line, and a page, which must be whole, has none.

    Raises:
        Unreadable: The record is neither plain JSON nor JSON lines nor a page.
    """
    if name.endswith(".html"):
        if not (body.startswith(b"<!doctype html>") and body.endswith(b"</html>\n")):
            raise Unreadable(f"{name} is cut")
        return []
    try:
        if name.endswith(".json") or body[:1] == b"{":
            lines = [json.loads(body)]
        else:
            lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
        if lines[0]["version"] != 1:
            raise Unreadable(f"{name} has no version")
    except (ValueError, OSError, EOFError, KeyError, TypeError, IndexError) as error:
        raise Unreadable(f"{name}: {error}") from error
    return lines


def read_runs(evidence: Evidence) -> tuple[dict[str, Run], list[str]]:
    """Return all runs by their ids, and a line for each record that cannot be read."""
    runs: dict[str, Run] = {}
    torn: list[str] = []
    records: dict[str, list[dict[str, Any]]] = {}
    changes: dict[str, Change] = {}
    for change in evidence.state.journal:
        if not change.name.startswith(evidence.state_prefix) or change.entry is None:
            continue
        name = change.name.removeprefix(evidence.state_prefix)
        changes.setdefault(name, change)
        try:
            records[name] = parsed(name, change.body)
        except Unreadable as error:
            torn.append(str(error))
    for name in records:
        if name.startswith("runs/"):
            _, run_id, rest = name.split("/", 2)
            run = runs.setdefault(run_id, Run(run_id))
            run.created[rest] = changes[name].at
            run.writers[rest] = changes[name].actor
    for run in runs.values():
        _fill(run, records, changes)
    return runs, torn


def _fill(run: Run, records: dict[str, list[dict[str, Any]]], changes: dict[str, Change]) -> None:
    def one(name: str) -> dict[str, Any] | None:
        lines = records.get(f"runs/{run.run_id}/{name}")
        return lines[0] if lines else None

    run.claim, run.plan, run.summary = one("run.json"), one("plan.json"), one("summary.json")
    if run.plan:
        folder = f"runs/{run.run_id}/planner/{run.plan['planner']:07d}"
        for shard, (label, *_) in enumerate(run.plan["shards"]):
            rows = records.get(f"{folder}/shards/{label}.jsonl.gz", [{}])[1:]
            renames = {row["item"]: row for row in records.get(f"{folder}/renames/{label}.jsonl.gz", [{}])[1:]}
            for index, row in enumerate(rows):
                run.items[shard, index] = row | renames.get(index, {})
    for name in run.created:
        if name.startswith("ledger/"):
            full = f"runs/{run.run_id}/{name}"
            entry = changes[full].entry
            seal = entry.metadata.get("thumbrun-tally") if entry else None
            shard = int(name.split("/")[1])
            tally = json.loads(seal) if seal else None
            header, *rows = records[full]
            alone = header["opening"][0][0] if header.get("alone") else None
            run.parts.append(Part(name, shard, changes[full].at, changes[full].actor, alone, tally, rows))
