"""Tests that every gcloud command in a document or in the Makefile does what it says, with the installed gcloud.

gcloud sends its requests to a stand-in for Google's APIs (`google`), and each command has an expectation of what must
arrive (`expectations`). What this does not show: whether Google accepts the requests; whether a permission, a role or a
quota suffices; and, for `deploy --source` and `builds submit`, the build itself. Their upload is opened, and then the
stand-in calls the build a success. `test_image` and its neighbours build the image.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ship import gcloud
from tests.ship.commands import DOCUMENTS, ROOT, Command, commands_of, known, of_line, spans_of, targets_of_make
from tests.ship.consistent import check_deployed, check_runs
from tests.ship.expectations import check, sorted_out
from tests.ship.google import Google
from tests.ship.proxy import Request, serving
from tests.ship.rules import RULES

NAMES = {
    "PROJECT": "some-project",
    "REGION": "europe-north1",
    "REPOSITORY": "images",
    "IMAGE": "thumbnails",
    "TAG": "7",
    "INPUT_FOLDER": "gs://some-photos/in",
    "OUTPUT_BUCKET": "some-thumbnails",
    "TASKS": "12",
}
STEPS = ("deploy", "execute", "logs", "delete")  # of make, by gcloud
NEEDED = {
    "push": "PROJECT REGION REPOSITORY IMAGE TAG",
    "deploy": "PROJECT REGION REPOSITORY IMAGE TAG INPUT_FOLDER OUTPUT_BUCKET TASKS",
    "execute": "PROJECT REGION IMAGE TASKS",
    "logs": "PROJECT REGION IMAGE",
    "delete": "PROJECT REGION IMAGE",
    "push deploy execute logs delete": "PROJECT REGION REPOSITORY IMAGE TAG INPUT_FOLDER OUTPUT_BUCKET TASKS",
}
CLOUD_RUN = ROOT / "docs/cloud-run.md"
FROM_NOTHING = {CLOUD_RUN, ROOT / "README.md"}  # pages that make all that their jobs need
_OF_A_JOB = {"run jobs execute", "run jobs update", "run jobs delete"}
NO_COMMAND = {"gcloud run jobs run"}  # what docs/cloud-run.md says does not exist
ONLY_NAMED = {
    "gcloud auth login",
    "gcloud auth application-default login",
    "gcloud run jobs logs read",
}  # in running text, and no step of ours

with_commands = tuple(path for path in DOCUMENTS if commands_of(path))
needs_gcloud = pytest.mark.skipif(
    gcloud.PROGRAM is None, reason="gcloud is not installed: no command of the documents is checked"
)


class Session:
    """A gcloud with a configuration of its own, the stand-in that it asks, and a copy of this clone to work in."""

    def __init__(self, folder: Path, port: int, google: Google) -> None:
        self.google = google
        self.clone = folder / "clone"
        self.folder = folder
        self.env = gcloud.environment(folder, port)
        self.requests: list[Request] = []
        _copy_of_the_clone(self.clone)

    def sent(self, ending: str) -> bool:
        """Return whether the last command sent a request whose path ends in this."""
        return any(request.path.endswith(ending) for request in self.requests)

    def seed(self, commands: list[Command]) -> None:
        """Deploy the jobs that a document speaks of without deploying them."""
        deployed: set[str] = set()
        for asked in map(sorted_out, commands):
            names = asked.names()
            if asked.verb in ("run jobs deploy", "run jobs replace"):
                deployed.add(names["name"])
            elif asked.verb in _OF_A_JOB and names["name"] not in deployed:
                self.google.has_job(names["project"], names["region"], names["name"])

    def run(self, command: Command) -> str:
        """Run a command, check what arrived, and return what it printed."""
        sorted_out(command)
        before = len(self.google.requests)
        done = gcloud.run(command.argv, self.clone, self.env)
        assert 0 == done.returncode, f"{command.where}: {command.text}\n{done.stderr}"
        self.check(command, before)
        return done.stdout

    def check(self, command: Command, before: int) -> None:
        """Check what a command has sent after so many requests."""
        self.requests = requests = self.google.requests[before:]
        assert {gcloud.TOKEN} >= {request.token for request in requests}
        check(command, requests, self.google, self.folder)


@contextmanager
def session(folder: Path) -> Iterator[Session]:
    """Serve an empty project, and yield a gcloud for it."""
    google = Google()
    with serving(google) as port:
        yield Session(folder, port, google)
    assert [] == google.refused


def _copy_of_the_clone(target: Path) -> None:
    """Copy what a clone would hold, so that gcloud uploads neither environments nor results."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)


