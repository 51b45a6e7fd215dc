"""Tests of a whole preview, of folders and of a stand-in for Cloud Storage that knows its bucket's settings."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.photographs import photographs
from tests.unit.logs.test_events import Heard
from thumbrun.clock import SystemClock
from thumbrun.errors import SettingsError
from thumbrun.logs.events import Events
from thumbrun.preview.preview import Preview, preview
from thumbrun.settings.resolved import resolve


async def previewed(environ: dict[str, str], flags: dict[str, str | None] | None = None) -> Preview:
    """Return the preview of a run."""
    clock = SystemClock()
    return await preview(resolve(environ, flags or {}), Events(Heard(), clock), clock)


@pytest.fixture
def folder(tmp_path: Path) -> dict[str, str]:
    """Return a folder with photographs, two of which collide on a disk that folds names, as a source."""
    source = tmp_path / "in"
    for name, body in zip(("a/x.jpg", "b/X.JPG", "c/y.jpg"), photographs().values(), strict=False):
        path = source / name
        path.parent.mkdir(parents=True)
        path.write_bytes(body)
    (source / "notes.txt").write_bytes(b"text")
    (source / "broken.jpg").write_bytes(b"no image")
    return {"INPUT_FOLDER": source.as_uri(), "OUTPUT_BUCKET": str(tmp_path / "out")}


async def test_a_folder(folder: dict[str, str], tmp_path: Path) -> None:
    """A folder's plan tells formats, the largest images and names at risk, and costs nothing."""
    found = await previewed(folder)
    record = found.to_record()
    assert json.loads(json.dumps(record)) == record
    assert (4, 2, 2) == (found.items, found.collisions, found.names_at_risk["differ_in_form_only"])
    (row,) = record["formats"]
    assert ("jpeg", None, 4) == (row["format"], row["storage_class"], row["objects"])
    assert row["pixels"] > 1_000_000
    assert sorted((one["bytes"] for one in record["largest"]), reverse=True) == [
        one["bytes"] for one in record["largest"]
    ]
    assert {"tasks", "seconds", "vcpu_seconds", "requests", "usd"} <= record["estimates"][0].keys()
    assert [0.0] == sorted({one["usd"] for one in record["estimates"]})
    assert "recorded" == record["rates"]["from"]
    assert record["recommended"]["tasks"] in [one["tasks"] for one in record["estimates"]]
    assert not (tmp_path / "out").exists()


