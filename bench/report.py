"""Measures what looks at a run of a million images: its report, `thumbrun status` and `thumbrun list`.

The run is made up: a plan and a ledger of 100 tasks with 2,000 shards in a folder, with names as real buckets have
them, one image in a hundred failed, and the same thumbnail of 2.1 kB for all others. A process of its own makes
the report, and its memory counts beyond what a task holds. The two commands are whole processes, as a user starts them.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.results import Result, Row
from bench.synthetic import Names
from thumbrun.clock import SystemClock
from thumbrun.environment.task_identity import Task
from thumbrun.ledger.rows import to_row
from thumbrun.ledger.writer import LedgerWriter
from thumbrun.outcomes import Outcome, Reason, Status, Tally, Timing, refusal
from thumbrun.planning.plan import Item, Plan, PlannedShard
from thumbrun.runs import records
from thumbrun.runs.record_store import RecordStore
from thumbrun.settings.resolved import Settings, resolve
from thumbrun.storage.base import NotFoundError, Sink
from thumbrun.storage.memory import MemoryStore
from thumbrun.storage.open import open_store

IMAGES, SHARD, TASKS = 1_000_000, 500, 100
GOAL_SECONDS, GOAL_MIB, GOAL_MB = 30, 150, 5
_THUMBNAIL = 2_150  # bytes
_BEGAN = datetime(2026, 11, 1, 12, tzinfo=UTC)
_FAILED = (Reason.TRUNCATED, Reason.UNREADABLE, Reason.TIMEOUT)
_MIB = 1 << 20
# A command that also tells the most KiB that it took. What the system tells of a process that has ended counts those of
# the process that started it, too.
_WATCHED = """import re, sys
from pathlib import Path
from thumbrun.cli import main
code = main(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1], file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a report took.

    Attributes:
        images: The images of the run.
        seconds: The seconds to read the run and make page and JSON.
        mib: The memory beyond the process before, in MiB.
        page_mb: The size of the page, in MB.
        json_mb: The size of the JSON, in MB.
        shown: The images on the contact sheet.
        table_seconds: The seconds to print the ledger as a table.
        commands: The seconds and the memory in MiB that a command took, Python's own included, by its name.
    """

    images: int
    seconds: float
    mib: float
    page_mb: float
    json_mb: float
    shown: int
    table_seconds: float
    commands: Mapping[str, tuple[float, float]] = field(default_factory=dict)


class _Thumbnails(MemoryStore):
    """A store in which every name has the same thumbnail."""

    async def read(
        self, name: str, sink: Sink, *, generation: str | None = None, start: int = 0, end: int | None = None
    ) -> int | None:
        """Give the thumbnail."""
        if not name:
            raise NotFoundError(name)
        sink.reset()
        sink.write(b"\xff\xd8\xff" + bytes(_THUMBNAIL - 3))
        return None


def _settings(root: Path) -> Settings:
    flags = {"source": "gs://photos/in", "output": "gs://photos/out", "state": str(root / "_thumbrun")}
    return resolve({}, flags, bare_source=True)


def _items(shard: int, names: Names) -> list[Item]:
    listed = names[shard * SHARD : (shard + 1) * SHARD]
    return [
        Item(f"in/{name}", "1700000000000000", 300_000, 1, None, "jpeg", True, f"{shard:05}-{number}.jpg", "jpeg")
        for number, name in enumerate(listed)
    ]


def _outcomes(shard: int, items: list[Item]) -> Iterator[Outcome]:
    """Yield the outcomes of a shard whose images took 40 ms each, one after the other."""
    for index in range(len(items)):
        at = shard * SHARD + index
        began = _BEGAN + timedelta(milliseconds=40 * (at % (IMAGES // TASKS)))
        if at % 100 == 3:
            yield refusal(shard, index, _FAILED[at % len(_FAILED)], "the file ends too early", source_bytes=300_000)
        else:
            timing = Timing(began, 20 + at % 31, 5 + at % 7, 1, 30 + at % 17, at % 90)
            yield Outcome(shard, index, Status.DONE, None, "", 300_000, _THUMBNAIL, 100, 75, timing=timing)


class _At(SystemClock):
    """A clock that stands where it is put."""

    time = _BEGAN

    def now(self) -> datetime:
        """Return the time."""
        return self.time


async def make_up(root: Path, images: int) -> None:
    """Write the records of a run of some images into a folder."""
    settings, clock = _settings(root), _At()
    state = RecordStore(open_store(settings.state, clock=clock), settings.state.prefix)
    run, names = state.names.run("one"), Names(images)
    shards = images // SHARD
    claim = {"run": "one", "owner": "x", "fingerprint": settings.fingerprint(), "began": _BEGAN.isoformat()}
    await state.create(run.claim, records.to_json({**claim, **settings.describe()}), records.JSON_TYPE, "one")
    planned = []
    total = Tally()
    writers = [LedgerWriter(state, "one", Task(n, TASKS, 0, "e"), f"{n:016x}", clock) for n in range(TASKS)]
    for shard in range(shards):
        items, label = _items(shard, names), f"00000-{shard:07}"
        rows = [item.to_line() for item in items]
        body = records.to_lines({"run": "one", "shard": label}, rows)
        await state.create_once(run.shard(1, label), body, "one")
        planned.append(PlannedShard(label, len(items), sum(item.size for item in items), 1.0))
        outcomes = list(_outcomes(shard, items))
        tally = Tally.of(outcomes)
        total.merge(tally)
        writer = writers[shard * TASKS // shards]
        clock.time = _BEGAN + timedelta(seconds=SHARD * 0.04 * (shard % (shards // TASKS)))
        await writer.append(shard, [], None, {"opening": [[0, 99]], "at_once": 100, "alone": False})
        clock.time += timedelta(seconds=SHARD * 0.04)
        made = [to_row(outcome, items[outcome.item]) for outcome in outcomes]
        await writer.append(shard, made, tally, counted=2, added=tally)
    plan = Plan("one", 1, tuple(planned), {"kinds": {"image": {"objects": images}}, "cold_bytes": {}})
    await state.create(run.plan, records.to_json(plan.to_record()), records.JSON_TYPE, "one")
    ended = (_BEGAN + timedelta(seconds=400)).isoformat()
    counts = {"items": images, "parts": 2 * shards, **total.to_record()}
    summary = {"run": "one", "round": 0, "began": _BEGAN.isoformat(), "ended": ended, **counts}
    await state.create(run.summary(), records.to_json(summary), records.JSON_TYPE, "one")
    await state.store.close()


async def report(root: Path) -> Measured:
    """Make the report of the run in a folder, and return what it took."""
    from thumbrun.reporting.page import page
    from thumbrun.reporting.read_run import read_report
    from thumbrun.reporting.table import table
    from thumbrun.task import runner  # noqa: F401  (a task has imported all this before)

    settings, clock = _settings(root), SystemClock()
    state = RecordStore(open_store(settings.state, clock=clock), settings.state.prefix)
    output = _Thumbnails("photos")
    before, began = _memory(), time.perf_counter()
    made = await read_report(settings, state, output, "one", clock)
    html, record = page(made).encode(), json.dumps(made.to_record(), indent=1).encode()
    seconds, held = time.perf_counter() - began, _peak() - before
    began, rows = time.perf_counter(), 0
    async for some in table(settings, state, output, "one"):
        rows += len(some)
    tabled = time.perf_counter() - began
    await state.store.close()
    return Measured(
        rows, seconds, held / _MIB, len(html) / 1e6, len(record) / 1e6, len(made.cells), table_seconds=tabled
    )


def _memory() -> int:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def measure(images: int = IMAGES) -> Measured:
    """Make up a run, and measure its report in a process of its own, and the commands that look at it."""
    with tempfile.TemporaryDirectory() as root:
        asyncio.run(make_up(Path(root), images))
        command = [sys.executable, "-m", "bench.report", root]
        made = subprocess.run(command, capture_output=True, check=True, text=True)
        commands = {
            "status": _command("status", f"{root}/one", "--json"),
            "list": _command("list", root, "--json"),
        }
    fields: dict[str, Any] = json.loads(made.stdout)
    return replace(Measured(**fields), commands=commands)


def _command(*words: str) -> tuple[float, float]:
    """Run a command of thumbrun, and return its seconds and its memory in MiB."""
    began = time.perf_counter()
    told = subprocess.run([sys.executable, "-c", _WATCHED, *words], capture_output=True, check=True, text=True)
    seconds = time.perf_counter() - began
    if '"state": "complete"' not in told.stdout:
        raise RuntimeError(f"thumbrun {' '.join(words)} said {told.stdout}")
    return seconds, int(told.stderr.split()[-1]) / 1024


def result(_rounds: int) -> Result:
    """Return the figures of what looks at a run of a million images."""
    found = measure()
    met = found.seconds <= GOAL_SECONDS and found.mib <= GOAL_MIB and found.page_mb <= GOAL_MB
    row = Row(
        f"report of {found.images:,} images",
        f"at most {GOAL_SECONDS} s, {GOAL_MIB} MiB beyond the task, {GOAL_MB} MB",
        f"{found.seconds:.1f} s, {found.mib:.0f} MiB, {found.page_mb:.1f} MB",
        met=met,
        note=f"{found.shown:,} images on the contact sheet; as a table in {found.table_seconds:.1f} s",
    )
    looks = [
        Row(f"`thumbrun {name}` of the same run", "", f"{seconds:.1f} s, {mib:.0f} MiB with Python's own")
        for name, (seconds, mib) in found.commands.items()
    ]
    return Result([row, *looks], figures=[found])


if __name__ == "__main__":
    from dataclasses import asdict

    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(asdict(asyncio.run(report(Path(sys.argv[1]))))))
    else:
        sys.stdout.write(json.dumps(asdict(measure())) + "\n")
