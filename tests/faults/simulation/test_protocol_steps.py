"""Tests each kind of fault at every step of the protocol: before and after it is applied, once, later, and for long."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.faults.simulation.evidence import Evidence
from tests.faults.simulation.life import Fate, never
from tests.faults.simulation.oracle import judge
from tests.faults.simulation.pictures import draw
from tests.faults.simulation.schedule import SOURCE_PREFIX, Execution, Schedule, TaskPlan, chance_of
from tests.faults.simulation.world import World
from tests.faults.store import APPLIES, Fault, Operation, Script
from thumbrun.storage.retry import Policy


@dataclass(frozen=True, slots=True)
class Step:
    """A request of the protocol, described by its kind and its name."""

    kind: str
    within: str = ""
    begin: str = ""
    end: str = ""
    content_type: str = ""

    def __call__(self, operation: Operation) -> bool:
        """Return whether a request belongs to this step."""
        name = operation.name
        right = operation.kind == self.kind and operation.content_type.startswith(self.content_type)
        return right and self.within in name and name.startswith(self.begin) and name.endswith(self.end)


STEPS = {
    "look for the anchor": Step("read", within="/anchors/"),
    "look for the run": Step("read", end="/run.json"),
    "claim the run": Step("create", end="/run.json"),
    "anchor it": Step("create", within="/anchors/"),
    "look for the plan": Step("read", end="/plan.json"),
    "look for planners": Step("page", end="/claims/"),
    "claim to plan": Step("create", within="/claims/"),
    "list the source": Step("page", begin=SOURCE_PREFIX, end=SOURCE_PREFIX),
    "beat": Step("create", within="/beats/"),
    "look for beats": Step("page", end="/beats/"),
    "write a shard": Step("create", within="/shards/"),
    "write new names": Step("create", within="/renames/"),
    "commit the plan": Step("create", end="/plan.json"),
    "read a shard": Step("read", within="/shards/"),
    "read new names": Step("read", within="/renames/"),
    "list a shard's parts": Step("page", within="/ledger/0"),
    "write a part": Step("create", within="/ledger/"),
    "read an image": Step("read", begin=SOURCE_PREFIX),
    "put a thumbnail": Step("create", content_type="image/"),
    "list all parts": Step("page", end="/ledger/"),
    "look for the summary": Step("stat", end="/summary.json"),
    "write the summary": Step("create", end="/summary.json"),
    "begin the report": Step("create", end="/report.begun"),
    "write the report": Step("create", end="/report.html"),
}
ALWAYS = Policy().attempts + 1  # times in a row, more than the retries can repair
PAIRS = [(name, fault) for name, step in STEPS.items() for fault in Fault if step.kind in APPLIES[fault]]
# A store refuses other damaged uploads and does not keep them; see `tests.faults.store`.
UNFIT = {(name, Fault.DAMAGED_KEPT) for name in STEPS if name != "put a thumbnail"}


def world(*, chooser: Script | None = None, crash_if: Callable[[Operation, bool], bool] = never) -> Evidence:
    """Run two tasks of one execution to their end, over a dozen pictures, some of which have colliding names."""
    chance = chance_of(7)
    names = ("a/p.jpg", "b/p.jpg", "p.png", "q.jpg", "q.tif", "r.webp", "a/s.jpg", "b/t.jpg", "u.svg", "v.txt", "w.JPG")
    pictures = {SOURCE_PREFIX + name: draw(chance, name) for name in names}
    tasks = tuple(TaskPlan(index, 2, 3.0 * index, (Fate(),) * 3) for index in range(2))
    schedule = Schedule(
        seed=7,
        pictures=pictures,
        edits=(),
        strangers=(),
        executions=(Execution("execution-1", "", tasks),),
        page_limit=3,
        shards_a_task=2,
        seconds=9.0,
        listing_seconds=30.0,
    )
    return World(schedule, chooser=chooser, crash_if=crash_if).run()


@pytest.mark.quick(one_in=16)
@pytest.mark.parametrize(("name", "fault"), [pair for pair in PAIRS if pair not in UNFIT])
def test_a_fault_at_a_step(name: str, fault: Fault) -> None:
    """Tasks keep every promise if a request fails at its first occurrence, at a later one, or for long."""
    for occurrence, times in ((1, 1), (2, 1), (4, 1), (1, ALWAYS)):
        script = Script(STEPS[name], fault, occurrence, times)
        findings = judge(world(chooser=script))
        assert [] == findings, (occurrence, times)
        assert script.struck or occurrence > 1


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", STEPS)
def test_a_death_at_a_step(name: str, applied: bool) -> None:
    """Tasks keep every promise if one of them dies right before or right after a request, once or twice."""
    for occurrences in ({1}, {2}, {4}, {1, 2}, {1, 3, 4}):
        seen = 0

        def dies(operation: Operation, is_applied: bool, occurrences: set[int] = occurrences) -> bool:
            nonlocal seen
            if is_applied is not applied or not STEPS[name](operation):
                return False
            seen += 1
            return seen in occurrences

        evidence = world(crash_if=dies)
        assert [] == judge(evidence), occurrences
        assert evidence.kills or min(occurrences) > 1


def test_nothing_goes_wrong() -> None:
    """Two tasks without faults meet every step of the protocol, and each starts only once."""
    seen: set[str] = set()

    def look(operation: Operation, applied: bool) -> bool:
        seen.update(name for name, step in STEPS.items() if step(operation))
        return False

    evidence = world(crash_if=look)
    assert [] == judge(evidence)
    assert set(STEPS) == seen
    assert [0, 0] == [ending.task.attempt for ending in evidence.endings]
