"""Kills the processes of runs at random moments, to check that no healthy image is ever called poison.

`python -m tests.faults.random_kills --runs 1200 --out FILE` writes the counts.
"""

import argparse
import random
from functools import partial
from pathlib import Path

from tests.faults.deaths import BROKEN, FAST_LINE, SLOW_LINE, World
from tests.faults.tried import Tried, each, ended
from tests.virtual import run
from thumbrun.outcomes import Outcome, Reason

MEAN_SECONDS = 60.0  # the mean lifetime of a process, after the first kill


def healthy(count: int) -> dict[str, bytes]:
    """Return this many images; one in ten is broken."""
    bodies = [(BROKEN if number % 10 == 3 else b"image") + b" %d" % number for number in range(count)]
    return {f"{number:04d}.jpg": body for number, body in enumerate(bodies)}


def poisoned(outcomes: dict[str, Outcome]) -> set[str]:
    """Return the names of the items that were called poison."""
    return {name for name, outcome in outcomes.items() if outcome.reason is Reason.POISON}


def killed_at_random(seed: int, tried: Tried, mean: float = MEAN_SECONDS, *, slow: bool = False) -> None:
    """Run tasks, kill one within four seconds and others at random moments later, and judge every image.

    Args:
        seed: The seed that fixes the schedule.
        tried: The counts to add to.
        mean: The mean lifetime of a process, in seconds.
        slow: Whether each read takes 2 s and each write 3 s.
    """

    async def scenario() -> None:
        chance = random.Random(seed)  # noqa: S311
        world = World(seed, tasks=chance.randint(1, 3), retries=12, in_flight=chance.choice([4, 8, 64]))
        world.line = SLOW_LINE if slow else FAST_LINE
        bodies = healthy(chance.randint(10, 60))
        world.put(bodies)
        first = [chance.uniform(0, 4)]
        await world.execute(lambda: first.pop() if first else chance.expovariate(1 / mean))
        outcomes = await world.outcomes()
        tried.schedules += 1
        tried.kills += world.deaths
        tried.faults["process killed"] += world.deaths
        tried.items += len(bodies)
        tried.wrong += len(poisoned(outcomes))
        tried.lost += len(bodies) - len(outcomes)
        tried.failures += [f"seed {seed}: {name} is called poison" for name in sorted(poisoned(outcomes))]
        tried.failures += [f"seed {seed}: {name} has no outcome" for name in sorted(bodies.keys() - outcomes.keys())]

    run(scenario())


def campaign(seeds: range, mean: float = MEAN_SECONDS, *, slow: bool = False) -> Tried:
    """Run one schedule for each seed."""
    command = f"python -m tests.faults.random_kills --runs {len(seeds)} --seed {seeds.start} --mean {mean:g}"
    tried = Tried("random kills, slow line" if slow else "random kills", f"{command} --slow" if slow else command)
    return each(seeds, tried, partial(killed_at_random, mean=mean, slow=slow))


def main() -> int:
    """Run the campaign that the arguments ask for, and return 1 if it found a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=0, help="The first seed.")
    parser.add_argument("--mean", type=float, default=MEAN_SECONDS, help="Seconds that a process lives.")
    parser.add_argument("--slow", action="store_true", help="Let each read take 2 s and each write 3 s.")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    tried = campaign(range(arguments.seed, arguments.seed + arguments.runs), arguments.mean, slow=arguments.slow)
    return ended(tried, arguments.out)


if __name__ == "__main__":
    raise SystemExit(main())
