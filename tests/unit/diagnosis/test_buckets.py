"""Tests of what a diagnosis finds of buckets, against an emulator behind permissions, settings and refusals."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.guarded import ACCOUNT, TOKEN
from tests.unit.diagnosis.cloud import CREATOR, PHOTOS, THUMBS, VIEWER, CloudStorage, bad, found, impatient_with, of
from thumbrun.diagnosis import diagnose
from thumbrun.diagnosis.findings import Check, Finding, Level

SOURCE, OUTPUT = f"gs://{PHOTOS}/in", f"gs://{THUMBS}"
GRANT = f"gcloud storage buckets add-iam-policy-binding gs://{{}} --member=serviceAccount:{ACCOUNT} --role=roles/{{}}"
SETTINGS = {"location": "EUROPE-WEST1", "locationType": "region", "storageClass": "STANDARD"}


@pytest.fixture
def silent_store() -> Iterator[str]:
    """Return the address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def permissions(findings: list[Finding], bucket: str) -> dict[str, Finding]:
    """Return the findings of a bucket's permissions by their names."""
    own = [finding for finding in of(findings, Check.PERMISSION) if finding.about == f"gs://{bucket}/"]
    return {finding.what.partition(":")[0].removeprefix("storage.objects."): finding for finding in own}


async def test_with_the_least_roles_nothing_is_wrong(cloud: CloudStorage) -> None:
    """With the roles of docs/cloud-run.md all is ok, the account is named, and nothing is written."""
    before = cloud.objects()
    findings = await found(SOURCE, OUTPUT)
    assert [] == bad(findings)
    (credentials,) = of(findings, Check.CREDENTIALS)
    assert f"The key of a service account: {ACCOUNT}; GOOGLE_APPLICATION_CREDENTIALS names " in credentials.what
    assert {"list", "get"} == permissions(findings, PHOTOS).keys()
    assert {"list", "get", "create"} == permissions(findings, THUMBS).keys()
    assert "a request that needs it worked" in permissions(findings, PHOTOS)["get"].what
    assert "--write tries it" in permissions(findings, THUMBS)["create"].what
    assert before == cloud.objects()
    assert {"GET"} == {method for method, _ in cloud.guard.asked}


async def test_no_secret_is_in_any_finding(cloud: CloudStorage) -> None:
    """Neither the token nor the key is in a finding, not even if the store's answers repeat them."""
    cloud.refusal = (400, f"Bad header Authorization: Bearer {TOKEN}")
    findings = [*await found(SOURCE, OUTPUT), *await found(SOURCE, OUTPUT, user_project="other-project")]
    text = " ".join(" ".join(finding.to_record().values()) for finding in findings)
    assert "Bad header" in text
    assert TOKEN not in text
    assert "PRIVATE KEY" not in text


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize(
    ("bucket", "permission", "role"),
    [
        (PHOTOS, "list", "storage.objectViewer"),
        (PHOTOS, "get", "storage.objectViewer"),
        (THUMBS, "list", "storage.objectViewer"),
        (THUMBS, "get", "storage.objectViewer"),
        (THUMBS, "create", "storage.objectCreator"),
    ],
)
@pytest.mark.parametrize("write", [False, True])
async def test_a_permission_that_is_missing(
    cloud: CloudStorage, bucket: str, permission: str, role: str, write: bool
) -> None:
    """A missing permission is one error, with the command that grants its role to this account; all others are ok."""
    cloud.granted[bucket] -= {f"storage.objects.{permission}"}
    findings = await found(SOURCE, OUTPUT, write=write)
    (error,) = bad(findings)
    assert (Check.PERMISSION, Level.ERROR) == (error.check, error.level)
    assert error.what.startswith(f"storage.objects.{permission}: testIamPermissions says no; ")
    assert GRANT.format(bucket, role) == error.command


async def test_a_role_that_is_new_is_not_known_everywhere(cloud: CloudStorage) -> None:
    """If testIamPermissions says yes and a request is denied, that is an error, and the finding says to wait."""
    cloud.told[PHOTOS] = VIEWER
    cloud.granted[PHOTOS] = frozenset({"storage.objects.list"})
    (error,) = bad(await found(SOURCE, OUTPUT))
    assert "testIamPermissions says yes; a request that needs it was denied (" in error.what
    assert error.what.endswith("; a new role can take minutes to work")


async def test_a_role_on_a_folder_alone(cloud: CloudStorage) -> None:
    """If testIamPermissions says no and the request works, as with a role below a prefix, that is ok and said."""
    cloud.told[PHOTOS] = frozenset()
    findings = await found(SOURCE, OUTPUT)
    assert [] == bad(findings)
    assert "although testIamPermissions says no" in permissions(findings, PHOTOS)["get"].what