@needs_gcloud
@pytest.mark.ship
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", with_commands, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_of_a_document_sends_what_it_says(path: Path, tmp_path: Path) -> None:
    """Each command of a document works in its place, and the requests hold its image, account, roles and settings.

    Pages of the whole way begin with an empty project. When their job runs, its account and the image's repository
    exist, and the account holds the roles that it needs, and no others, on the buckets that the job uses. At the end of
    docs/cloud-run.md nothing is left.
    """
    with session(tmp_path) as it:
        it.seed(commands_of(path))
        for command in commands_of(path):
            it.run(command)
            if path in FROM_NOTHING and sorted_out(command).verb in ("run jobs deploy", "run jobs replace"):
                check_deployed(it.google, it.google.deployed[-1])
            if path in FROM_NOTHING and it.sent(":run"):
                check_runs(it.google, it.google.deployed[-1])
        if path == CLOUD_RUN:
            assert [] == it.google.leftovers()


@needs_gcloud
@pytest.mark.ship
@pytest.mark.timeout(300)
def test_targets_of_make_send_what_they_say(tmp_path: Path) -> None:
    """`make deploy execute logs delete` deploys, runs and deletes a job with the image, account and settings given."""
    settings = [f"{name}={value}" for name, value in NAMES.items()]
    with session(tmp_path) as it:
        for step in STEPS:
            (line,) = targets_of_make(NAMES, step)
            before = len(it.google.requests)
            done = subprocess.run(
                ["make", step, *settings], cwd=it.clone, env=it.env, check=False, capture_output=True, text=True
            )
            assert 0 == done.returncode, done.stderr
            it.check(of_line(f"make {step}", line), before)
            if step == "deploy":
                assert _deployed(it.google) == (
                    "europe-north1-docker.pkg.dev/some-project/images/thumbnails:7",
                    "thumbnails@some-project.iam.gserviceaccount.com",
                    {"INPUT_FOLDER": "gs://some-photos/in", "OUTPUT_BUCKET": "some-thumbnails"},
                    12,
                )
            if step == "logs":
                assert "it is done" in done.stdout
        assert not it.google.jobs


def _deployed(google: Google) -> tuple[str, str, dict[str, str], int]:
    spec = google.jobs["europe-north1", "thumbnails"]["spec"]["template"]["spec"]
    task = spec["template"]["spec"]
    (container,) = task["containers"]
    env = {one["name"]: one["value"] for one in container["env"]}
    return container["image"], task["serviceAccountName"], env, spec["taskCount"]


@needs_gcloud
@pytest.mark.timeout(120)
@pytest.mark.parametrize("line", sorted(NO_COMMAND))
def test_a_command_that_does_not_exist_is_refused(line: str, tmp_path: Path) -> None:
    """The installed gcloud refuses a command that docs/cloud-run.md calls missing, and asks Google nothing."""
    google = Google()
    with serving(google) as port:
        done = gcloud.run(of_line("here", line).argv, tmp_path, gcloud.environment(tmp_path, port))
    assert 2 == done.returncode
    assert "Invalid choice: 'run'" in done.stderr
    assert [] == google.requests


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_running_text_names_only_commands_that_have_an_expectation(path: Path) -> None:
    """A gcloud command in running text is one that this test knows, or one that the page calls missing."""
    for span in spans_of(path):
        assert span in NO_COMMAND | ONLY_NAMED or known(of_line(path.name, span).argv, set(RULES)), span


def test_documents_have_the_commands_of_the_whole_way() -> None:
    """The search finds commands in docs/cloud-run.md for every rule, so no rule is idle and no block is overlooked."""
    found = commands_of(CLOUD_RUN)
    assert set(RULES) == {sorted_out(command).verb for command in found}
    text = re.sub(r"\\\n\s*", "", CLOUD_RUN.read_text("utf-8"))
    assert len(re.findall(r"^gcloud ", text, re.MULTILINE)) == len(found)


