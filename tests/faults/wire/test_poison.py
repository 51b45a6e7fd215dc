"""Tests of an image that kills its task's whole process group each time a task opens it, with real processes."""

import gzip
import json
import os
import signal
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from tests.e2e.tasks import Task, clean_environment, cloud_run, task_processes
from tests.faults.wire.asked import Asked
from tests.faults.wire.faults import Fault
from tests.faults.wire.proxy import running_proxy
from tests.photographs import photographs
from thumbrun.demo.emulator import Emulator, running_emulator

BUCKET = "poisoned-bucket"
IMAGES = 120


class Deadly:
    """Kills the task that has opened the image when the task creates the thumbnail.

    Attributes:
        victims: The tasks to kill, each once.
        deaths: The number of tasks that were killed.
    """

    def __init__(self, thumbnail: str) -> None:
        self._thumbnail = thumbnail
        self.victims: Queue[Task] = Queue()
        self.deaths = 0

    def __call__(self, asked: Asked) -> Fault | None:
        """Let every request pass except the one that writes the thumbnail."""
        if asked.operation != "create" or not asked.name.endswith(self._thumbnail):
            return None
        os.killpg(self.victims.get(timeout=60).process.pid, signal.SIGKILL)
        self.deaths += 1
        return Fault.RESET


def outcomes(emulator: Emulator) -> dict[str, list[dict[str, Any]]]:
    """Return every outcome in the ledger, by source."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in emulator.objects(BUCKET, "_thumbrun/runs/"):
        if "/ledger/" in name:
            for line in gzip.decompress(emulator.read(BUCKET, name)).splitlines()[1:]:
                row = json.loads(line)
                found.setdefault(row["source"], []).append(row)
    return found


@pytest.mark.slow
def test_the_fourth_attempt_sets_it_aside(tmp_path: Path) -> None:
    """The fourth attempt, the last by default on Cloud Run, sets the image aside and finishes all others."""
    body = min(photographs().values(), key=len)
    with (
        running_emulator() as emulator,
        running_proxy(emulator.url, deadly := Deadly("/0047.jpg")) as proxy,
        task_processes(tmp_path) as tasks,
    ):
        emulator.create_bucket(BUCKET)
        for number in range(IMAGES):
            emulator.put(BUCKET, f"in/{number:04}.jpg", body)
        codes = []
        for attempt in range(4):
            environment = clean_environment(
                INPUT_FOLDER=f"gs://{BUCKET}/in",
                STORAGE_EMULATOR_HOST=proxy.url,
                THUMBRUN_WORKERS="2",
                **cloud_run(0, 1, attempt, "execution-1"),
            )
            task = tasks.start(environment)
            deadly.victims.put(task)
            codes.append(task.wait())
        assert [-signal.SIGKILL, -signal.SIGKILL, -signal.SIGKILL, 0] == codes, tasks.outputs()
        assert 3 == deadly.deaths
        found = outcomes(emulator)
        assert {f"in/{number:04}.jpg" for number in range(IMAGES)} == set(found)
        assert [("failed", "poison")] == [(row["status"], row["reason"]) for row in found.pop("in/0047.jpg")]
        assert {"done"} == {row["status"] for rows in found.values() for row in rows}
