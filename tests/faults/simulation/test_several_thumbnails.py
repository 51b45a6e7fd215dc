"""Tests several thumbnails of each image: a death between any two of them, and a fault of one of them."""

import hashlib
from collections import Counter

import pytest

from tests.faults.simulation.evidence import Evidence
from tests.faults.simulation.life import Fate, never
from tests.faults.simulation.oracle import judge
from tests.faults.simulation.outputs import Outputs
from tests.faults.simulation.pictures import draw
from tests.faults.simulation.reading import read_runs
from tests.faults.simulation.schedule import SOURCE_PREFIX, Execution, Schedule, TaskPlan, chance_of, path_of
from tests.faults.simulation.world import World
from tests.faults.store import Fault, Operation, Script

PATH = "a/p.jpg"
RUN = "named-run"
# Two other images share all their names with this one, so all three have marked names.
BESIDE = ("b/p.jpg", "p.png", "q.jpg")
MARK = hashlib.sha256(PATH.encode()).hexdigest()[:10]
NAMES = [f"{RUN}/p-{MARK}_{width}.{suffix}" for width in (100, 50, 20) for suffix in ("webp", "jpg")]
OUTPUTS = Outputs(100, ((50, 50), (20, 10)), ("webp", "jpeg"), "{stem}_{width}.{ext}")


class Death:
    """Kills a task before or after a given one of its creates of the thumbnails of one image."""

    def __init__(self, number: int, *, applied: bool) -> None:
        """Choose the create by its number, from 1, and whether the store applies it."""
        self._number = number
        self._applied = applied
        self._seen = 0

    def __call__(self, operation: Operation, applied: bool) -> bool:
        """Return whether the task dies now."""
        if applied is not self._applied or operation.kind != "create" or operation.name not in NAMES:
            return False
        self._seen += 1
        return self._seen == self._number


def run(
    death: Death | None = None,
    *,
    in_flight: int = 8,
    stranger: str = "",
    chooser: Script | None = None,
) -> tuple[Evidence, list[str]]:
    """Run one task until it ends well; return the evidence, and what each row about the image says.

    Args:
        death: Kills the task once.
        in_flight: The most requests at once; with one, the thumbnails of an image are created in their order.
        stranger: A name that a stranger has taken, or an empty string.
        chooser: Chooses the faults of the first three attempts.
    """
    chance = chance_of(19)
    schedule = Schedule(
        seed=19,
        pictures={SOURCE_PREFIX + name: draw(chance, name, kind=b"ok") for name in (PATH, *BESIDE)},
        edits=(),
        strangers=(stranger,) if stranger else (),
        executions=(Execution("execution-1", RUN, (TaskPlan(0, 1, 0.0, (Fate(),) * 3),)),),
        in_flight=in_flight,
        outputs=OUTPUTS,
    )
    evidence = World(schedule, chooser=chooser, crash_if=death or never).run()
    (found,) = read_runs(evidence)[0].values()
    rows = [row for part in found.parts for row in part.rows if path_of(row["source"]) == PATH]
    return evidence, [row.get("reason", row["status"]) for row in rows]


@pytest.mark.parametrize("in_flight", [1, 8])
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 7))
def test_a_death_between_any_two(number: int, applied: bool, in_flight: int) -> None:
    """If a task dies at any thumbnail of an image, its next attempt creates what is missing, and nothing twice."""
    evidence, said = run(Death(number, applied=applied), in_flight=in_flight)
    assert [] == judge(evidence)
    assert 1 == evidence.kills
    assert ["done"] == said
    created = [change for change in evidence.output.journal if change.name in NAMES]
    assert dict.fromkeys(NAMES, 1) == Counter(change.name for change in created)
    assert {"create"} == {change.action for change in created}
    assert 6 == len({evidence.output.objects[name][1] for name in NAMES})
    if in_flight == 1:
        first, *_ = evidence.endings
        before = [change.name for change in created if change.actor == first.life]
        assert NAMES[: number if applied else number - 1] == before


@pytest.mark.parametrize("name", NAMES)
def test_a_stranger_has_one_name(name: str) -> None:
    """If a stranger's object has the name of any thumbnail, the outcome of the image says so, and the object stays."""
    evidence, said = run(stranger=name)
    assert [] == judge(evidence)
    assert ["name-taken"] == said
    assert b"a stranger's" == evidence.output.objects[name][1]


@pytest.mark.parametrize("name", NAMES)
def test_one_is_stored_damaged(name: str) -> None:
    """If the store damages any thumbnail, the outcome of the image says so, even if a stranger has another's name."""
    for stranger in {"", NAMES[0], NAMES[-1]} - {name}:
        damages = Script(lambda operation: operation.kind == "create" and operation.name == name, Fault.DAMAGED_KEPT)
        evidence, said = run(stranger=stranger, chooser=damages)
        assert [] == judge(evidence), stranger
        assert ["output-damaged"] == said, stranger
