"""Tests of the limit on open files: thumbrun raises its own, and keeps within what it gets."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.tasks import ROOT, clean_environment
from thumbrun.demo.emulator import Emulator
from thumbrun.environment.machine import open_files, raise_open_files
from thumbrun.settings.resolved import most_in_flight

IMAGES = 60


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Return a folder of images that are too large to travel in a socket, so each has a file while it is decoded."""
    folder = tmp_path / "in"
    folder.mkdir()
    noise = Image.effect_noise((300, 300), 80).convert("RGB")
    for number in range(IMAGES):
        noise.save(folder / f"{number}.png")
    return folder


def run(limits: tuple[int, int], *arguments: str, **environment: str) -> str:
    """Run a command under a soft and a hard limit on open files; return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "thumbrun", "run", *arguments, "--in-flight", "200"],
        cwd=ROOT,
        env=clean_environment(**environment),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("limits", [(24, 1024), (64, 64)], ids=["soft", "hard"])
def test_a_low_limit_is_enough_for_a_folder(tmp_path: Path, images: Path, limits: tuple[int, int]) -> None:
    """A run raises a low limit as far as it may, and needs no more files than it gets."""
    said = run(limits, str(images), "--output", str(tmp_path / "out"), "--workers", "2")
    assert f"The run is complete: {IMAGES} done" in said


@pytest.mark.slow
def test_a_low_limit_is_enough_for_buckets(emulator: Emulator, images: Path) -> None:
    """A run with two buckets keeps its connections within the limit, whatever --in-flight says."""
    for bucket in ("photographs", "thumbnails"):
        emulator.create_bucket(bucket)
    for path in images.iterdir():
        emulator.put("photographs", f"in/{path.name}", path.read_bytes(), content_type="image/png")
    where = ("gs://photographs/in", "--output", "gs://thumbnails", "--workers", "2")
    assert f"The run is complete: {IMAGES} done" in run((64, 64), *where, STORAGE_EMULATOR_HOST=emulator.url)


def test_what_a_limit_allows() -> None:
    """At least one request is under way, and the usual limits allow what --in-flight asks for."""
    assert 1 == most_in_flight(16, 8)
    assert 1024 <= most_in_flight(8192, 8)
    assert 96 <= most_in_flight(1024, 32)
    raise_open_files()
    assert open_files() > 64
