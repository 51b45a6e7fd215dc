"""Tests of the container: the steps of its Dockerfile run in a virtual environment, and then its entry."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.tasks import ROOT, Tasks, clean_environment
from tests.photographs import photographs
from thumbrun.demo.emulator import Emulator


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_container_runs_with_what_it_installs(emulator: Emulator, tmp_path: Path, tasks: Tasks) -> None:
    """process.py does a task's work with only requirements.txt and the package installed."""
    python = tmp_path / "venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    docker = (ROOT / "Dockerfile").read_text()
    installs = re.findall(r"^RUN pip install --no-cache-dir (.+)$", docker, re.MULTILINE)
    assert ["--requirement requirements.txt", "--no-deps ."] == installs
    for arguments in installs:
        subprocess.run([*pip, "install", "--no-compile", *arguments.split()], check=True, cwd=ROOT)
    subprocess.run([*pip, "check"], check=True)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/process.py").write_bytes((ROOT / "process.py").read_bytes())
    emulator.create_bucket("photos")
    some = dict(list(photographs().items())[-10:])
    for name, body in some.items():
        emulator.put("photos", f"in/{name}", body)
    environment = clean_environment(STORAGE_EMULATOR_HOST=emulator.url, INPUT_FOLDER="gs://photos/in")
    environment.pop("PYTHONPATH", None)
    environment |= {"CLOUD_RUN_JOB": "thumbs", "CLOUD_RUN_EXECUTION": "thumbs-1"}
    done = subprocess.run(
        [str(python), "process.py"], check=True, cwd=tmp_path / "app", env=environment, capture_output=True
    )
    lines = done.stdout.decode().splitlines()
    assert all(line.startswith('{"severity": ') for line in lines)
    assert f"The run is complete: {len(some)} done" in lines[-1]
    assert b"" == done.stderr
