"""Tests of images that kill their task, or that thumbrun fails on, at each step of their way, in virtual time."""

import pytest

from tests.faults.deaths import FAULT_STEPS, LARGE, POISON, STEPS, World
from tests.faults.item_deaths import body_of, campaign
from tests.faults.random_kills import healthy, poisoned
from tests.virtual import run
from thumbrun.outcomes import Reason, Status


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("place", [0, 40, 99])
def test_wherever_an_image_kills_it_is_set_aside(step: str, place: int) -> None:
    """The fourth attempt sets aside an image that killed three, at whatever step, and all other images are done."""

    async def scenario() -> None:
        world = World(place)
        images = healthy(100)
        name = sorted(images)[place]
        world.put({**images, name: body_of("poison", step, place)})
        await world.execute()
        outcomes = await world.outcomes()
        assert 3 == world.deaths
        assert {name} == poisoned(outcomes)
        assert 100 == len(outcomes)

    run(scenario())


@pytest.mark.parametrize("step", FAULT_STEPS)
def test_a_fault_takes_no_attempt(step: str) -> None:
    """Images that bring out a fault of thumbrun have their outcome after one attempt, and all others are done."""

    async def scenario() -> None:
        world = World(1, retries=0)
        faulty = {f"{number:04d}.jpg": body_of("fault", step, number) for number in (3, 4, 5, 6, 50, 51, 99)}
        world.put(healthy(100) | faulty)
        await world.execute()
        outcomes = await world.outcomes()
        assert faulty.keys() == {name for name, one in outcomes.items() if one.reason is Reason.INTERNAL_ERROR}
        assert 100 == len(outcomes)
        assert "fault at" in outcomes["0003.jpg"].detail

    run(scenario())


def test_many_equal_faults_end_an_attempt_and_the_next_works_them_alone() -> None:
    """Eight images in a row with the same fault end the task; the next attempt gives each of them its outcome."""

    async def scenario() -> None:
        world = World(1, in_flight=1)
        faulty = {f"{number:04d}.jpg": body_of("fault", "answer", number) for number in range(40, 52)}
        world.put(healthy(100) | faulty)
        await world.execute()
        outcomes = await world.outcomes()
        assert faulty.keys() == {name for name, one in outcomes.items() if one.reason is Reason.INTERNAL_ERROR}
        assert 100 == len(outcomes)
        assert 2 == len(world.opened)  # attempts

    run(scenario())


def test_a_killer_does_not_starve_other_suspects() -> None:
    """Where no platform counts attempts, an image that kills each of them still lets the others be done."""

    async def scenario() -> None:
        world = World(1, retries=3)
        world.environ = {"CLOUD_RUN_EXECUTION": "", "THUMBRUN_RUN_ID": "mine"}
        images = healthy(60) | {"0000.jpg": POISON}
        world.put(images)
        await world.execute()
        outcomes = await world.outcomes()
        assert images.keys() - {"0000.jpg"} == outcomes.keys()
        assert {Status.DONE, Status.FAILED} == {outcome.status for outcome in outcomes.values()}

    run(scenario())


def test_a_large_image_is_parsed_in_the_task() -> None:
    """The images that act while they are parsed are large enough for the task to parse them."""

    async def scenario() -> None:
        world = World(1)
        world.put({"a.jpg": b"image" + LARGE, "b.jpg": body_of("fault", "parse", 1)})
        await world.execute()
        outcomes = await world.outcomes()
        assert (Status.DONE, Reason.INTERNAL_ERROR) == (outcomes["a.jpg"].status, outcomes["b.jpg"].reason)

    run(scenario())


@pytest.mark.slow
def test_no_pattern_keeps_healthy_images_from_being_done() -> None:
    """Whatever steps kill or fail, within the documented attempts every image has the outcome that it must have."""
    tried = campaign(range(60))
    assert [] == tried.failures
    assert tried.kills > 60
