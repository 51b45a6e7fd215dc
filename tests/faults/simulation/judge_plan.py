"""Judges whether a plan is one snapshot of the source, cut and named as promised."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.faults.simulation.evidence import Evidence
from tests.faults.simulation.history import History
from tests.faults.simulation.life import Fate
from tests.faults.simulation.names import expected, planned
from tests.faults.simulation.reading import Run
from tests.faults.simulation.schedule import path_of
from tests.faults.simulation.verdict import Finding, Kind


def judge_plan(evidence: Evidence, run: Run, history: History) -> Iterator[Finding]:
    """Return the broken promises in a run's plan."""
    yield from _planners(evidence, run)
    if run.plan is None:
        if run.parts:
            yield Finding(Kind.WRONG, 2, f"{run.run_id} has a ledger and no plan")
        return
    if run.plan["items"] != len(run.items):
        yield Finding(Kind.LOST, 2, f"the plan of {run.run_id} counts {run.plan['items']}, its shards {len(run.items)}")
    yield from _snapshot(run, history)
    yield from _names(evidence, run)


def _snapshot(run: Run, history: History) -> Iterator[Finding]:
    """Check that a plan matches a listing between the planner's claim and the plan.

    It must hold the items that were there all the time. It can hold those that came or went meanwhile, and no others.
    """
    assert run.plan is not None
    begin = run.created.get(f"claims/{run.plan['planner']:07d}.json", 0.0)
    end = run.created["plan.json"]
    sources = Counter(item["source"] for item in run.items.values())
    for name, times in sources.items():
        if times > 1:
            yield Finding(Kind.DOUBLED, 2, f"{name} is {times} times in the plan of {run.run_id}")
    planned = set()
    for item in run.items.values():
        key = item["source"], item["generation"]
        planned.add(key)
        version = history.versions.get(key)
        if version is None or not version.is_item:
            yield Finding(Kind.WRONG, 6, f"{key} is in the plan of {run.run_id} and is no source")
        elif not history.live_sometime(version, begin, end):
            yield Finding(Kind.WRONG, 2, f"{key} was planned in {run.run_id} when it was not there")
    for version in history.live_throughout(begin, end):
        if (version.name, version.generation) not in planned:
            yield Finding(Kind.LOST, 2, f"{version.name} was there all the time and is not in the plan of {run.run_id}")


def _names(evidence: Evidence, run: Run) -> Iterator[Finding]:
    """Check that each item has its own names, with one mark in all of them exactly if others would share any."""
    outputs, layout = evidence.schedule.outputs, evidence.schedule.layout
    plain = {
        key: [one.name for one in expected(outputs, layout, path_of(item["source"]), run.width)]
        for key, item in run.items.items()
    }
    told = {key: [one.name for one in planned(outputs, item, run.width)] for key, item in run.items.items()}
    for output, times in Counter(name for names in told.values() for name in names).items():
        if times > 1:
            yield Finding(Kind.DOUBLED, 5, f"{times} thumbnails of {run.run_id} are called {output}")
    shared = Counter(name for names in plain.values() for name in names)
    for key, item in run.items.items():
        marked = expected(outputs, layout, path_of(item["source"]), run.width, mark="@")
        mark = _mark([one.name for one in marked], told[key])
        shares = max(shared[name] for name in plain[key])
        if mark is None or item.get("outputs", []) != (told[key] if outputs.are_listed else []):
            yield Finding(Kind.WRONG, 5, f"the thumbnails of {item['source']} are called {told[key]}")
        elif bool(mark) != (shares > 1):
            yield Finding(Kind.WRONG, 5, f"{item['source']} is called {item['output']}, which {shares} share")


def _mark(expected_names: list[str], told: list[str]) -> str | None:
    """Return the mark that all names of an item hold where the expected ones hold `@`; None if they are others."""
    if len(told) != len(expected_names):
        return None
    patterns = [re.escape(name).replace("@", "(|-[0-9a-f]{10,})") for name in expected_names]
    marks = {found and found[1] for found in map(re.fullmatch, patterns, told)}
    return marks.pop() if len(marks) == 1 else None


def _planners(evidence: Evidence, run: Run) -> Iterator[Finding]:
    """Check that no task takes over from a live planner if no request fails, except its own later attempt."""
    if evidence.faults or evidence.schedule.slow:
        return
    endings = {ending.life: ending for ending in evidence.endings}
    claims = sorted(name for name in run.created if name.startswith("claims/"))
    for name, next_name in pairwise(claims):
        planner, successor = endings.get(run.writers[name]), endings.get(run.writers[next_name])
        if planner is None or successor is None:  # one of them never ended, which is another finding
            continue
        number = name.removeprefix("claims/").removesuffix(".json")
        gave_up = f"planner/{number}/beats/{'9' * 7}" in run.created
        well = planner.fate == Fate() and run.created[next_name] < planner.ended and not gave_up
        if well and planner.task.index != successor.task.index:
            yield Finding(Kind.DOUBLED, 2, f"{planner.life} still planned {run.run_id} when {successor.life} took over")
