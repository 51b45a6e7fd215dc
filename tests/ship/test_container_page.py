"""Tests that run the commands of docs/container.md as they stand, with the engine that is here in Docker's place."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ship.engine import ROOT, Engine, environment
from tests.ship.key import ACCOUNT, key_file, token_endpoint
from thumbrun.demo.samples import samples

pytestmark = [pytest.mark.ship, pytest.mark.timeout(900)]
# Stands for `docker` on the path. The image is the one of the tests, and this machine's addresses can be reached.
_DOCKER = """\
#!{python}
import os, sys
arguments = [{image!r} if argument == "thumbrun" else argument for argument in sys.argv[1:]]
if arguments[0] == "run" and "none" not in arguments:
    arguments[1:1] = ["--network", "host"]
if "--entrypoint" in arguments:
    arguments[arguments.index("--entrypoint") + 1] = sys.argv[sys.argv.index("--entrypoint", 1) + 1]
os.execvp({program!r}, [{program!r}, *arguments])
"""
Shell = Callable[[str], subprocess.CompletedProcess[str]]


def commands() -> list[str]:
    """Return the commands of the page that call docker, each as one line."""
    page = (ROOT / "docs/container.md").read_text("utf-8")
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    return [line for line in blocks.replace("\\\n", " ").splitlines() if line.startswith("docker ")]


def command(*parts: str) -> str:
    """Return the page's only command with these parts."""
    (found,) = [line for line in commands() if all(part in line for part in parts)]
    return found


@pytest.fixture
def shell(engine: Engine, image: str, tmp_path: Path) -> Shell:
    """Return a function that runs a command in an empty folder, which is also the home."""
    stand_in = tmp_path / "bin/docker"
    stand_in.parent.mkdir()
    stand_in.write_text(_DOCKER.format(python=sys.executable, image=image, program=engine.program))
    stand_in.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    variables = environment() | {"HOME": str(home), "PATH": f"{stand_in.parent}:{os.environ['PATH']}"}

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", "-c", line], cwd=home, env=variables, capture_output=True, text=True)

    return run


def test_the_command_on_folders(shell: Shell, tmp_path: Path) -> None:
    """The command on folders makes a thumbnail of each picture in `photos`, in `thumbs`."""
    gallery = [sample for sample in samples() if sample.path.startswith("gallery/")]
    for sample in gallery:
        target = tmp_path / "home/photos" / sample.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(sample.data)
    (tmp_path / "home/thumbs").mkdir()
    ended = shell(command("--volume", "/photos --output /thumbs"))
    assert 0 == ended.returncode, ended.stdout + ended.stderr
    made = [path.name for path in (tmp_path / "home/thumbs").glob("2*/*")]
    assert sorted(Path(sample.path).name for sample in gallery) == sorted(made)


def test_the_command_on_a_bucket(shell: Shell, tmp_path: Path) -> None:
    """The command on a bucket reads the credentials that only their owner can read, and asks for a token with them."""
    key = tmp_path / "home/.config/gcloud/application_default_credentials.json"
    key.parent.mkdir(parents=True)
    with token_endpoint() as (url, claims):
        key_file(key, url)
        key.chmod(0o600)
        ended = shell(command("GOOGLE_APPLICATION_CREDENTIALS", "INPUT_FOLDER"))
    assert {ACCOUNT} == {claim["iss"] for claim in claims}, ended.stdout + ended.stderr
    assert 1 == ended.returncode


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["plan --help"], "Show what a run would do"),
        (["--entrypoint thumbrun"], "decoding cannot reach files, network or programs: yes"),
        (["--entrypoint ls"], "process.py"),
        (["--entrypoint python"], "Make a thumbnail of every image under SOURCE"),
        (["docker inspect"], "[python process.py] []"),
    ],
)
def test_the_commands_that_show_something(shell: Shell, parts: list[str], expected: str) -> None:
    """Each command that only shows something shows it."""
    ended = shell(command(*parts))
    assert 0 == ended.returncode, ended.stdout + ended.stderr
    assert expected in " ".join(ended.stdout.split())


def test_each_command_of_the_page_is_run() -> None:
    """The page has no command of docker beside those that the tests above run."""
    assert 7 == len(commands())
    assert {"run", "inspect"} == {shlex.split(line)[1] for line in commands()}
