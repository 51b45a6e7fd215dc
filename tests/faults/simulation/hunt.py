"""Finds out whether the simulation notices a defect, and after how many schedules."""

from itertools import chain

from tests.faults.simulation.campaign import simulate
from tests.faults.simulation.defects import Defect
from tests.faults.simulation.verdict import Finding

MOST = 400  # schedules to try before a defect counts as not noticed
QUICK: dict[str, tuple[int, ...]] = {
    "the planner's beat is not seen": (221,),
    "one death while alone makes poison": (194,),
    "after a death nobody looks for thumbnails": (118,),
    "a damaged upload is taken for whole": (90,),
    "the worst outcome is chosen": (6528,),
    "only the first names are compared": (399,),
    "a seal is believed whatever was written after it": (6528,),
}
"""Seeds whose schedules notice a defect that few schedules notice. Other seeds do so as well; these save time."""


def hunt(defect: Defect) -> tuple[int, Finding] | None:
    """Return the first seed whose schedule breaks a promise, with the first finding; None if no schedule does.

    Args:
        defect: The defect to put into the code meanwhile.
    """
    with defect.change():
        for seed in chain(QUICK.get(defect.name, ()), range(1, MOST + 1)):
            _, findings = simulate(seed)
            if findings:
                return seed, findings[0]
    return None