async def test_write_creates_one_object_in_each_bucket_that_is_written_to(cloud: CloudStorage) -> None:
    """With --write one object for each such bucket is created below the records, named, and marked as thumbrun's."""
    before = cloud.objects()
    findings = await found(SOURCE, OUTPUT, write=True, state=f"gs://{PHOTOS}/records")
    assert [Check.PERMISSION] == [finding.check for finding in bad(findings)]  # the least roles do not write there
    cloud.granted[PHOTOS] |= CREATOR
    findings = await found(SOURCE, OUTPUT, write=True, state=f"gs://{PHOTOS}/records")
    assert [] == bad(findings)
    told = [finding.what.partition("gs://")[2] for finding in of(findings, Check.WRITE)]
    made = cloud.objects() - before
    assert {f"{THUMBS}/_thumbrun/doctor", f"{PHOTOS}/records/doctor"} == {name.rpartition("/")[0] for name in told}
    assert set(told) < made
    assert {"doctor"} == {
        cloud.emulator.objects(name.partition("/")[0])[name.partition("/")[2]]["metadata"]["thumbrun-run"]
        for name in made
    }


async def test_one_bucket_for_all_is_asked_once(cloud: CloudStorage) -> None:
    """A bucket that is source and output has one section, with the permissions of both."""
    cloud.granted[PHOTOS] |= CREATOR
    findings = await found(SOURCE)
    assert [] == bad(findings)
    assert 3 == len(permissions(findings, PHOTOS)) == len(of(findings, Check.PERMISSION))
    (bucket,) = of(findings, Check.BUCKET)
    assert "images are read and thumbnails or records are written here" in bucket.what


async def test_only_an_output(cloud: CloudStorage) -> None:
    """An output alone is enough, and a bare word that is no folder here is a bucket."""
    findings = await found(output=THUMBS)
    assert [] == bad(findings)
    assert {f"gs://{THUMBS}/"} == {finding.about for finding in of(findings, Check.PERMISSION)}


async def test_a_source_of_one_image_and_an_empty_one(cloud: CloudStorage) -> None:
    """One image is a source; where nothing lies, that is a warning, and get is known by testIamPermissions only."""
    findings = await found(f"gs://{PHOTOS}/in/a.jpg", OUTPUT)
    assert [] == bad(findings)
    assert of(findings, Check.CONTENT)[0].what.startswith(f"gs://{PHOTOS}/in/a.jpg is there")
    findings = await found(f"gs://{PHOTOS}/nowhere", OUTPUT)
    (warning,) = bad(findings)
    assert (Check.CONTENT, Level.WARNING) == (warning.check, warning.level)
    assert f"gs://{PHOTOS}/nowhere/ is empty" == warning.what
    assert "testIamPermissions says yes; not tried" in permissions(findings, PHOTOS)["get"].what


async def test_a_bucket_that_does_not_exist_stops_no_other_check(cloud: CloudStorage) -> None:
    """A missing bucket is one error with what to check, and the other bucket is checked all the same."""
    findings = await found("gs://no-such-bucket/in", OUTPUT)
    (error,) = bad(findings)
    assert (Check.BUCKET, "gs://no-such-bucket/") == (error.check, error.about)
    assert "does not exist" in error.what
    assert "gcloud storage buckets create gs://no-such-bucket --location=REGION" == error.command
    assert 3 == len(permissions(findings, THUMBS))


@pytest.mark.parametrize(
    ("status", "message", "said", "mend"),
    [
        (
            400,
            "Bucket is a requester pays bucket but no user project provided.",
            "requester pays bucket",
            "set --user-project / THUMBRUN_USER_PROJECT to the project",
        ),
        (401, "Invalid Credentials", "Invalid Credentials", "check the credentials"),
        (403, "The billing account is disabled.", "was denied (gs://", "grant the role"),
        (403, "Request is prohibited by organization's policy.", "organization's policy", "service perimeter"),
        (429, "rateLimitExceeded", "HTTP status 429", "try again later"),
        (503, "Backend unavailable", "HTTP status 503", "try again later"),
    ],
)
async def test_what_a_store_refuses(cloud: CloudStorage, status: int, message: str, said: str, mend: str) -> None:
    """Whatever the store answers ends as errors of both buckets, each with what to check."""
    cloud.refusal = (status, message)
    errors = [finding for finding in bad(await found(SOURCE, OUTPUT)) if finding.level is Level.ERROR]
    assert {f"gs://{PHOTOS}/", f"gs://{THUMBS}/"} == {error.about for error in errors}
    for error in errors:
        assert said in error.what
        assert mend in error.mend


async def test_the_project_that_pays_is_sent_along(cloud: CloudStorage) -> None:
    """With a project that pays, each request to a bucket names it."""
    assert [] == bad(await found(SOURCE, OUTPUT, user_project="my-project"))
    assert all("userProject=my-project" in path for _, path in cloud.guard.asked)


