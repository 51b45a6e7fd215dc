"""Judges whether the promises were kept, from the buckets, their journals and the ends of the tasks.

It uses no code of the protocol: its own code reads records with gzip and json, chooses outcomes, expects names and
makes thumbnails.
"""

from collections.abc import Iterator
from itertools import pairwise

from tests.faults.simulation import judge_items, judge_plan
from tests.faults.simulation.bucket import USER
from tests.faults.simulation.evidence import Ending, Evidence
from tests.faults.simulation.history import read_history
from tests.faults.simulation.outputs import USUAL_WIDTH
from tests.faults.simulation.reading import Run, read_runs
from tests.faults.simulation.verdict import Finding, Kind
from thumbrun.storage.base import StoreError

__all__ = ["Finding", "Kind", "judge"]

_ENDS_WITH = {"InterruptedRunError", "NothingToDoError", "RecordError"}  # allowed besides errors of a store


def judge(evidence: Evidence) -> list[Finding]:
    """Return every broken promise."""
    runs, torn = read_runs(evidence)
    history = read_history(evidence)
    findings = [Finding(Kind.TORN, 4, f"a record cannot be read: {line}") for line in torn]
    findings += [Finding(Kind.LOST, 3, line) for line in evidence.stuck]
    findings += _touched(evidence)
    findings += _folders(evidence, runs)
    findings += _endings(evidence, runs)
    for run in runs.values():
        findings += judge_plan.judge_plan(evidence, run, history)
        findings += judge_items.judge_items(evidence, run, history, complete=run.run_id in _due(evidence, runs))
    return findings


def _touched(evidence: Evidence) -> Iterator[Finding]:
    """Check that thumbrun overwrites and deletes nothing, marks every object, and writes only where it may."""
    for bucket in {id(b): b for b in (evidence.source, evidence.output, evidence.state)}.values():
        places = [evidence.output_prefix] if bucket is evidence.output else []
        places += [evidence.state_prefix] if bucket is evidence.state else []
        for change in bucket.journal:
            if change.actor == USER:
                continue
            if change.action != "create":
                yield Finding(Kind.WRONG, 9, f"{change.actor} did {change.action} {change.name}")
            if not any(change.name.startswith(place) for place in places):
                yield Finding(Kind.WRONG, 9, f"{change.actor} wrote {change.name} in {bucket.name}")
            if change.entry and "thumbrun-run" not in change.entry.metadata:
                yield Finding(Kind.WRONG, 6, f"{change.name} carries no mark")


def _folders(evidence: Evidence, runs: dict[str, Run]) -> Iterator[Finding]:
    """Check that each execution has one run and one folder of its own, whatever minute its tasks start in."""
    for number, execution in enumerate(evidence.schedule.executions):
        lives = {ending.life for ending in evidence.endings if ending.execution == number}
        reported = {e.report.run_id for e in evidence.endings if e.execution == number and e.report}
        folders = {
            run_id
            for change in (*evidence.output.journal, *evidence.state.journal)
            if change.actor in lives and (run_id := _worked_on(evidence, change.name, runs))
        }
        used = reported | folders
        if execution.run_id and not used <= {execution.run_id}:
            yield Finding(Kind.DOUBLED, 1, f"{execution.run_id} was asked for, {sorted(used)} worked on")
        elif not execution.by_hand and len(used) > 1:
            yield Finding(Kind.DOUBLED, 1, f"execution {execution.name} worked on {sorted(used)}")
        elif execution.by_hand:
            yield from _met(runs, sorted(used))
        for other, another in enumerate(evidence.schedule.executions[:number]):
            theirs = {e.report.run_id for e in evidence.endings if e.execution == other and e.report}
            if theirs & used and not (another.run_id or execution.run_id):
                yield Finding(Kind.DOUBLED, 1, f"two executions share {sorted(theirs & used)}")


def _worked_on(evidence: Evidence, name: str, runs: dict[str, Run]) -> str:
    """Return the run of a thumbnail, a plan or a part of the ledger; a claim alone is no work."""
    for run_id in runs:
        records = f"{evidence.state_prefix}runs/{run_id}/"
        work = [f"{records}plan.json", f"{records}ledger/", f"{records}planner/"]
        if name.startswith((f"{evidence.output_prefix}{run_id}/", *work)):
            return run_id
    return ""


def _met(runs: dict[str, Run], used: list[str]) -> Iterator[Finding]:
    """Check that tasks started by hand meet: another run begins only after the one before is finished."""
    ordered = sorted((runs[run_id] for run_id in used if run_id in runs), key=_claimed)
    for before, after in pairwise(ordered):
        finished = before.created.get("summary.json", float("inf"))
        if _claimed(after) < finished:
            yield Finding(Kind.DOUBLED, 1, f"{after.run_id} was begun while {before.run_id} could be joined")


def _claimed(run: Run) -> float:
    """Return the time when a run's id was claimed."""
    return run.created.get("run.json", 0.0)


def _due(evidence: Evidence, runs: dict[str, Run]) -> set[str]:
    """Return the runs that must be complete: all that tasks worked on, but only the first of those by hand.

    A task by hand that starts again after the run is finished begins another run, which the other tasks do not join.
    """
    due: set[str] = set()
    for number, execution in enumerate(evidence.schedule.executions):
        reported = {e.report.run_id for e in evidence.endings if e.execution == number and e.report}
        known = sorted((r for r in reported if r in runs), key=lambda run_id: _claimed(runs[run_id]))
        known = [run_id for run_id in known if runs[run_id].width == USUAL_WIDTH]  # an odd task has its own run
        due.update(known[:1] if execution.by_hand else known)
    return due


def _endings(evidence: Evidence, runs: dict[str, Run]) -> Iterator[Finding]:
    """Check that tasks end as their exit codes promise, and that tasks without faults end well at once."""
    for ending in evidence.endings:
        if ending.report and ending.report.run is not None:
            run = runs[ending.report.run_id]
            if ending.report.run.items != len(run.items):
                yield Finding(Kind.WRONG, 3, f"{ending.life} reported {ending.report.run.items} items")
        elif ending.error is not None:
            yield from _error(evidence, ending, runs)


def _error(evidence: Evidence, ending: Ending, runs: dict[str, Run]) -> Iterator[Finding]:
    """Check that an error is one that thumbrun promises, and comes where it should."""
    text = f"{ending.life} ended with {ending.how}: {ending.error}"
    if ending.how == "SettingsError":
        if not any(task.odd for task in evidence.schedule.executions[ending.execution].tasks):
            yield Finding(Kind.WRONG, 1, text)
    elif ending.how == "NothingToDoError":
        # A plan without items, or no picture at all for a while, because users delete and put some meanwhile.
        emptied = evidence.schedule.edits and not read_history(evidence).live_throughout(ending.began, ending.ended)
        if evidence.schedule.seed % 2 or not (emptied or any(run.plan and not run.items for run in runs.values())):
            yield Finding(Kind.LOST, 3, text)
    elif ending.calm:
        yield Finding(Kind.LOST, 3, f"without any fault, {text}")
    elif not isinstance(ending.error, StoreError) and ending.how not in _ENDS_WITH:
        yield Finding(Kind.WRONG, 3, text)
