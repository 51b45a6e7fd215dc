"""Runs simulated schedules: one with its trace, or a campaign of many.

`python -m tests.faults.simulation --seed 1234` runs one again and shows every step;
`python -m tests.faults.simulation --schedules 10000 --out FILE` is the long campaign, the defects included.
"""

import argparse
from pathlib import Path

from tests.faults.simulation.campaign import campaign
from tests.faults.simulation.defects import DEFECTS
from tests.faults.simulation.hunt import hunt
from tests.faults.simulation.oracle import judge
from tests.faults.simulation.schedule import draw_schedule
from tests.faults.simulation.world import World


def replay(seed: int) -> int:
    """Show one schedule, and return 1 if a promise was broken."""
    schedule = draw_schedule(seed)
    for name in (
        "place",
        "layout",
        "versioning",
        "page_limit",
        "shards_a_task",
        "denied_for_taken",
        "rates",
        "outputs",
    ):
        print(f"{name}: {getattr(schedule, name)}")
    for execution in schedule.executions:
        print(execution)
    world = World(schedule, trace=print)
    findings = judge(world.run())
    print(*findings, sep="\n")
    print(f"{len(findings)} findings")
    return 1 if findings else 0


def main() -> int:
    """Run what the arguments ask for, and return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.simulation", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, help="Show the schedule of this seed.")
    parser.add_argument("--schedules", type=int, default=1000, help="How many.")
    parser.add_argument("--first", type=int, default=1, help="The first seed; the others count up from it.")
    parser.add_argument("--out", type=Path, help="Where to write what was tried, as JSON.")
    parser.add_argument("--no-defects", action="store_true", help="Leave the defects out.")
    parsed = parser.parse_args()
    if parsed.seed is not None:
        return replay(parsed.seed)
    tried = campaign(range(parsed.first, parsed.first + parsed.schedules), lambda line: print(line, flush=True))
    missed = []
    if not parsed.no_defects:
        missed = [defect.name for defect in DEFECTS if hunt(defect) is None]
        tried.defects, tried.defects_caught = len(DEFECTS), len(DEFECTS) - len(missed)
    if parsed.out:
        tried.write(parsed.out)
    print(
        f"{tried.schedules:,} schedules, {tried.kills:,} kills, {tried.faults.total():,} faults, {tried.items:,} items "
        f"in {tried.seconds:.0f} s: {tried.lost} lost, {tried.doubled} doubled, {tried.torn} torn, {tried.wrong} wrong"
        f"; {tried.defects_caught} of {tried.defects} defects caught"
    )
    print(*(f"not caught: {name}" for name in missed), sep="\n", end="")
    return 1 if tried.failures or missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
