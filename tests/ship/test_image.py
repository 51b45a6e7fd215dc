"""Tests of the container's image: built from the Dockerfile, and run with few rights, with Docker or podman."""

import json
import re
import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from tests.e2e.ledgers import outcomes
from tests.faults.images.bombs import BOMBS
from tests.hostile import hostile_images
from tests.ship.containers import Containers
from tests.ship.engine import ROOT, Engine
from tests.ship.key import ACCOUNT, key_file, token_endpoint
from tests.ship.runs import BUCKET, put_samples, run_ids, said, task_variables, thumbnail_sizes
from tests.unit.imaging.samples import bomb
from thumbrun.decoding.versions import confinement
from thumbrun.demo.emulator import Emulator
from thumbrun.demo.samples import samples
from thumbrun.outcomes import Reason, Status
from thumbrun.version import __version__

# The first test that needs the image builds it, the others wait for that.
pytestmark = [pytest.mark.ship, pytest.mark.timeout(900)]
TASKS = 4
KILLED = 137
_FIND_TOOLS = """
import importlib.util, shutil
print([tool for tool in ("cc", "gcc", "make", "git", "pip", "pip3", "uv") if shutil.which(tool)]
    + [name for name in ("pip", "setuptools") if importlib.util.find_spec(name)])
"""


def test_what_the_image_declares(engine: Engine, image: str) -> None:
    """What `make image` builds starts `python process.py` in /app as a user without a name; labels say what it is."""
    declared = json.loads(engine.call("image", "inspect", image))[0]
    assert ("linux", "amd64") == (declared["Os"], declared["Architecture"])
    config = declared["Config"]
    assert ["python", "process.py"] == config["Entrypoint"]
    assert not config.get("Cmd")
    assert "65532:65532" == config["User"]
    assert "/app" == config["WorkingDir"]
    labels = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in config["Labels"].items()
        if name.startswith("org.opencontainers.image.")
    }
    # The commit and the time of the build, which another commit of the same files does not change.
    assert re.fullmatch(r"[0-9a-f]{40}", labels.pop("revision"))
    assert datetime.fromisoformat(labels.pop("created")).tzinfo
    license_ = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"]
    assert {
        "title": "thumbrun",
        "description": "Thumbnails of every image under a Cloud Storage prefix, in parallel tasks",
        "source": "https://github.com/thumbrun/thumbrun",
        "licenses": license_,
        "version": __version__,
        "base.name": engine.base,
    } == labels


def test_the_version_of_a_build_without_arguments() -> None:
    """The Dockerfile names the version of the source, as `gcloud run jobs deploy --source .` passes no arguments."""
    assert f"\nARG VERSION={__version__}\n" in (ROOT / "Dockerfile").read_text()


def test_the_folder_of_the_entry(containers: Containers) -> None:
    """`ls -la /app` shows process.py, which root owns: the program's own user cannot change it."""
    code, output = containers.run("-la", "/app", options=["--entrypoint", "ls"])
    assert 0 == code, output
    assert re.search(r"^-rw-r--r-- +1 root +root .* process\.py$", output, re.MULTILINE)


def test_the_entry_with_python_named_before_it(containers: Containers) -> None:
    """`--entrypoint python IMAGE process.py` does what the image does alone: without a source, it names the setting."""
    alone = containers.run()
    named = containers.run("process.py", options=["--entrypoint", "python"])
    assert alone == named
    code, output = alone
    assert 2 == code
    assert "INPUT_FOLDER is not set" in output


def test_who_runs(containers: Containers) -> None:
    """The program is no user of the base and cannot become one, and no file that it can reach can be written."""
    script = """
import os, sys
print(os.getuid(), os.getgid(), os.getgroups())
print(*[line for line in open("/proc/self/status") if line.startswith(("CapEff", "CapBnd", "NoNewPrivs"))], sep="")
try:
    open("/app/written", "w")
except OSError as error:
    print(error.strerror)
"""
    code, output = containers.run("-c", script, options=["--entrypoint", "python"])
    assert 0 == code, output
    assert "65532 65532 [65532]" in output or "65532 65532 []" in output
    assert {"CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1"} == dict(re.findall(r"(\w+):\t(\w+)", output))
    assert "Read-only file system" in output


def test_no_tools_to_build_or_install(containers: Containers) -> None:
    """The image has no compiler and no pip, neither beside the program nor in the Python of its base."""
    script = (
        """
import subprocess, sys
find = """
        + repr(_FIND_TOOLS)
        + """
for python in (sys.executable, sys._base_executable):
    print(subprocess.run([python, "-c", find], capture_output=True, text=True, check=True).stdout, end="")
"""
    )
    code, output = containers.run("-c", script, options=["--entrypoint", "python"])
    assert (0, "[]\n[]\n") == (code, output)


