"""Tests of what several tasks on one machine show together."""

import io

from tests.unit.logs.clocks import HandClock
from tests.unit.logs.test_events import Heard
from thumbrun.api.local_tasks import _LocalTasks
from thumbrun.logs.events import Events, Progress
from thumbrun.logs.lines import JsonLines
from thumbrun.settings.resolved import resolve


def lines_of_a_task(progress: Progress) -> list[str]:
    """Return the lines of a task that reads a plan of ten images and tells its progress."""
    stream = io.StringIO()
    events = Events(JsonLines(stream, HandClock()), HandClock())
    events.info("plan-read", "Plan read", items=10, bytes=1, shards=3)
    events.progress(progress)
    return stream.getvalue().splitlines()


def test_the_total_is_that_of_the_plan() -> None:
    """The progress is of all images of the plan, also while some tasks have not told theirs; each task has its own."""
    heard = Heard()
    settings = resolve({}, {"source": "gs://b-1/in", "tasks": "3"})
    tasks = _LocalTasks(settings, {}, 3, Events(heard, HandClock()))
    own = Progress(4, 2, 0, 1, reasons={"truncated": 1}, run_total=10)
    for line in lines_of_a_task(own):
        tasks._show(tasks._tasks[1], line)
    assert heard.last
    assert Progress(10, 2, 0, 1, 0, 0, {"truncated": 1}, 10, (None, own, None)) == heard.last[0]
