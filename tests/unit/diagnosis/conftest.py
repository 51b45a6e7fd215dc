"""Fixtures of the tests of a diagnosis."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.guarded import guarded
from tests.e2e.tasks import clean_environment
from tests.unit.diagnosis.cloud import PHOTOS, THUMBS, CloudStorage
from thumbrun.demo.emulator import Emulator, running_emulator


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set no variable that thumbrun reads, and let gcloud keep no login."""
    for name in os.environ.keys() - clean_environment():
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "no-login"))


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Run an emulator with a bucket of one image, and an empty one."""
    with running_emulator() as running:
        for bucket in (PHOTOS, THUMBS):
            running.create_bucket(bucket)
        running.put(PHOTOS, "in/a.jpg", b"an image")
        yield running


@pytest.fixture
def cloud(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorage]:
    """Serve Cloud Storage for an account with the least roles, whose key the environment names."""
    with guarded(emulator.url) as guard:
        (tmp_path / "key.json").write_text(guard.key_file())
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", guard.url)
        served = CloudStorage(emulator, guard)
        guard.answer_to = served.answer
        yield served
