"""Runs many schedules, one by one, and counts their findings."""

import gc
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from tests.faults.simulation.evidence import Evidence
from tests.faults.simulation.names import planned
from tests.faults.simulation.oracle import judge
from tests.faults.simulation.reading import Run, read_runs
from tests.faults.simulation.schedule import Schedule, draw_schedule
from tests.faults.simulation.verdict import Finding
from tests.faults.simulation.world import World
from tests.faults.tried import Tried

_GARBAGE = 50  # schedules between two collections; each leaves cycles, and usual collecting costs a tenth of the time


def repeat_command(seed: int) -> str:
    """Return the command that runs one schedule again and shows every step."""
    return f"python -m tests.faults.simulation --seed {seed}"


def simulate(seed: int) -> tuple[Evidence, list[Finding]]:
    """Run the schedule of a seed and judge it."""
    evidence = World(draw_schedule(seed)).run()
    return evidence, judge(evidence)


def count(tried: Tried, evidence: Evidence, findings: Iterable[Finding]) -> None:
    """Add one schedule to the totals of a campaign."""
    schedule: Schedule = evidence.schedule
    runs, _ = read_runs(evidence)
    tried.schedules += 1
    tried.kills += evidence.kills
    tried.items += sum(len(run.items) for run in runs.values())
    tried.faults.update(evidence.faults)
    tried.faults["process killed"] += evidence.kills
    fates = [fate for execution in schedule.executions for task in execution.tasks for fate in task.fates]
    tried.faults["process paused"] += sum(fate.paused_at > 0 for fate in fates)
    tried.faults["process told to stop"] += sum(fate.told_after > 0 for fate in fates)
    tried.faults["source object put or deleted meanwhile"] += len(schedule.edits)
    tried.faults["killed twice with one healthy image open, alone"] += _unlucky(runs.values())
    tried.faults["killed between two thumbnails of one image"] += _killed_between(evidence, runs.values())
    for finding in findings:
        name = finding.kind.value
        setattr(tried, name, getattr(tried, name) + 1)
        tried.failures.append(f"{finding}; see: {repeat_command(schedule.seed)}")


def _unlucky(runs: Iterable[Run]) -> int:
    """Return the number of harmless images that were called poison, because tasks were killed twice with them open."""
    return sum(
        row.get("reason") == "poison" and not run.items[key]["source"].endswith("/poison.jpg")
        for run in runs
        for key, row in run.outcomes().items()
        if key in run.items
    )


def _killed_between(evidence: Evidence, runs: Iterable[Run]) -> int:
    """Return how often a process died after it had created a thumbnail of an image that still lacked others."""
    created = {change.name: change for change in evidence.output.journal}
    deaths = {ending.life: ending.ended for ending in evidence.endings if ending.how == "killed"}
    found = 0
    for run in runs:
        for item in run.items.values():
            thumbnails = planned(evidence.schedule.outputs, item, run.width)
            changes = [created.get(f"{evidence.output_prefix}{run.run_id}/{one.name}") for one in thumbnails]
            for life, died in deaths.items():
                there = [change.actor for change in changes if change and change.at <= died]
                found += life in there and len(there) < len(changes)
    return found


def campaign(seeds: range, say: Callable[[str], None] = lambda _: None) -> Tried:
    """Run one schedule for each seed.

    Args:
        seeds: The seeds of the schedules.
        say: Called with each finding, and now and then with the progress.
    """
    command = f"python -m tests.faults.simulation --schedules {len(seeds)} --first {seeds.start}"
    tried = Tried("simulation", command)
    began = time.monotonic()
    with _no_garbage_collection():
        for done, seed in enumerate(seeds, 1):
            evidence, findings = simulate(seed)
            count(tried, evidence, findings)
            for finding in findings:
                say(f"{finding}; see: {repeat_command(seed)}")
            if done % _GARBAGE == 0:
                gc.collect()
            if done % 1000 == 0:
                say(f"{done:,} schedules, {tried.kills:,} kills, {tried.items:,} items")
    tried.seconds = time.monotonic() - began
    return tried


class _no_garbage_collection(AbstractContextManager[None]):  # noqa: N801  (read as a verb)
    def __enter__(self) -> None:
        self._was = gc.isenabled()
        gc.disable()

    def __exit__(self, *error: object) -> None:
        if self._was:
            gc.enable()
