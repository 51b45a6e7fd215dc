"""Judges whether a plan is one snapshot of the source, cut and named as promised."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.faults.simulation.evidence import Evidence
from tests.faults.simulation.history import History
from tests.faults.simulation.life import Fate
from tests.faults.simulation.pictures import FORMATS, suffix_of
from tests.faults.simulation.reading import Run
from tests.faults.simulation.schedule import SOURCE_PREFIX
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
    """Check that each item has its own name, with a suffix exactly if other items would share it."""
    plain = {key: plain_name(item["source"], evidence.schedule.layout) for key, item in run.items.items()}
    shared = Counter(plain.values())
    for output, times in Counter(item["output"] for item in run.items.values()).items():
        if times > 1:
            yield Finding(Kind.DOUBLED, 5, f"{times} items of {run.run_id} are called {output}")
    for key, item in run.items.items():
        name = plain[key]
        stem = name[: name.index(".")]
        marked = re.fullmatch(rf"{re.escape(stem)}-[0-9a-f]{{10,}}{re.escape(name[len(stem) :])}", item["output"])
        if item["output"] != name and not marked:
            yield Finding(Kind.WRONG, 5, f"{item['source']} is called {item['output']}")
        if (item["output"] == name) != (shared[name] == 1):
            yield Finding(Kind.WRONG, 5, f"{item['source']} is called {item['output']}, which {shared[name]} share")


def plain_name(source: str, layout: str) -> str:
    """Return the name of a thumbnail that shares its name with no other."""
    path = source.removeprefix(SOURCE_PREFIX)
    base = path if layout == "tree" else path.rpartition("/")[2]
    return base + FORMATS[suffix_of(path)][1]


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
