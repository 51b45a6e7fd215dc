"""Tests of two processes that work the same shards at once, as the same command in two terminals does."""

import re
from collections import Counter

import pytest

from tests.e2e.tasks import Task, clean_environment
from tests.faults.wire.stage import Stage, let_through, wait_until
from tests.faults.wire.world import OUTPUT, PREFIX, SOURCE

IMAGES = 100
TRUSTING = "tests.faults.wire.trusting"


def start(stage: Stage, *more: str, module: str = "thumbrun") -> Task:
    """Start the command that makes the thumbnails of all images."""
    environment = clean_environment(STORAGE_EMULATOR_HOST=stage.proxy.url)
    where = ("--output", f"gs://{OUTPUT}", "--workers", "1", "--in-flight", "4")
    return stage.tasks.module(module, "run", f"gs://{SOURCE}/{PREFIX}", *where, *more, environment=environment)


def reads(stage: Stage) -> list[str]:
    """Return the names of the images that were read, in order, each as often as it was read."""
    return [one.name for one in stage.proxy.asked if one.operation == "read" and one.bucket == SOURCE]


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--tasks", "2")])
def test_the_same_command_in_two_terminals(stage: Stage, more: tuple[str, ...]) -> None:
    """Who comes later begins at the other end; both end well, no task is called dead, hardly an image is read twice."""
    stage.world.fill(IMAGES)
    let_through(stage.proxy, 10)
    first = start(stage, *more, module=TRUSTING)  # so that a slow machine makes neither seem gone
    wait_until(lambda: stage.thumbnails() == 10)
    last = max(stage.world.live)
    assert last not in reads(stage)
    second = start(stage, *more, module=TRUSTING)
    # The first process, which is held, does not come to the last image. With several tasks, each has announced its few.
    wait_until(lambda: "joined" in second.output() if more else last in reads(stage))
    stage.proxy.release()
    assert [0, 0] == [first.wait(), second.wait()], stage.tasks.outputs()
    assert IMAGES == stage.thumbnails(), stage.tasks.outputs()
    assert [] == stage.judge().all()
    twice = sum(count - 1 for count in Counter(reads(stage)).values())
    assert twice <= IMAGES / 10, twice
    for task in (first, second):
        assert re.search(rf"The run is complete: {IMAGES} done|This task: {IMAGES} done", task.output()), task.output()


@pytest.mark.slow
def test_a_dead_process_leaves_nothing_undone(stage: Stage) -> None:
    """The same command after a kill does what the dead process had announced, without waiting for it."""
    stage.world.fill(IMAGES)
    let_through(stage.proxy, 10)
    first = start(stage)
    wait_until(lambda: stage.thumbnails() == 10)
    first.kill()
    stage.proxy.release()
    second = start(stage)
    assert 0 == second.wait(), second.output()
    assert IMAGES == stage.thumbnails()
    assert [] == stage.judge().all()
