"""Has images kill their task, or raise exceptions in it, at every step of their way, and judges all other images.

`python -m tests.faults.item_deaths --runs 1000 --out FILE` writes the counts.
"""

import argparse
import random
from pathlib import Path

from tests.faults.deaths import BROKEN, FAULT_STEPS, LARGE, RETRIES, STEPS, World
from tests.faults.tried import Tried, each, ended
from tests.virtual import run
from thumbrun.outcomes import Outcome, Reason

_MOST_FAULTS = 7  # with eight in a row that are the same, a task ends


def expected_reason(body: bytes) -> Reason | None:
    """Return the reason that an image must have, or None if it must be done."""
    if body.startswith(b"poison"):
        return Reason.POISON
    if body.startswith(b"fault"):
        return Reason.INTERNAL_ERROR
    return Reason.UNREADABLE if BROKEN in body else None


def body_of(what: str, step: str, number: int) -> bytes:
    """Return an image that does something at a step of its way."""
    return b"%s at %s, %d" % (what.encode(), step.encode(), number) + (LARGE if step == "parse" else b"")


def drawn(chance: random.Random) -> dict[str, bytes]:
    """Return images, by name: healthy and broken ones, up to two that kill and some that raise exceptions."""
    count = chance.randint(10, 60)
    bodies = [(BROKEN if number % 10 == 3 else b"image") + b" %d" % number for number in range(count)]
    places = chance.sample(range(count), 2 + _MOST_FAULTS)
    for place in places[: chance.randint(0, 2)]:
        bodies[place] = body_of("poison", chance.choice(STEPS), place)
    for place in places[2 : 2 + chance.randint(0, _MOST_FAULTS)]:
        bodies[place] = body_of("fault", chance.choice(FAULT_STEPS), place)
    return {f"{number:04d}.jpg": body for number, body in enumerate(bodies)}


def judge(bodies: dict[str, bytes], outcomes: dict[str, Outcome], tried: Tried, seed: int) -> None:
    """Compare every image's outcome with what it must be, and add what differs to the counts."""
    tried.items += len(bodies)
    for name, body in bodies.items():
        found = outcomes.get(name)
        tried.lost += found is None
        tried.wrong += found is not None and found.reason != expected_reason(body)
        if found is None or found.reason != expected_reason(body):
            said = "has no outcome" if found is None else f"is {found.status} ({found.reason})"
            tried.failures.append(f"seed {seed}: {name}, {body[:30]!r}, {said}")


def tried_once(seed: int, tried: Tried) -> None:
    """Run tasks on images of which some kill or raise exceptions, with as many attempts as docs/design.md names."""

    async def scenario() -> None:
        chance = random.Random(seed)  # noqa: S311
        bodies = drawn(chance)
        killers = sum(body.startswith(b"poison") for body in bodies.values())
        world = World(seed, tasks=chance.randint(1, 3), in_flight=chance.choice([1, 8, 64]))
        world.retries = RETRIES + 3 * max(0, killers - 1)
        world.put(bodies)
        await world.execute()
        tried.schedules += 1
        tried.kills += world.deaths
        for body in bodies.values():
            if body.startswith((b"poison", b"fault")):
                tried.faults[body.partition(b",")[0].decode()] += 1
        judge(bodies, await world.outcomes(), tried, seed)

    run(scenario())


def campaign(seeds: range) -> Tried:
    """Run one schedule for each seed."""
    tried = Tried("item deaths", f"python -m tests.faults.item_deaths --runs {len(seeds)} --seed {seeds.start}")
    return each(seeds, tried, tried_once)


def main() -> int:
    """Run the campaign that the arguments ask for, and return 1 if it found a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="The first seed.")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    tried = campaign(range(arguments.seed, arguments.seed + arguments.runs))
    return ended(tried, arguments.out)


if __name__ == "__main__":
    raise SystemExit(main())
