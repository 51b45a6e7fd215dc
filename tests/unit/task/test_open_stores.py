"""Tests which stores of a task keep to a limit of requests a second."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.virtual import EPOCH, VirtualClock, run
from thumbrun.environment.machine import Machine
from thumbrun.logs.events import Event, Events, Progress
from thumbrun.settings.resolved import resolve
from thumbrun.storage.memory import MemoryStore
from thumbrun.storage.retry import RetryingStore
from thumbrun.task.open_stores import Stores

TASKS = {"CLOUD_RUN_TASK_INDEX": "1", "CLOUD_RUN_TASK_COUNT": "1000"}
BUCKETS = {"INPUT_FOLDER": "gs://pictures/in", "OUTPUT_BUCKET": "thumbnails"}


class Silence:
    """A sink that shows nothing."""

    def event(self, event: Event) -> None:
        """Ignore an event."""

    def progress(self, progress: Progress, labels: Mapping[str, str]) -> None:
        """Ignore the progress."""

    def close(self) -> None:
        """Do nothing."""


async def seconds(environ: dict[str, str], *, minutes: float) -> list[float]:
    """Return the seconds that twenty writes take on each store of a task, when its run is some minutes old."""
    settings = resolve({**TASKS, **environ}, {}, machine=Machine(processors=4, memory=16 << 30))
    clock = VirtualClock(1)
    took = []
    async with Stores(settings, Events(Silence(), clock), clock) as stores:
        stores.ramp(EPOCH - timedelta(minutes=minutes))
        for store in (stores.source, stores.output, stores.state.store):
            assert isinstance(store, RetryingStore)
            store._inner = MemoryStore()
            began = clock.monotonic()
            for number in range(20):
                await store.create(f"{number}", b"x", content_type="a/b", metadata={})
            took.append(clock.monotonic() - began)
    return took


@pytest.mark.parametrize(("minutes", "expected"), [(0, 20.0), (20, 10.0), (60, 2.5)])
def test_a_task_of_many_keeps_to_its_share_of_each_bucket(minutes: float, expected: float) -> None:
    """One of a thousand tasks sends one write a second to a new bucket, and twice as many every 20 minutes."""
    source, output, _ = run(seconds(BUCKETS, minutes=minutes))
    assert source == pytest.approx(expected, abs=expected / 10 + 0.25)
    assert output == pytest.approx(expected, abs=expected / 10 + 0.25)


@pytest.mark.parametrize(
    "environ",
    [
        BUCKETS | {"THUMBRUN_RAMP": "0"},
        BUCKETS | {"STORAGE_EMULATOR_HOST": "http://127.0.0.1:9"},
        {"INPUT_FOLDER": "file:///tmp/in", "OUTPUT_BUCKET": "file:///tmp/out"},
    ],
    ids=["off", "emulator", "folder"],
)
def test_where_nothing_is_to_be_spared_nobody_waits(environ: dict[str, str]) -> None:
    """Requests do not wait if the ramp is off, on an emulator, or in a folder."""
    assert [0.0, 0.0, 0.0] == run(seconds(environ, minutes=0))


def test_a_bucket_of_several_uses_is_one_bucket() -> None:
    """State and thumbnails in one bucket share the limit of that bucket."""
    took = run(seconds(BUCKETS, minutes=0))
    assert took[2] == pytest.approx(20.0, abs=2.25)
