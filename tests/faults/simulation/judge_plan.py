"""Whether a plan is one snapshot of the source, cut and named as promised."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.faults.simulation.history import History
from tests.faults.simulation.pictures import FORMATS, suffix_of
from tests.faults.simulation.reading import Run
from tests.faults.simulation.schedule import SOURCE_PREFIX
from tests.faults.simulation.verdict import Finding, Kind
from tests.faults.simulation.world import Evidence

_DEAD_SECONDS = 60.0  # without a sign of life, until another may plan


def judge_plan(evidence: Evidence, run: Run, history: History) -> Iterator[Finding]:
    """Return what is wrong with a run's plan."""
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
    """A listing between the planner's claim and the plan could have shown this, and had to show no more."""
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
    """Each item has its own name, or that with a suffix where the name would be shared."""
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
    """Return what a thumbnail is called where no other would be called the same."""
    path = source.removeprefix(SOURCE_PREFIX)
    base = path if layout == "tree" else path.rpartition("/")[2]
    return base + FORMATS[suffix_of(path)][1]


def _planners(evidence: Evidence, run: Run) -> Iterator[Finding]:
    """Where nothing went wrong, nobody takes a planner for dead that shows signs of life."""
    schedule = evidence.schedule
    fates = [fate for execution in schedule.executions for task in execution.tasks for fate in task.fates]
    if schedule.rates or schedule.slow or any(fate.paused_at or fate.told_after for fate in fates):
        return
    claims = sorted((at, name) for name, at in run.created.items() if name.startswith("claims/"))
    for (claimed, name), (taken_over, _) in pairwise(claims):
        number = name.removeprefix("claims/").partition(".")[0]
        beats = [at for beat, at in run.created.items() if beat.startswith(f"planner/{number}/beats/")]
        last = max([claimed, *(at for at in beats if at < taken_over - 20)])
        dies = any(fate.killed_at or fate.killed_after for fate in fates)
        if taken_over - last < _DEAD_SECONDS - 1 and not dies:
            yield Finding(Kind.DOUBLED, 2, f"planner {number} of {run.run_id} was alive when another took over")
