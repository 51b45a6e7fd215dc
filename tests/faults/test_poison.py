"""Tests of images that kill their task, and of tasks that die of other causes, in virtual time."""

import asyncio
from typing import Any

import pytest

from tests.faults.deaths import BROKEN, POISON, World
from tests.faults.random_kills import campaign, healthy, poisoned
from tests.virtual import run
from thumbrun.outcomes import Status
from thumbrun.storage.base import Entry
from thumbrun.storage.memory import MemoryStore


@pytest.mark.quick(one_in=4)
@pytest.mark.parametrize("place", [0, 1, 40, 198, 199])
@pytest.mark.parametrize("seed", range(4))
def test_the_fourth_attempt_finishes_with_one_poisonous_image(seed: int, place: int) -> None:
    """The fourth attempt sets aside an image that killed three, wherever it lies, and finishes all other images."""

    async def scenario() -> None:
        world = World(seed)
        images = healthy(200)
        name = sorted(images)[place]
        world.put({**images, name: POISON})
        await world.execute()
        outcomes = await world.outcomes()
        assert 3 == world.deaths
        assert {0} == set(world.ended)
        assert {name} == poisoned(outcomes)
        expected = {n: Status.FAILED if BROKEN in body else Status.DONE for n, body in images.items() if n != name}
        assert expected == {n: outcome.status for n, outcome in outcomes.items() if n != name}

    run(scenario())


def test_poison_is_opened_alone_after_everything_else() -> None:
    """The second attempt opens the suspect late, the third opens it last, and the fourth does not open it."""

    async def scenario() -> None:
        world = World(7)
        world.put(healthy(200) | {"0100.jpg": POISON})
        await world.execute()
        first, second, third, fourth = (world.opened[0, attempt] for attempt in range(4))
        assert POISON in first
        assert POISON == second[-1] or second.index(POISON) >= 100
        assert POISON == third[-1]
        assert POISON not in fourth

    run(scenario())


def test_nothing_is_opened_before_it_is_announced() -> None:
    """A task writes no thumbnail before its announcement, however slow that is, so that a death leaves suspects."""

    class SlowLedger(MemoryStore):
        async def create(self, name: str, body: bytes, **options: Any) -> Entry:
            await asyncio.sleep(5.0 if "/ledger/" in name else 0.0)
            return await super().create(name, body, **options)

    async def scenario() -> None:
        world = World(1, store=SlowLedger())
        world.put(healthy(40))
        await world.execute()
        ours = [name for name in world.store.objects if not name.startswith("in/")]
        first_thumbnail = next(at for at, name in enumerate(ours) if not name.startswith("_thumbrun/"))
        assert any("/ledger/" in name for name in ours[:first_thumbnail])

    run(scenario())


@pytest.mark.parametrize("seed", range(4))
def test_each_further_poisonous_image_takes_two_attempts(seed: int) -> None:
    """Six attempts set two poisonous images aside and lose no image; the default of four would leave one open."""

    async def scenario() -> None:
        bodies = healthy(100) | {"0020.jpg": POISON, "0070.jpg": POISON + b" too"}
        world = World(seed, retries=5)
        world.put(bodies)
        await world.execute()
        outcomes = await world.outcomes()
        assert 5 == world.deaths
        assert {"0020.jpg", "0070.jpg"} == poisoned(outcomes)
        assert len(bodies) == len(outcomes)

    run(scenario())


def test_one_death_while_alone_makes_no_poison() -> None:
    """An image is opened again and done if two tasks died with it open, but only once while it was open alone."""

    async def scenario() -> None:
        world = World(3, lethal=2)
        world.put(healthy(50) | {"0020.jpg": POISON})
        await world.execute()
        assert 2 == world.deaths
        assert Status.DONE is (await world.outcomes())["0020.jpg"].status

    run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_random_kills_make_no_poison(part: int) -> None:
    """In hundreds of runs with kills at random moments, thumbrun calls no image poison and loses none."""
    tried = campaign(range(100 * part, 100 * (part + 1)))
    assert [] == tried.failures
    assert tried.kills > 50