async def test_a_current_folder_that_cannot_be_written_to(
    folder: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan needs no output to write to: it says that a run needs one. An output that is named must be right."""
    (tmp_path / "shut").mkdir()
    monkeypatch.chdir(tmp_path / "shut")
    monkeypatch.setattr(os, "access", lambda path, mode: mode & os.W_OK == 0)  # this test can run as root
    found = await previewed({"INPUT_FOLDER": folder["INPUT_FOLDER"]})
    assert 4 == found.items
    assert ["output-needed"] == [one.kind for one in found.cautions]
    (tmp_path / "out").mkdir()
    with pytest.raises(SettingsError, match="is not permitted to write to"):
        await previewed(folder)


async def test_a_sample_of_a_folder(folder: dict[str, str], tmp_path: Path) -> None:
    """A sample opens images, one of which is broken, and estimates from them; nothing is written."""
    found = await previewed(folder, {"sample": "4"})
    rates = found.to_record()["rates"]
    assert ("sample", 4, 1) == (rates["from"], rates["images"], rates["failed"])
    low, high = rates["processor_seconds_range"]
    assert 0 < low <= rates["processor_seconds"] <= high
    assert not (tmp_path / "out").exists()


async def test_nothing_to_estimate(tmp_path: Path) -> None:
    """Without an image to decode there is no estimate, and no error either."""
    (tmp_path / "a.svg").write_bytes(b"<svg/>")
    record = (await previewed({"INPUT_FOLDER": tmp_path.as_uri(), "OUTPUT_BUCKET": str(tmp_path / "out")})).to_record()
    assert (1, [], None, None) == (record["items"], record["estimates"], record["bill"], record["recommended"])


class Bucket:
    """A stand-in for Cloud Storage: one bucket, with settings that an account may read or not.

    Attributes:
        settings: The settings of the bucket, or None if it refuses to tell them.
        items: The objects.
        url: The address.
        status: The status with which it refuses.
    """

    def __init__(self) -> None:
        self.settings: dict[str, Any] | None = None
        self.items: list[dict[str, Any]] = []
        self.url = ""
        self.status = 403

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request for a listing, or for the bucket's settings."""
        if request.path.endswith("/o"):
            return web.json_response({"items": self.items})
        return web.Response(status=self.status) if self.settings is None else web.json_response(self.settings)


@pytest.fixture
async def bucket() -> AsyncIterator[Bucket]:
    """Run a bucket with 100 JPEG of 1 MB in Nearline."""
    made = Bucket()
    names = [f"in/{number:03d}.jpg" for number in range(100)]
    made.items = [
        {"name": name, "generation": "1", "size": "1000000", "contentType": "image/jpeg", "storageClass": "NEARLINE"}
        for name in names
    ]
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def test_a_bucket(bucket: Bucket) -> None:
    """A bucket's settings become warnings and lines of the bill; unknown prices are not included."""
    bucket.settings = {
        "location": "EUROPE-WEST1",
        "locationType": "region",
        "storageClass": "STANDARD",
        "softDeletePolicy": {"retentionDurationSeconds": "604800"},
    }
    environ = {"INPUT_FOLDER": "gs://pictures/in", "STORAGE_EMULATOR_HOST": bucket.url}
    found = await previewed(environ, {"region": "us-east1"})
    record = found.to_record()
    lines = {line["what"]: line for line in record["bill"]["lines"]}
    assert 0.0005 == lines["writes"]["usd"]
    assert 0.000931 == lines["retrieval from Nearline"]["usd"]
    assert lines["reads"]["usd"] is None
    assert ["class-b/region/nearline", "transfer/world", "transfer/world"] == record["bill"]["not_included"]
    assert ["cold-storage", "regions-differ", "soft-delete"] == [one["kind"] for one in record["warnings"]]
    assert [("jpeg", "NEARLINE")] == [(row["format"], row["storage_class"]) for row in record["formats"]]


async def test_an_output_without_credentials(folder: dict[str, str], bucket: Bucket) -> None:
    """The warning names what keeps thumbrun from the bucket of the output, and not a permission."""
    bucket.status = 401
    found = await previewed(folder | {"OUTPUT_BUCKET": "gs://thumbs", "STORAGE_EMULATOR_HOST": bucket.url})
    ((kind, text),) = found.cautions
    assert "bucket-not-known" == kind
    assert "of gs://thumbs are not known: gs://thumbs/: the bucket_facts request failed with HTTP status 401" in text
    assert "storage.buckets.get" not in text


async def test_a_bucket_whose_settings_are_secret(bucket: Bucket) -> None:
    """Without storage.buckets.get the settings are not known, which is a warning and no error."""
    found = await previewed({"INPUT_FOLDER": "gs://pictures/in", "STORAGE_EMULATOR_HOST": bucket.url})
    assert "bucket-not-known" in [one.kind for one in found.cautions]
    assert found.forecast is not None
    assert found.forecast.asked.bill.usd > 0


async def test_a_limit_on_the_cost(bucket: Bucket) -> None:
    """A plan refuses as a run would: where a price is unknown, and where it costs too much."""
    environ = {"INPUT_FOLDER": "gs://pictures/in", "STORAGE_EMULATOR_HOST": bucket.url, "THUMBRUN_MAX_COST": "1"}
    with pytest.raises(SettingsError, match="the price class-b/region/nearline is unknown"):
        await previewed(environ)
    for item in bucket.items:
        item["storageClass"] = "STANDARD"
    assert 100 == (await previewed(environ)).items
    with pytest.raises(SettingsError, match="but the run might cost"):
        await previewed(environ | {"THUMBRUN_MAX_COST": "0.0001"})
