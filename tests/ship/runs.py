"""Puts objects into the emulator, names a task of a run over them, and reads what tasks print."""

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from PIL import Image

from tests.e2e.tasks import cloud_run
from thumbrun.demo.emulator import Emulator
from thumbrun.demo.sample import Sample

BUCKET = "photos"
SOURCE = f"gs://{BUCKET}/in"


def put_samples(emulator: Emulator, samples: Iterable[Sample]) -> dict[str, str]:
    """Create the bucket, put samples into it, and return the status that each item is to have, by its path."""
    emulator.create_bucket(BUCKET)
    expected = {}
    for sample in samples:
        emulator.put(BUCKET, f"in/{sample.path}", sample.data, content_type=sample.content_type)
        if sample.status:
            expected[sample.path] = str(sample.status)
    return expected


def task_variables(emulator: Emulator, index: int, count: int, attempt: int, execution: str) -> dict[str, str]:
    """Return the variables of a task as Cloud Run sets them, with the emulator as the store."""
    named = {"CLOUD_RUN_JOB": "thumbs", "STORAGE_EMULATOR_HOST": emulator.url, "INPUT_FOLDER": SOURCE}
    return named | cloud_run(index, count, attempt, execution)


def said(output: str) -> list[dict[str, Any]]:
    """Return the events that a task printed, one a line; whatever else it printed fails the test."""
    return [json.loads(line) for line in output.splitlines()]


def run_ids(events: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the runs that a task's events name."""
    labels = [event.get("logging.googleapis.com/labels", {}) for event in events]
    return {label["run"] for label in labels if "run" in label}


def thumbnail_sizes(emulator: Emulator, run_id: str) -> dict[str, tuple[int, int]]:
    """Return the size of each thumbnail in a run's folder, by its source's path; each must decode."""
    found: dict[str, tuple[int, int]] = {}
    for name, item in emulator.objects(BUCKET, f"{run_id}/").items():
        source = item["metadata"]["thumbrun-source"].removeprefix(f"{SOURCE}/")
        assert source not in found
        with Image.open(io.BytesIO(emulator.read(BUCKET, name))) as thumbnail:
            thumbnail.load()
            found[source] = thumbnail.size
    return found