def test_a_new_command_needs_its_expectation() -> None:
    """A command or a flag without a rule fails, and the message says what is missing."""
    with pytest.raises(AssertionError, match="a new command needs its expectation: gcloud run services list"):
        sorted_out(of_line("here", "gcloud run services list"))
    with pytest.raises(AssertionError, match=r"only a single command can be checked"):
        of_line("here", "gcloud run jobs delete thumbs | cat")
    with pytest.raises(AssertionError, match="NOT_SET: unbound variable"):
        of_line("here", 'gcloud run jobs delete "$NOT_SET"')


def test_a_command_inside_another_line_is_not_overlooked(tmp_path: Path) -> None:
    """A line of shell that hides gcloud behind another command fails, and a comment does not."""
    page = tmp_path / "page.md"
    page.write_text("```sh\nID=1  # not gcloud\nls # gcloud here\n```\n")
    assert [] == commands_of(page)
    page.write_text("```sh\nls && gcloud info\n```\n")
    with pytest.raises(AssertionError, match="begin the line with gcloud"):
        commands_of(page)


@pytest.mark.parametrize("targets", NEEDED)
def test_make_names_every_missing_variable_and_runs_nothing(targets: str, tmp_path: Path) -> None:
    """Without variables, make ends with 2, names each one that is missing, and starts no program."""
    started = tmp_path / "started"
    for program in ("gcloud", "docker"):
        (tmp_path / program).write_text(f"#!/bin/sh\ntouch {started}\n")
        (tmp_path / program).chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(
        ["make", *targets.split()], cwd=ROOT, env=env, check=False, capture_output=True, text=True, timeout=60
    )
    assert 2 == done.returncode
    assert f" Set {NEEDED[targets]} as well: add " in done.stderr
    assert "" == done.stdout
    assert not started.exists()


def test_make_names_only_what_is_missing() -> None:
    """A variable that is set, in the environment or as an argument, is not named."""
    needed = NEEDED["deploy"].split()
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", needed[0]: "a-project"}
    done = subprocess.run(
        ["make", "deploy", f"{needed[1]}=here"],
        cwd=ROOT,
        env=env,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert f" Set {' '.join(needed[2:])} as well: add " in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("IMAGE", "a b"), ("IMAGE", "My-Image"), ("IMAGE", "a/b"), ("TASKS", "0"), ("TASKS", "ten"), ("TASKS", "1 2")],
)
def test_make_refuses_what_cannot_be_a_name_or_a_number(name: str, value: str) -> None:
    """A name that no job can have, or a number that is none, is refused before anything runs."""
    settings = [f"{key}={value if key == name else given}" for key, given in NAMES.items()]
    done = subprocess.run(
        ["make", "-n", "deploy", *settings], cwd=ROOT, check=False, capture_output=True, text=True, timeout=60
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert f" {name} is '{value}'; it must be " in done.stderr


@pytest.mark.parametrize("given", ["PROJECT=p", "REGION=here", "PROJECT=p REGION=here REPOSITORY=r"])
def test_make_builds_no_image_with_a_part_of_an_address(given: str) -> None:
    """`make image` with some of the variables of an address names the missing ones, and without any it needs none."""
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(
        ["make", "-n", "image", *given.split()], cwd=ROOT, env=env, check=False, capture_output=True, text=True
    )
    assert 2 == done.returncode
    missing = [name for name in NEEDED["push"].split() if f"{name}=" not in given]
    assert f" Set {' '.join(missing)} as well: add " in done.stderr
    assert "--tag thumbrun:latest " in "".join(targets_of_make({}, "image"))


@pytest.mark.parametrize("container", ["docker", "podman"])
def test_make_pushes_to_the_repository_of_the_region(container: str) -> None:
    """`make push` pushes the image at its address in Artifact Registry, with the program that CONTAINER names."""
    address = "europe-north1-docker.pkg.dev/some-project/images/thumbnails:7"
    given = NAMES if container == "docker" else NAMES | {"CONTAINER": container}
    assert [f"{container} push {address}"] == targets_of_make(given, "push")


def test_make_help_lists_every_target() -> None:
    """`make help` has one line for each target that one can ask for, and each says something."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(" ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)).split())
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True)
    listed = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", shown.stdout, re.MULTILINE))
    assert targets == listed.keys()
    assert len(listed) == len(shown.stdout.splitlines())