async def test_a_store_that_never_answers(
    cloud: CloudStorage, silent_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that takes connections and never answers is one error within a bounded time; the rest is left out."""
    monkeypatch.setattr(diagnose, "in_time", impatient_with(silent_store))
    findings = await found(SOURCE, OUTPUT, endpoint=silent_store)
    error, *left_out = bad(findings)
    assert f"{silent_store} did not answer within 0.2 s" == error.what
    assert "check the network" in error.mend
    assert [(Level.WARNING, f"gs://{PHOTOS}/"), (Level.WARNING, f"gs://{THUMBS}/")] == [
        (finding.level, finding.about) for finding in left_out
    ]
    assert [Level.OK] == [finding.level for finding in of(findings, Check.CREDENTIALS)]


async def test_a_store_that_cannot_be_reached(cloud: CloudStorage) -> None:
    """An address at which nobody listens is one error, which names it."""
    error, *_ = bad(await found(SOURCE, OUTPUT, endpoint="http://127.0.0.1:9"))
    assert (Check.STORE, Level.ERROR) == (error.check, error.level)
    assert "http://127.0.0.1:9" in error.what


@pytest.mark.parametrize(
    ("own", "said", "command"),
    [
        ({"storageClass": "COLDLINE"}, "thumbnails would be COLDLINE", "--default-storage-class=STANDARD"),
        ({"retentionPolicy": {"retentionPeriod": "2592000"}}, "retention: nobody can delete or replace", ""),
        ({"defaultEventBasedHold": True}, "new objects are held", "--no-default-event-based-hold"),
        ({"billing": {"requesterPays": True}}, "requester pays", ""),
        ({"location": "US-EAST1"}, "It is in US-EAST1, and the images are in EUROPE-WEST1", ""),
    ],
)
async def test_settings_of_an_output_that_cost_or_surprise(
    cloud: CloudStorage, own: dict[str, Any], said: str, command: str
) -> None:
    """Each such setting of the output is a warning of its own, with the command that changes it if there is one."""
    cloud.settings = {PHOTOS: SETTINGS, THUMBS: SETTINGS | own}
    (warning,) = bad(await found(SOURCE, OUTPUT))
    assert (Check.BUCKET_SETTINGS, Level.WARNING, f"gs://{THUMBS}/") == (warning.check, warning.level, warning.about)
    assert said in warning.what
    assert (f"gcloud storage buckets update gs://{THUMBS} {command}" if command else "") == warning.command


async def test_settings_are_shown(cloud: CloudStorage) -> None:
    """One line shows region, class, retention, holds, who pays, folders and soft delete."""
    more = {"hierarchicalNamespace": {"enabled": True}, "softDeletePolicy": {"retentionDurationSeconds": "604800"}}
    cloud.settings = {PHOTOS: SETTINGS | more, THUMBS: SETTINGS}
    findings = await found(SOURCE, OUTPUT)
    assert [] == bad(findings)
    common = "EUROPE-WEST1 (region); STANDARD; no retention; no hold on new objects; the bucket's project pays; "
    assert [
        f"{common}hierarchical namespace; soft delete of 7 days",
        f"{common}flat namespace; soft delete unknown",
    ] == [finding.what for finding in of(findings, Check.BUCKET_SETTINGS)]


async def test_settings_that_this_account_may_not_read(cloud: CloudStorage) -> None:
    """The least roles may not read a bucket's settings; that is said, and is no problem."""
    settings = of(await found(SOURCE, OUTPUT), Check.BUCKET_SETTINGS)
    assert [Level.OK, Level.OK] == [finding.level for finding in settings]
    assert all("storage.buckets.get" in finding.what for finding in settings)


@pytest.mark.parametrize("own", [{"storageClass": "NEARLINE"}, {"autoclass": {"enabled": True}}])
async def test_reading_that_costs_is_not_done(cloud: CloudStorage, own: dict[str, Any]) -> None:
    """In a bucket with Autoclass no byte is read, because that would move the object; a cold source is a warning."""
    cloud.settings = {PHOTOS: SETTINGS | own, THUMBS: SETTINGS}
    (warning,) = bad(await found(SOURCE, OUTPUT))
    assert "read" in warning.what
    own_requests = [path for _, path in cloud.guard.asked if f"/{PHOTOS}/o/" in path]
    assert own_requests
    assert ("autoclass" not in own) == any("alt=media" in path for path in own_requests)


async def test_an_emulator_knows_no_permissions(cloud: CloudStorage) -> None:
    """An emulator needs no credentials, and what testIamPermissions would have told is a warning there."""
    findings = await found(SOURCE, OUTPUT, emulator=cloud.emulator.url)
    assert [] == cloud.guard.asked
    assert {"testIamPermissions says nothing"} == {
        finding.what.partition(": ")[2].partition(";")[0] for finding in bad(findings)
    }
    assert "None are needed" in of(findings, Check.CREDENTIALS)[0].what
