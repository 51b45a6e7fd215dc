"""Images that kill their task, and tasks that die of other things: whole tasks in virtual time."""

import asyncio
from typing import Any

import pytest

from tests.faults.deaths import BROKEN, POISON, World
from tests.faults.random_kills import campaign, healthy, poisoned
from tests.virtual import run
from thumbrun.outcomes import Status
from thumbrun.storage.base import Entry
from thumbrun.storage.memory import MemoryStore


@pytest.mark.parametrize("place", [0, 1, 40, 198, 199])
@pytest.mark.parametrize("seed", range(4))
def test_the_fourth_attempt_finishes_with_one_poisonous_image(seed: int, place: int) -> None:
    """Wherever it lies: three processes die of it, the fourth sets it aside, and every other image is done."""

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
    """The attempt after the first death opens the image last, and the one after that opens it alone again."""

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
    """However long an announcement takes to be written, there is no thumbnail before it: a death would tell nothing."""

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
    """Two of them are set aside by the sixth attempt; the four of Cloud Run's default leave one open, and lose none."""

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
    """An image in whose company two tasks died, once while it was alone, is opened again and done."""

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
    """In over a thousand runs, each killed at least once at a random moment, no image is called poison or lost."""
    tried = campaign(range(300 * part, 300 * (part + 1)))
    assert [] == tried.failures
    assert tried.kills > 150
