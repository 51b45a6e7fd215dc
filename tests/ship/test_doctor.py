"""Tests that the gcloud commands that `thumbrun doctor` shows do what they are shown for, with the installed gcloud."""

from pathlib import Path
from typing import Any

import pytest

from tests.ship import gcloud
from tests.ship.commands import of_line
from tests.ship.rules import DEFAULT_PROJECT
from tests.ship.test_gcloud import needs_gcloud, session
from thumbrun.diagnosis import subject
from thumbrun.diagnosis.bucket_settings import setting_findings
from thumbrun.diagnosis.buckets import missing_bucket
from thumbrun.diagnosis.findings import Check, Finding, Level
from thumbrun.diagnosis.machine import machine_findings
from thumbrun.diagnosis.permissions import CREATE, GET, LIST, Attempt, Permission, Tried, found_of
from thumbrun.diagnosis.subject import Place
from thumbrun.environment.machine import Machine
from thumbrun.storage.bucket_facts import BucketFacts
from thumbrun.storage.location import Location

BUCKET = "some-thumbnails"
PLACE = Place(Location("gs", BUCKET), None, (Location("gs", BUCKET),))
ACCOUNT = "serviceAccount:thumbs@some-project.iam.gserviceaccount.com"

pytestmark = [needs_gcloud, pytest.mark.ship, pytest.mark.timeout(300)]


@pytest.mark.parametrize("permission", [LIST, GET, CREATE])
def test_the_command_that_grants_a_role(permission: Permission, tmp_path: Path) -> None:
    """After the command, the account has the role on the bucket; gcloud itself keeps its other roles."""
    found = found_of(permission, PLACE, False, Attempt(Tried.DENIED), ACCOUNT)
    with session(tmp_path) as it:
        it.run(of_line("doctor", found.command))
        assert {(BUCKET, permission.role): {ACCOUNT}} == it.google.bindings


@pytest.mark.parametrize(
    ("facts", "sent"),
    [
        (BucketFacts(storage_class="COLDLINE", autoclass=False), {"storageClass": "STANDARD"}),
        (BucketFacts(storage_class="STANDARD", event_based_hold=True), {"defaultEventBasedHold": False}),
    ],
)
def test_the_commands_that_change_a_bucket(facts: BucketFacts, sent: dict[str, Any], tmp_path: Path) -> None:
    """The command of a warning changes that setting of the bucket, and no other."""
    (command,) = [finding.command for finding in setting_findings(PLACE, facts, None) if finding.command]
    with session(tmp_path) as it:
        it.google.buckets.add(BUCKET)
        ended = gcloud.run(of_line("doctor", command).argv, it.clone, it.env)
        assert 0 == ended.returncode, ended.stderr
        changed = [one for one in it.google.requests if one.method == "PATCH"]
        assert [(f"/storage/v1/b/{BUCKET}", {"name": BUCKET} | sent)] == [(one.path, one.body) for one in changed]


def test_the_command_that_gives_a_job_more_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command for a task of too little memory changes the memory of the job, in the region that one puts in."""
    monkeypatch.setattr(subject, "this_machine", lambda _: Machine(1, 128 << 20, is_limited=True))
    job = {"CLOUD_RUN_JOB": "thumbs"}
    (command,) = [one.command for one in machine_findings(subject.subject_of(job, {}), job) if one.command]
    with session(tmp_path) as it:
        it.google.has_job(DEFAULT_PROJECT, "europe-west1", "thumbs")
        it.run(of_line("doctor", command.replace("=REGION", "=europe-west1")))


def test_the_command_that_creates_a_bucket(tmp_path: Path) -> None:
    """The command for a bucket that does not exist creates it where its words say."""
    found = missing_bucket(PLACE, Finding(Check.BUCKET, PLACE.root.uri(), Level.ERROR, "it does not exist"))
    with session(tmp_path) as it:
        command = of_line("doctor", found.command.replace("=REGION", "=europe-west1"))
        ended = gcloud.run(command.argv, it.clone, it.env)
        assert 0 == ended.returncode, ended.stderr
        made = [one for one in it.google.requests if one.method == "POST"]
        assert [(BUCKET, "EUROPE-WEST1")] == [(one.body["name"], one.body["location"].upper()) for one in made]