def test_the_measures_of_the_sandbox_hold(containers: Containers) -> None:
    """Decoding is confined in the container as far as thumbrun can: a change of the base cannot silently end that."""
    code, output = containers.run("--version", "--verbose", options=["--entrypoint", "thumbrun"])
    assert 0 == code, output
    assert f"thumbrun {__version__}" == output.splitlines()[0]
    measures = dict(re.findall(r"^(.+): (yes|no)$", output, re.MULTILINE))
    assert dict.fromkeys(confinement(), "yes") == measures


def test_four_tasks(containers: Containers, emulator: Emulator) -> None:
    """Four containers at once, each with 512 MiB, make one run of the samples; a fifth checks it."""
    expected = put_samples(emulator, samples())
    tasks = [
        containers.start(variables=task_variables(emulator, index, TASKS, 0, "thumbs-x7k2p")) for index in range(TASKS)
    ]
    ended = [task.ended() for task in tasks]
    assert [0] * TASKS == [code for code, _ in ended], ended
    (run_id,) = run_ids([event for _, output in ended for event in said(output)])
    rows = outcomes(emulator, BUCKET)
    assert expected == {row["source"].removeprefix("in/"): row["status"] for row in rows}
    assert len(expected) == len(rows)
    sizes = thumbnail_sizes(emulator, run_id)
    assert {path for path, status in expected.items() if status == Status.DONE} == set(sizes)
    assert all(max(size) <= 256 for size in sizes.values())
    code, output = containers.run(
        "verify", f"gs://{BUCKET}/{run_id}", variables={"STORAGE_EMULATOR_HOST": emulator.url}
    )
    assert 0 == code, output


@pytest.mark.timeout(1800)
def test_broken_pictures(containers: Containers, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    """A container with 512 MiB gives each broken picture and each bomb one outcome, and the samples theirs."""
    expected = put_samples(emulator, samples())
    broken = hostile_images() | {name.replace(" ", "-"): bomb.make() for name, bomb in BOMBS.items()}
    for name, body in broken.items():
        emulator.put(BUCKET, f"in/broken/{name}", body, content_type="application/octet-stream")
    settings = {"THUMBRUN_LAYOUT": "tree", "THUMBRUN_DETECT": "content", "THUMBRUN_IMAGE_TIMEOUT": "600"}
    code, output = containers.run(variables=task_variables(emulator, 0, 1, 0, "thumbs-x7k2p") | settings)
    assert 0 == code, output
    rows = {row["source"].removeprefix("in/"): row for row in outcomes(emulator, BUCKET)}
    done = {path for path, row in rows.items() if row["status"] == Status.DONE}
    assert {path for path, status in expected.items() if status == Status.DONE} <= done
    failures = {path: row["reason"] for path, row in rows.items() if "reason" in row}
    assert set(failures.values()) <= {str(reason) for reason in Reason}
    assert rows.keys() == done | failures.keys()
    (run_id,) = run_ids(said(output))
    assert done == set(thumbnail_sizes(emulator, run_id))
    bombs = {name: rows.get(f"broken/{name.replace(' ', '-')}") for name in BOMBS}
    fatal = {name for name, row in bombs.items() if row and row.get("reason") == Reason.CRASHED}
    assert not fatal
    with capsys.disabled():
        print(f"\n{len(rows):,} items of {len(broken):,} broken files and the samples, {len(failures):,} failed")


def test_too_little_memory(containers: Containers, emulator: Emulator) -> None:
    """A task that holds more than its container has is killed, code 137; its next attempt under 512 MiB finishes it.

    The setting lets the task hold a file of 120 MB, which stays in memory until the task itself is killed.
    """
    expected = put_samples(emulator, [sample for sample in samples() if sample.path.startswith("gallery/")])
    emulator.put(BUCKET, "in/large.png", bomb(640) + bytes(120_000_000), content_type="image/png")
    variables = task_variables(emulator, 0, 1, 0, "thumbs-small")
    code, output = containers.run(variables=variables | {"THUMBRUN_MEMORY": "400MiB"}, memory="100m")
    assert KILLED == code, output
    assert "Plan made" in output
    (begun,) = run_ids(said(output))
    code, output = containers.run(variables=task_variables(emulator, 0, 1, 1, "thumbs-small"))
    assert 0 == code, output
    assert {begun} == run_ids(said(output))
    assert {*expected, "large.png"} == set(thumbnail_sizes(emulator, begun))


def test_a_key_mounted_at_its_place(containers: Containers, tmp_path: Path) -> None:
    """A key at /secrets/key.json, mounted read-only, is what the container asks for a token with."""
    with token_endpoint() as (url, claims):
        key_file(tmp_path / "key.json", url)
        code, output = containers.run(
            variables={"GOOGLE_APPLICATION_CREDENTIALS": "/secrets/key.json", "INPUT_FOLDER": "gs://photos/in"},
            options=["--volume", f"{tmp_path / 'key.json'}:/secrets/key.json:ro"],
        )
    assert 1 == code, output
    assert {ACCOUNT} == {claim["iss"] for claim in claims}
    assert "thumbrun has no usable credentials for Cloud Storage" in output
