"""Tests of a tree with nothing but its requirements.txt installed: Google's buildpacks and many Dockerfiles do that."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.e2e.ledgers import outcomes
from tests.e2e.tasks import clean_environment
from tests.ship.containers import containers_of
from tests.ship.engine import ROOT, Engine
from tests.ship.runs import BUCKET, put_samples, run_ids, said, task_variables, thumbnail_sizes
from thumbrun.demo.emulator import Emulator
from thumbrun.demo.samples import samples
from thumbrun.outcomes import Status

# The usual Dockerfile of a Python program that is no package.
DOCKERFILE = """\
ARG BASE
FROM ${BASE}
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["python", "process.py"]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy what git keeps of this tree, as it is now, and return the copy."""
    copy = tmp_path / "tree"
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout
    for name in files.split("\0"):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


def web_process() -> list[str]:
    """Return the command that the Procfile names, which buildpacks start."""
    (line,) = (ROOT / "Procfile").read_text().splitlines()
    name, _, command = line.partition(": ")
    assert "web" == name
    return shlex.split(command)


def check_run(emulator: Emulator, expected: dict[str, str], output: str) -> None:
    """Check that a task which printed this made the thumbnails, and the outcomes that the samples are to have."""
    (run_id,) = run_ids(said(output))
    assert expected == {row["source"].removeprefix("in/"): row["status"] for row in outcomes(emulator, BUCKET)}
    made = {path for path, status in expected.items() if status == Status.DONE}
    assert made == set(thumbnail_sizes(emulator, run_id))


@pytest.mark.ship
@pytest.mark.timeout(1200)
def test_an_environment_with_only_the_requirements(tree: Path, emulator: Emulator, tmp_path: Path) -> None:
    """The Procfile's process does a whole run, though pip knows no thumbrun."""
    python = tmp_path / "venv/bin/python"
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    subprocess.run([*pip, "install", "--no-compile", "--requirement", "requirements.txt"], check=True, cwd=tree)
    subprocess.run([*pip, "check"], check=True)  # as a buildpack does
    assert 1 == subprocess.run([*pip, "show", "thumbrun"], capture_output=True).returncode
    expected = put_samples(emulator, samples())
    environment = clean_environment(**task_variables(emulator, 0, 1, 0, "thumbs-x7k2p"))
    environment.pop("PYTHONPATH", None)
    environment["PATH"] = f"{python.parent}:{environment['PATH']}"
    done = subprocess.run(web_process(), cwd=tree, env=environment, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr), done.stdout
    check_run(emulator, expected, done.stdout)


@pytest.mark.ship
@pytest.mark.timeout(1200)
def test_a_container_that_copies_the_tree(engine: Engine, tree: Path, emulator: Emulator, tmp_path: Path) -> None:
    """A Dockerfile that installs requirements.txt and copies the tree makes a container that does a whole run."""
    (tree / "Dockerfile").write_text(DOCKERFILE)
    image = engine.built(tree)
    expected = put_samples(emulator, samples())
    with containers_of(engine, image, tmp_path) as containers:
        code, output = containers.run(variables=task_variables(emulator, 0, 1, 0, "thumbs-x7k2p"))
    assert 0 == code, output
    check_run(emulator, expected, output)


def test_an_installed_package_comes_before_the_tree(tmp_path: Path) -> None:
    """The entry takes thumbrun from the environment where it is installed, and not from the source beside itself."""
    (tmp_path / "thumbrun").mkdir()
    (tmp_path / "thumbrun/__init__.py").touch()
    (tmp_path / "thumbrun/__main__.py").write_text("def entry(arguments):\n    print('installed', *arguments)\n")
    done = subprocess.run(
        [sys.executable, str(ROOT / "process.py"), "plan"],
        check=True,
        env=clean_environment(PYTHONPATH=str(tmp_path)),
        capture_output=True,
        text=True,
    )
    assert "installed plan\n" == done.stdout


def test_buildpacks_take_the_python_of_the_dockerfile() -> None:
    """project.toml names the version of Python that the Dockerfile builds on."""
    (variable,) = tomllib.loads((ROOT / "project.toml").read_text())["build"]["env"]
    base = re.search(r"^ARG BASE=python:(\d+\.\d+)-slim$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert base
    assert {"name": "GOOGLE_PYTHON_VERSION", "value": f"{base[1]}.x"} == variable
