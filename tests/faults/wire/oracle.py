"""Checks the buckets after a schedule, and reports what is wrong. It shares no code with thumbrun.

It reads from the emulator directly, not through the proxy, and parses every record itself.
"""

import base64
import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from crc32c import crc32c

from tests.faults.wire.asked import Asked
from tests.faults.wire.pictures import fits, look
from tests.faults.wire.world import OUTPUT, SOURCE, World

_THUMBNAIL = re.compile(r"(\d{8}T\d{4}Z(?:-\d+)?)/(.+)", re.DOTALL)
_RANK = {"done": 0, "skipped": 1, "failed": 2}
Objects = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Findings:
    """The findings of the oracle; all but `items` and `reasons` must be empty.

    Attributes:
        lost: Items without an outcome, or done without their thumbnail.
        doubled: Runs with two folders, items with two thumbnails, plans that were made twice.
        torn: Thumbnails and records that cannot be read whole.
        wrong: Thumbnails of another picture, wrong reasons, and foreign objects that thumbrun touched.
        items: The number of items that were checked.
        reasons: The reasons of the items that are not done, with their numbers.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    items: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def all(self) -> list[str]:
        """Return a line for each finding."""
        return [f"{kind}: {line}" for kind in ("lost", "doubled", "torn", "wrong") for line in getattr(self, kind)]


class Oracle:
    """Judges one run in one world."""

    def __init__(self, world: World, *, killed_decoders: int = 0) -> None:
        """Set the world to judge.

        Args:
            world: The buckets, and what the test put there.
            killed_decoders: How many decoding processes were killed: at most this many images can have crashed.
        """
        self._world = world
        self._killed_decoders = killed_decoders
        self._found = Findings()

    def judge(self, asked: Iterable[Asked]) -> Findings:
        """Return the findings.

        Args:
            asked: All requests of the tasks to the store.
        """
        self._objects: Objects = self._world.emulator.objects(OUTPUT)
        self._requests(asked)
        self._untouched()
        thumbnails = self._thumbnails()
        plans = [name for name in self._objects if re.fullmatch(r"_thumbrun/runs/[^/]+/plan\.json", name)]
        if len(plans) != 1:
            self._found.lost.append(f"there are {len(plans)} plans")
            return self._found
        run = plans[0].removesuffix("plan.json")
        folders = {name.partition("/")[0] for name in thumbnails}
        if folders - {run.split("/")[2]}:
            self._found.doubled.append(f"the run is {run}, thumbnails lie in {sorted(folders)}")
        items = self._plan(run)
        outcomes = self._ledger(run, items)
        self._items(run.split("/")[2], items, outcomes, thumbnails)
        self._summary(run, outcomes)
        return self._found

    def _read(self, name: str) -> bytes:
        return self._world.emulator.read(OUTPUT, name)

    def _lines(self, name: str) -> list[dict[str, Any]]:
        """Return header and rows of a record; only an empty header if the record is torn."""
        try:
            text = gzip.decompress(self._read(name))
            lines = [json.loads(line) for line in text.splitlines()]
        except (ValueError, OSError, EOFError) as error:
            self._found.torn.append(f"{name}: {error}")
            return [{}]
        if not text.endswith(b"\n"):
            self._found.torn.append(f"{name} ends within a line")
        return lines

    def _requests(self, asked: Iterable[Asked]) -> None:
        """Check that the tasks made only requests that promise 9 allows, and that no name was created twice."""
        created: Counter[str] = Counter()
        for one in asked:
            if one.operation == "other" or (one.operation == "create" and one.bucket != OUTPUT):
                self._found.wrong.append(f"asked: {one.method} {one.path} {one.query}")
            if one.operation == "create" and one.applied:
                created[one.name] += 1
        self._found.doubled += [f"{name} was created {count} times" for name, count in created.items() if count > 1]

    def _untouched(self) -> None:
        """Check that the source and the foreign objects in the output are unchanged."""
        world = self._world
        source = world.emulator.objects(SOURCE)
        expected = dict(world.live)
        for name, generation in world.strangers.items():
            bucket, _, own = name.partition("/")
            if bucket == SOURCE:
                expected[own] = generation
            elif self._objects.get(own, {}).get("generation") != generation:
                self._found.wrong.append(f"{name} was touched")
        found = {name: item["generation"] for name, item in source.items()}
        if found != expected:
            self._found.wrong.append(f"the source was touched: {sorted(found.items() ^ expected.items())[:3]}")

    def _thumbnails(self) -> Objects:
        strangers = {name.partition("/")[2] for name in self._world.strangers if name.startswith(f"{OUTPUT}/")}
        thumbnails = {}
        for name, item in self._objects.items():
            if name in strangers or name.startswith("_thumbrun/"):
                continue
            if not _THUMBNAIL.fullmatch(name):
                self._found.wrong.append(f"{name} is neither a thumbnail nor a record")
            thumbnails[name] = item
        return thumbnails

    def _plan(self, run: str) -> dict[tuple[int, int], dict[str, Any]]:
        """Return the planned items by shard and index."""
        plan = json.loads(self._read(f"{run}plan.json"))
        items = {}
        for number, (label, count, _, _, renamed) in enumerate(plan["shards"]):
            base = f"{run}planner/{plan['planner']:07d}"
            _, *rows = self._lines(f"{base}/shards/{label}.jsonl.gz")
            if len(rows) != count:
                self._found.torn.append(f"shard {label} has {len(rows)} items, the plan says {count}")
            for index, row in enumerate(rows):
                items[number, index] = row
            for row in self._lines(f"{base}/renames/{label}.jsonl.gz")[1:] if renamed else []:
                items[number, row["item"]] = items[number, row["item"]] | {"output": row["output"]}
        outputs = Counter(item["output"] for item in items.values())
        self._found.doubled += [f"two items are to become {name}" for name, count in outputs.items() if count > 1]
        sources = Counter(item["source"] for item in items.values())
        self._found.doubled += [f"{name} is planned twice" for name, count in sources.items() if count > 1]
        missing = self._world.first - self._world.touched - set(sources)
        self._found.lost += [f"{name} is not in the plan" for name in sorted(missing)]
        return items

    def _ledger(self, run: str, items: dict[tuple[int, int], dict[str, Any]]) -> dict[tuple[int, int], dict[str, Any]]:
        """Return one outcome of each item: the best that any part holds."""
        told: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
        for name in sorted(name for name in self._objects if name.startswith(f"{run}ledger/")):
            header, *rows = self._lines(name)
            shard = int(name.removeprefix(f"{run}ledger/").split("/")[0])
            if header.get("shard") != shard:
                self._found.wrong.append(f"{name} says that it is of shard {header.get('shard')}")
            for row in rows:
                if row["status"] not in _RANK:  # an announcement, or another row that is no outcome
                    continue
                item = items.get((shard, row["item"]), {})
                if (row["source"], row["generation"]) != (item.get("source"), item.get("generation")):
                    self._found.wrong.append(f"{name} tells of {row['source']}, which is not planned there")
                told[shard, row["item"]].append(row)
        self._found.items += len(items)
        self._found.lost += [f"{items[key]['source']} has no outcome" for key in items.keys() - told.keys()]
        return {key: min(rows, key=lambda row: _RANK[row["status"]]) for key, rows in told.items() if key in items}

    def _items(
        self,
        run_id: str,
        items: dict[tuple[int, int], dict[str, Any]],
        outcomes: dict[tuple[int, int], dict[str, Any]],
        thumbnails: Objects,
    ) -> None:
        expected = {f"{run_id}/{item['output']}": key for key, item in items.items()}
        self._found.wrong += [f"{name} is nobody's thumbnail" for name in thumbnails.keys() - expected.keys()]
        for name, key in expected.items():
            item, outcome = items[key], outcomes.get(key)
            if outcome is not None and outcome["status"] == "done" and name not in thumbnails:
                self._found.lost.append(f"{item['source']} is done, yet there is no {name}")
            if name in thumbnails:
                self._thumbnail(run_id, name, thumbnails[name], item)
            if outcome is not None and outcome["status"] != "done":
                self._reason(item, outcome)
        crashed = self._found.reasons["crashed"] + self._found.reasons["out-of-memory"]
        if crashed > self._killed_decoders:
            self._found.wrong.append(f"{crashed} images crashed, {self._killed_decoders} processes were killed")

    def _reason(self, item: dict[str, Any], outcome: dict[str, Any]) -> None:
        """Check the reason of an item that is not done; few reasons are right, because all pictures are sound."""
        reason = outcome.get("reason", "")
        self._found.reasons[reason] += 1
        live = self._world.live.get(item["source"])
        if reason in ("crashed", "out-of-memory"):
            return
        gone = reason in ("source-gone", "source-changed") and live != item["generation"]
        if not gone or (reason == "source-gone" and item["source"] not in self._world.touched):
            self._found.wrong.append(f"{item['source']} is {outcome['status']}: {reason} ({outcome.get('detail')})")

    def _thumbnail(self, run_id: str, name: str, entry: dict[str, Any], item: dict[str, Any]) -> None:
        marks = entry.get("metadata", {})
        expected = (run_id, f"gs://{SOURCE}/{item['source']}", item["generation"])
        found = tuple(marks.get(key) for key in ("thumbrun-run", "thumbrun-source", "thumbrun-source-generation"))
        if found != expected:
            self._found.wrong.append(f"{name} is marked {found} instead of {expected}")
        body = self._read(name)
        checksum = base64.b64encode(crc32c(body).to_bytes(4, "big")).decode()
        if len(body) != int(entry["size"]) or checksum != entry["crc32c"]:
            self._found.torn.append(f"{name}: its bytes do not match its entry")
        try:
            identity, size = look(body)
        except (OSError, ValueError) as error:
            self._found.torn.append(f"{name}: {error}")
            return
        planned = self._world.generations.get(item["source"], {}).get(item["generation"])
        if planned != identity:
            self._found.wrong.append(f"{name} shows {identity}, planned was {planned}")
        elif not fits(size, planned.size):
            self._found.wrong.append(f"{name} is {size} of {planned.size}")

    def _summary(self, run: str, outcomes: dict[tuple[int, int], dict[str, Any]]) -> None:
        if f"{run}summary.json" not in self._objects:
            self._found.lost.append("there is no summary")
            return
        summary = json.loads(self._read(f"{run}summary.json"))
        done = sum(outcome["status"] == "done" for outcome in outcomes.values())
        if (summary["items"], summary["done"]) != (len(outcomes), done):
            self._found.wrong.append(
                f"the summary says {summary['done']} of {summary['items']}, there are {done} of {len(outcomes)}"
            )
